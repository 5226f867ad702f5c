"""Series as forecasts: what is made of the past is only of the past, and service makes the same rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from mfbench.core.errors import FitError, UsageError
from mfbench.data.forecast import HORIZON, SCALE, Forecasts, expand
from mfbench.data.future import Settings, forecast_rows
from mfbench.data.grid import infer_step, moments_at, positions
from mfbench.data.intervals import bounds, make_intervals
from mfbench.data.series import NAIVE
from mfbench.data.split import split_rows
from mfbench.data.target import TARGET
from mfbench.data.units import ORIGIN
from mfbench.recipe.schema import Forecast, Split

START = datetime(2024, 1, 1)
SPLIT = Split(by="at", test=0.2)
FORECAST = Forecast(horizon=3, season=4, lags=(1, 2, 5))


def series(length: int, **columns: Any) -> pl.DataFrame:
    """Hours whose value is their number."""
    at = [START + timedelta(hours=i) for i in range(length)]
    values = [float(i) for i in range(length)]
    return pl.DataFrame({"at": at, "sales": values, TARGET: values, **columns})


def hours(moments: pl.Series) -> np.ndarray[Any, Any]:
    return ((moments - START).dt.total_seconds() // 3600).to_numpy()


def expanded(frame: pl.DataFrame, forecast: Forecast = FORECAST, split: Split = SPLIT) -> Forecasts:
    return expand(frame, forecast, split)


def test_every_value_is_of_the_right_moment() -> None:
    frame = expanded(series(40)).frame
    origin, at = hours(frame[ORIGIN]), hours(frame["at"])
    assert (at - origin == frame["horizon"].to_numpy()).all()
    assert (frame[HORIZON] == frame["horizon"]).all()
    assert (frame[TARGET].to_numpy() == at).all()
    for lag in (1, 2, 5):
        assert (frame[f"lag_{lag}"].to_numpy() == origin - lag + 1).all()
    assert (frame["seasonal"].to_numpy() == at - 4).all(), "the season before is known up to four ahead"
    assert (frame[NAIVE] == frame["seasonal"]).all()
    assert (frame[SCALE] == 4.0).all()


def test_beyond_a_season_the_one_before_is_taken() -> None:
    frame = expanded(series(60), Forecast(horizon=10, season=4, lags=(1,))).frame
    assert (frame["seasonal"].to_numpy() <= hours(frame[ORIGIN])).all()
    assert ((hours(frame["at"]) - frame["seasonal"].to_numpy()) % 4 == 0).all()


def test_origins_count_back_from_the_end() -> None:
    frame = expanded(series(40)).frame
    assert hours(frame[ORIGIN].unique().sort())[[0, -1]].tolist() == [6, 36]
    assert len(expanded(series(40), Forecast(horizon=3, season=4, lags=(5,), stride=1)).frame) == 3 * 33


def test_without_a_season_the_last_value_is_the_naive_forecast() -> None:
    found = expanded(series(40), Forecast(horizon=2))
    assert (found.frame[NAIVE] == found.frame["lag_1"]).all()
    assert "seasonal" not in found.frame.columns
    assert found.settings["lags"] == [1, 2, 3]


def test_nothing_after_the_origin_enters() -> None:
    frame = series(60)
    changed = frame.with_columns(pl.when(pl.arange(60) > 30).then(-1e6).otherwise(TARGET).alias(TARGET))
    a, b = (expanded(table).frame.filter(pl.col(ORIGIN) <= START + timedelta(hours=30)) for table in (frame, changed))
    made = ["lag_1", "lag_2", "lag_5", "seasonal", NAIVE, "horizon"]
    assert a.height > 0
    assert a.select(made).equals(b.select(made))


def test_missing_steps_are_missing_and_told() -> None:
    frame = series(60).filter(~pl.col("sales").is_in([20.0, 21.0, 30.0]))
    found = expanded(frame, Forecast(horizon=3, season=4, lags=(1, 2), stride=1))
    assert ("3 steps of 1h have no value: what is made of them is missing", "info") in found.told
    rows = found.frame.with_columns(pl.Series("o", hours(found.frame[ORIGIN])))
    assert rows.filter(pl.col("o") == 21)["lag_1"].is_null().all()
    assert rows.filter(pl.col("o") == 22)["lag_2"].is_null().all()
    assert not rows["sales"].is_in([20.0, 21.0, 30.0]).any()
    assert rows[NAIVE].is_finite().all()
    assert rows.filter((pl.col("o") == 23) & (pl.col("horizon") == 1))[NAIVE].to_list() == [16.0], "20 is not there"


def test_the_scale_is_that_of_the_training_time() -> None:
    values = np.where(np.arange(100) < 60, np.arange(100) % 7, 1000.0 * np.arange(100))
    frame = series(100).with_columns(pl.Series(TARGET, values))
    found = expanded(frame, Forecast(horizon=1, season=4, lags=(1,)), Split(by="at", test="45h")).frame
    assert found[SCALE].unique().to_list() == [pytest.approx(np.abs(values[4:55] - values[:51]).mean())]


def test_each_series_by_itself() -> None:
    a, b = series(40, shop=["a"] * 40), series(30, shop=["b"] * 30).with_columns(pl.col(TARGET) + 1000)
    both = pl.concat([a, b]).sample(fraction=1, shuffle=True, seed=0)
    forecast = Forecast(horizon=3, season=4, lags=(1, 2, 5), series="shop")
    found = expanded(both, forecast).frame
    for shop, alone in (("a", a), ("b", b)):
        mine = found.filter(pl.col("shop") == shop)
        assert mine.drop(SCALE).equals(expanded(alone, forecast).frame.drop(SCALE))
    short = pl.concat([a, series(5, shop=["new"] * 5)])
    assert ("left out 1 of 2 series, too short: such as 'new'", "warning") in expanded(short, forecast).told


def test_the_split_never_learns_from_what_is_tested() -> None:
    frame = expanded(series(100), Forecast(horizon=6, season=4, lags=(1,), stride=1)).frame
    part = split_rows(frame, SPLIT, "forecasting", 0)
    train, test = frame.filter(part == "train"), frame.filter(part == "test")
    assert train["at"].max() <= test[ORIGIN].min()  # type: ignore[operator]
    assert (part == "gap").sum() > 0


@pytest.mark.parametrize(
    ("dates", "step"),
    [
        ([date(2024, 1, 1) + timedelta(days=7 * i) for i in range(30)], "1w"),
        ([date(2023 + i // 12, 1 + i % 12, 1) for i in range(30)], "1 month"),
        ([date(2023 + (i + 1) // 12, 1 + (i + 1) % 12, 1) - timedelta(days=1) for i in range(30)], "1 month"),
        ([date(2010 + i // 4, 1 + 3 * (i % 4), 15) for i in range(30)], "3 months"),
        ([date(1990 + i, 12, 31) for i in range(30)], "12 months"),
        ([datetime(2024, 1, 1) + timedelta(minutes=15 * i) for i in range(30)], "15m"),
    ],
)
def test_steps_of_the_calendar(dates: list[Any], step: str) -> None:
    frame = pl.DataFrame({"at": dates, TARGET: [float(i) for i in range(30)]})
    found = expanded(frame)
    assert f"in steps of {step}," in found.told[-1][0]
    by = dict(zip(frame["at"].cast(pl.Datetime("us")), frame[TARGET], strict=True))
    assert [by[origin] for origin in found.frame[ORIGIN]] == found.frame["lag_1"].to_list()


def test_positions_and_moments_are_inverse() -> None:
    times = np.array([START.timestamp() * 1e6 + i * 3.6e9 for i in range(0, 50, 7)], dtype=np.int64)
    step = infer_step(times, np.r_[True, [False] * 7])
    assert step is not None
    place, on = positions(times + 1, np.full(8, times[0]), step)
    assert not on.any()
    place, on = positions(times, np.full(8, times[0]), step)
    assert on.all()
    assert (moments_at(place, np.full(8, times[0]), step) == times).all()


@pytest.mark.parametrize(
    ("frame", "forecast", "key", "says"),
    [
        (series(6), FORECAST, ("forecast", "horizon"), "5 steps of history and 3 ahead; found 6"),
        (pl.concat([series(40), series(40)]), FORECAST, ("forecast", "series"), "40 rows at a moment"),
        (series(40, lag_1=[0] * 40), FORECAST, ("data", "source"), "a column 'lag_1'"),
        (series(40), Forecast(series="shop"), ("forecast", "series"), "no column 'shop'"),
        (series(1), FORECAST, ("data", "split", "by"), "one moment"),
        (series(40).with_columns(at=pl.col("at") + pl.duration(minutes=pl.arange(40) % 3)), FORECAST,
         ("data", "split", "by"), "no regular step"),
        (series(40).with_columns(at=pl.lit("soon")), FORECAST, ("data", "split", "by"), "expected a date"),
    ],
)  # fmt: skip
def test_a_series_that_cannot_be_forecast(frame: pl.DataFrame, forecast: Forecast, key: Any, says: str) -> None:
    with pytest.raises(FitError, match=says) as caught:
        expanded(frame, forecast)
    assert caught.value.key == key


def served(found: Forecasts, **changes: Any) -> Settings:
    return msgspec.convert({**found.settings, "target": "sales", **changes}, Settings)


def test_service_makes_the_rows_of_the_backtest() -> None:
    frame = series(60, holiday=[i % 5 for i in range(60)])
    found = expanded(frame)
    settings = served(found, covariates=["holiday"])
    last = found.frame.filter(pl.col(ORIGIN) == found.frame[ORIGIN].max())
    history = frame.drop(TARGET).with_columns(pl.when(pl.arange(60) < 57).then("sales").alias("sales"))
    made = forecast_rows(history.sample(fraction=1, shuffle=True, seed=0), settings)
    assert made.equals(last.select(made.columns))
    text = history.with_columns(pl.col("at").dt.strftime("%Y-%m-%d %H:%M:%S"))
    assert forecast_rows(text, settings).equals(made)
    with pytest.raises(UsageError, match="lacks the rows of 3 of the 3 steps ahead, from 2024-01-03 09:00") as caught:
        forecast_rows(history.head(57), settings)
    assert "holiday" in str(caught.value.hint)


def test_what_lies_ahead_is_made_where_nothing_has_to_be_known() -> None:
    rows = forecast_rows(series(50).drop(TARGET), served(expanded(series(60))))
    assert hours(rows["at"]).tolist() == [50, 51, 52]
    assert rows["lag_1"].to_list() == [49.0] * 3
    assert rows["seasonal"].to_list() == [46.0, 47.0, 48.0]


@pytest.mark.parametrize(
    ("history", "says"),
    [
        (series(60).drop(TARGET, "at"), "lacks the column 'at'"),
        (series(60).drop(TARGET, "sales"), "no numbers for the target, 'sales'"),
        (series(3).drop(TARGET), "3 steps of history; this model needs 5"),
        (series(60).drop(TARGET).with_columns(sales=pl.lit(None, dtype=pl.Float64)), "0 steps of history"),
        (series(60).drop(TARGET).clear(), "no rows"),
        (pl.concat([series(60), series(60)]).drop(TARGET), "60 rows at a moment"),
    ],
)
def test_a_history_that_does_not_do(history: pl.DataFrame, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        forecast_rows(history, served(expanded(series(60))))


def test_intervals_cover_what_they_promise() -> None:
    random = np.random.default_rng(3)
    covered = []
    for _ in range(40):
        ahead = np.tile(np.arange(1, 5), 120)
        error = random.normal(size=480) * ahead + random.exponential(size=480)
        table = make_intervals(10 + error, np.full(480, 10.0), ahead, 4, 0.9, None)
        new = np.tile(np.arange(1, 5), 500)
        low, high = bounds(np.full(2000, 10.0), new, table)
        truth = 10 + random.normal(size=2000) * new + random.exponential(size=2000)
        covered.append([((truth >= low) & (truth <= high))[new == step].mean() for step in range(1, 5)])
    assert np.mean(covered, axis=0) == pytest.approx([0.9] * 4, abs=0.025)


def test_few_errors_of_a_step_borrow_from_those_around() -> None:
    ahead = np.tile(np.arange(1, 25), 10)
    error = np.random.default_rng(0).normal(size=240)
    table = make_intervals(error, np.zeros(240), ahead, 24, 0.9, 0.0)
    assert all(low < -1 and high > 1 for low, high in table.offsets)
    low, _ = bounds(np.full(24, 0.5), np.arange(1, 25), table)
    assert (low == 0).all(), "a count is not below zero"


def test_each_series_has_the_intervals_of_its_own_errors() -> None:
    random = np.random.default_rng(4)
    names = np.repeat(["small", "large", "rare"], [600, 600, 6])
    spread = np.repeat([1.0, 10.0, 1.0], [600, 600, 6])
    ahead = np.tile(np.arange(1, 4), 402)
    table = make_intervals(
        random.normal(size=1206) * spread, np.zeros(1206), ahead, 3, 0.9, None, pl.Series("site", names)
    )
    assert (table.series, sorted(table.own)) == ("site", ["large", "small"])
    for name, size in (("small", 1.0), ("large", 10.0)):
        low, high = bounds(np.zeros(6000), np.tile([1, 2, 3], 2000), table, pl.Series([name] * 6000))
        truth = random.normal(size=6000) * size
        assert ((truth >= low) & (truth <= high)).mean() == pytest.approx(0.9, abs=0.04)
    pooled = bounds(np.zeros(3), [1, 2, 3], table)
    for unknown in ("rare", "new", None):
        mine = bounds(np.zeros(3), [1, 2, 3], table, pl.Series([unknown] * 3, dtype=pl.String))
        assert np.array_equal(mine, pooled)
