"""A series as forecasts: one row for each series, origin and step ahead, with what was known at the origin.

The rolling-origin backtest and what a model sees in service are made by the same code. Of the target only values up to
the origin enter: `lag_1` is the value at the origin, `lag_2` the one before; `seasonal` is the last known value whole
seasons before the moment that is forecast. The other columns of a row are those of that moment itself: they have to be
known in advance, so they are features only where the recipe names them.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import msgspec
import numpy as np
import polars as pl

from mfbench.core.errors import FitError
from mfbench.core.text import plural
from mfbench.data.grid import Step, moments_at, positions
from mfbench.data.series import NAIVE, History, made_of_past, on_grid, series_codes
from mfbench.data.split import border_of, time_column
from mfbench.data.target import TARGET
from mfbench.data.units import ORIGIN
from mfbench.recipe.schema import Data, Forecast, Split

HORIZON, SCALE = "__horizon__", "__scale__"
STEPS_AHEAD, SEASONAL = "horizon", "seasonal"
MOST_ROWS = 30_000_000


class Forecasts(msgspec.Struct, frozen=True, kw_only=True):
    """`settings` is what a bundle needs to make such rows of a history again; `told` are (text, level) for the log."""

    frame: pl.DataFrame
    settings: dict[str, Any]
    told: list[tuple[str, str]]


def expand(frame: pl.DataFrame, forecast: Forecast, split: Split) -> Forecasts:
    """The rows with a target (TARGET) as forecasts: the columns of each forecast moment, and what is made of the past.

    Origins are `stride` steps apart, counted back from the last full horizon of each series. Service columns: ORIGIN,
    HORIZON (step ahead), NAIVE (the seasonal naive forecast), SCALE (the in-sample error of the seasonal naive before
    the test, by which MASE divides: Hyndman & Koehler 2006).
    Raises FitError for a series that has no step, two values at one moment, or too little history.
    """
    by, made = str(split.by), made_columns(forecast)
    times = time_column(frame, split).cast(pl.Datetime("us")).to_physical().to_numpy()
    clash = next((name for name in (*made, ORIGIN, HORIZON, NAIVE, SCALE) if name in frame.columns), None)
    if clash is not None:
        message = f"the data has a column {clash!r}, a name that a forecast needs"
        raise FitError(("data", "source"), message, "rename it")
    codes, labels = series_codes(frame, forecast.series)
    step, series, told = on_grid(codes, times, frame[TARGET].to_numpy(), by, forecast.series)
    lags, season = lags_of(forecast), forecast.season or 1
    need, stride = max(lags[-1], season), forecast.stride or forecast.horizon
    ready = _long_enough(series, labels, need, forecast.horizon, told)
    rows = sum((len(past.values) - need - forecast.horizon) // stride + 1 for past in ready.values()) * forecast.horizon
    if rows > MOST_ROWS:
        raise FitError(("forecast", "stride"), f"the backtest would have {rows:,} rows", "set a larger stride")
    parts = [_backtest(past, need, forecast.horizon, stride, lags, season, step) for past in ready.values()]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    out = _assembled(frame, columns, made)
    scale = _scales(ready, out, split, season, step)
    lengths = [len(part["row"]) for part in parts]
    out = out.with_columns(pl.Series(SCALE, np.repeat(scale, lengths)))
    told.append((_summary(out, forecast, step, len(ready)), "info"))
    settings = {
        "by": by, "series": forecast.series, "horizon": forecast.horizon, "season": forecast.season,
        "lags": list(lags), "step": msgspec.to_builtins(step), "coverage": forecast.coverage,
    }  # fmt: skip
    return Forecasts(frame=out, settings=settings, told=told)


def _long_enough(
    series: dict[int, History], labels: list[str], need: int, horizon: int, told: list[tuple[str, str]]
) -> dict[int, History]:
    """The series that have an origin with enough before and after it."""
    ready = {code: past for code, past in series.items() if len(past.values) >= need + horizon}
    if not ready:
        longest = max(len(past.values) for past in series.values())
        message = f"a forecast needs {need:,} steps of history and {horizon:,} ahead; found {longest:,} steps"
        raise FitError(("forecast", "horizon"), message, "shorten horizon, season or lags")
    short = [labels[code] for code in series if code not in ready]
    if short:
        told.append((f"left out {len(short):,} of {len(series):,} series, too short: such as {short[0]}", "warning"))
    return ready


def lags_of(forecast: Forecast) -> tuple[int, ...]:
    """The recipe's, else the last values of one season or horizon: three at least, 24 at most."""
    return forecast.lags or tuple(range(1, min(max(forecast.season or forecast.horizon, 3), 24) + 1))


def made_columns(forecast: Forecast) -> list[str]:
    """The feature columns that are made of the past."""
    seasonal = [SEASONAL] if forecast.season else []
    return [*(f"lag_{lag}" for lag in lags_of(forecast)), *seasonal, STEPS_AHEAD]


def known_in_advance(data: Data, columns: list[str]) -> Data:
    """The recipe's [data] with `use` for a forecast: what is made of the past, the calendar, and what is named.

    An undecided "*" stands for no raw column: the weather of tomorrow is not known today.
    """
    named = tuple(pattern for pattern in data.use if pattern != "*")
    ours = [name for name in columns if name.startswith("lag_") or name in (SEASONAL, STEPS_AHEAD)]
    ours = [name for name in [str(data.split.by), *ours] if not any(fnmatchcase(name, item) for item in data.exclude)]
    return msgspec.structs.replace(data, use=(*named, *(name for name in ours if name not in named)))


def _backtest(
    past: History, need: int, horizon: int, stride: int, lags: tuple[int, ...], season: int, step: Step
) -> dict[str, Any]:
    origins = np.arange(len(past.values) - 1 - horizon, need - 2, -stride)[::-1]
    ahead = np.tile(np.arange(1, horizon + 1), len(origins))
    origin = np.repeat(origins, horizon)
    there = past.rows[origin + ahead] >= 0
    origin, ahead = origin[there], ahead[there]
    made = made_of_past(past.values, origin, ahead, lags, season)
    anchors = np.full(len(origin), past.anchor)
    return {"row": past.rows[origin + ahead], ORIGIN: moments_at(origin, anchors, step), HORIZON: ahead, **made}


def _assembled(frame: pl.DataFrame, columns: dict[str, Any], made: list[str]) -> pl.DataFrame:
    """The raw rows of the forecast moments beside what is made of the past."""
    origin = pl.Series(ORIGIN, columns[ORIGIN], dtype=pl.Int64).cast(pl.Datetime("us"))
    new = {name: pl.Series(name, columns[name]).fill_nan(None) for name in made if name.startswith("lag_")}
    naive = pl.Series(NAIVE, columns[NAIVE])
    if SEASONAL in made:
        new[SEASONAL] = naive.alias(SEASONAL).fill_nan(None)
    new[STEPS_AHEAD] = pl.Series(STEPS_AHEAD, columns[HORIZON], dtype=pl.Int64)
    service = [origin, new[STEPS_AHEAD].alias(HORIZON), naive]
    rows: pl.DataFrame = frame[columns["row"]]
    return rows.hstack([*new.values(), *service])


def _scales(series: dict[int, History], out: pl.DataFrame, split: Split, season: int, step: Step) -> Any:
    """The mean error of the seasonal naive up to the border, for each series; where there is none, the others' mean."""
    border = border_of(out[str(split.by)].cast(pl.Datetime("us")), split)[0]
    limit = int(pl.Series([border], dtype=pl.Datetime("us")).to_physical()[0])
    scales = []
    for past in series.values():
        place, _ = positions(np.array([limit]), np.array([past.anchor]), step)
        known = past.values[: max(int(place[0]) + 1, 0)]
        error = np.abs(known[season:] - known[:-season])
        scales.append(float(np.nanmean(error)) if np.isfinite(error).any() else np.nan)
    found = np.where(np.array(scales) > 0, scales, np.nan)
    return np.where(np.isnan(found), np.nanmean(found) if np.isfinite(found).any() else np.nan, found)


def _summary(out: pl.DataFrame, forecast: Forecast, step: Step, series: int) -> str:
    origins = plural(out[ORIGIN].n_unique(), "origin")
    of = f" of {series:,} series" if series > 1 else ""
    return f"{plural(out.height, 'forecast')}{of}: {forecast.horizon} ahead in steps of {step}, from {origins}"
