"""Weak segments: a planted one is found and named, chance is not, clustered rows included."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from mfbench.stats.contrast import contrast
from mfbench.stats.segments import find_weak


def flights(rows: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "origin": rng.choice(["EWR", "JFK", "LGA"], rows),
            "hour": rng.integers(5, 24, rows),
            "distance": np.where(rng.random(rows) < 0.1, np.nan, rng.gamma(3, 300, rows)),
            "flag": rng.random(rows) < 0.3,
        }
    )


def test_a_planted_segment_is_found_and_named() -> None:
    frame, rng = flights(8000, 1), np.random.default_rng(2)
    weak = ((frame["origin"] == "EWR") & (frame["hour"] < 9)).to_numpy()
    loss = rng.exponential(1 + 0.8 * weak)
    found = find_weak(frame, loss, np.arange(8000), seed=0)
    assert found.looked_at > 300
    first = found.found[0]
    assert first.where == "origin = EWR and hour < 9"
    assert first.confirmed
    assert (first.rows, first.share) == (weak.sum(), pytest.approx(weak.mean()))
    assert first.low < 0.8 < first.high  # type: ignore[operator]
    assert first.difference == pytest.approx(first.value - first.rest)  # type: ignore[operator]
    # What contains it, or lies within it, is not told again.
    assert not any(other.confirmed for other in found.found[1:])
    assert find_weak(frame, loss, np.arange(8000), seed=0) == found


@pytest.mark.parametrize(
    ("where", "which"),
    [
        ("distance is missing", pl.col("distance").is_nan()),
        ("flag = true", pl.col("flag")),
        ("hour >= 20", pl.col("hour") >= 20),
    ],
)
def test_single_conditions_are_told_as_such(where: str, which: pl.Expr) -> None:
    frame, rng = flights(6000, 3), np.random.default_rng(4)
    weak = frame.select(which).to_series().to_numpy()
    found = find_weak(frame, rng.exponential(1 + 1.0 * weak), np.arange(6000), seed=1).found
    assert found[0].confirmed
    assert " and " not in found[0].where
    assert found[0].where.split(" ")[0] == where.split(" ")[0]
    if "hour" not in where:
        assert found[0].where == where


def test_chance_is_seldom_confirmed() -> None:
    confirmed = 0
    for seed in range(30):
        frame, rng = flights(1200, 100 + seed), np.random.default_rng(seed)
        found = find_weak(frame, rng.exponential(size=1200), np.arange(1200), seed=seed)
        confirmed += any(segment.confirmed for segment in found.found)
    assert confirmed <= 5  # 5 % of 30, and chance


def clustered(seed: int) -> tuple[pl.DataFrame, Any, Any]:
    """Days that are good or bad as a whole, and a column that is one value a day: the weather."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(60), 20)
    frame = flights(1200, seed).with_columns(temp=pl.Series(rng.normal(size=60)[day]))
    return frame, rng.exponential(size=1200) + rng.normal(size=60)[day], day


def test_neither_where_days_are_alike() -> None:
    by_day = by_row = 0
    for seed in range(30):
        frame, loss, day = clustered(seed)
        by_day += any(segment.confirmed for segment in find_weak(frame, loss, day, seed=seed).found)
        if seed < 8:
            by_row += any(segment.confirmed for segment in find_weak(frame, loss, np.arange(1200), seed=seed).found)
    assert by_day <= 5  # 5 % of 30, and chance
    assert by_row >= 6  # the same rows, taken for independent


def test_the_contrast_of_independent_rows_is_welchs() -> None:
    rng = np.random.default_rng(5)
    loss, mask = rng.exponential(size=3000), rng.random(3000) < 0.3
    found = contrast(mask, loss, np.arange(3000))
    expected = stats.ttest_ind(loss[mask], loss[~mask], equal_var=False)
    assert found.strength == pytest.approx(expected.statistic, rel=1e-3)
    twice = contrast(np.repeat(mask, 2), np.repeat(loss, 2), np.repeat(np.arange(3000), 2))
    assert twice.strength == pytest.approx(found.strength)


def test_hostile_columns() -> None:
    rng, rows = np.random.default_rng(6), 900
    weak = rng.random(rows) < 0.3
    frame = pl.DataFrame(
        {
            "^.*$": np.where(weak, "bad\x1b[31m\n<b>" + "x" * 200, "good"),
            "nothing": [None] * rows,
            "text": pl.Series([None] * rows, dtype=pl.String),
            "one": [1.0] * rows,
            "list": [[1]] * rows,
            "nan": [float("nan")] * rows,
            "inf": rng.choice([-np.inf, 0.0, np.inf], rows),
            "big": rng.integers(2**62, 2**63 - 1, rows),
            "when": [dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=i) for i in range(rows)],
            "date": [dt.date(2024, 1, 1) + dt.timedelta(days=i % 40) for i in range(rows)],
            "span": [dt.timedelta(minutes=i % 50) for i in range(rows)],
            "time": [dt.time(i % 24, i % 60) for i in range(rows)],
            "kind": pl.Series(rng.choice(["a", "b"], rows), dtype=pl.Categorical),
            "money": pl.Series(rng.integers(0, 900, rows)).cast(pl.Decimal(12, 2)),
            "id": [f"id{i}" for i in range(rows)],
        }
    )
    found = find_weak(frame, rng.exponential(1 + weak), np.arange(rows), seed=0)
    first = found.found[0]
    assert first.confirmed
    assert first.where.startswith("^.*$ = ")
    assert first.where.isprintable()
    assert len(first.where) < 200
    assert not any("id = " in segment.where or "one" in segment.where for segment in found.found)


def test_times_are_told_as_times() -> None:
    rng, rows = np.random.default_rng(6), 2000
    when = [dt.date(2024, 1, 1) + dt.timedelta(days=i % 50) for i in range(rows)]
    weak = np.array([day < dt.date(2024, 1, 16) for day in when])
    [first, *_] = find_weak(pl.DataFrame({"day": when}), rng.exponential(1 + 2 * weak), np.arange(rows), seed=0).found
    assert first.where == "day < 2024-01-16"


@pytest.mark.parametrize("rows", [0, 1, 15])
def test_too_little_to_look_at(rows: int) -> None:
    found = find_weak(flights(rows, 0), np.ones(rows), np.arange(rows), seed=0)
    assert (found.looked_at, found.found) == (0, [])
    assert find_weak(pl.DataFrame(), np.zeros(0), np.zeros(0), seed=0).found == []


@pytest.mark.filterwarnings("error")
def test_a_constant_loss_has_no_weak_segment_and_unknown_losses_are_left_out() -> None:
    frame = flights(600, 0)
    assert find_weak(frame, np.ones(600), np.arange(600), seed=0).found == []
    loss = np.random.default_rng(0).exponential(size=600)
    loss[:20] = np.nan
    assert all(np.isfinite(segment.p) for segment in find_weak(frame, loss, np.arange(600), seed=0).found)


def test_where_most_rows_are_weak_they_are_no_segment() -> None:
    """A tenth is better than the rest: the others are not told as a weakness."""
    frame, rng = flights(6000, 8), np.random.default_rng(9)
    usual = (frame["hour"] >= 7).to_numpy()
    found = find_weak(frame, rng.exponential(1 + 0.8 * usual), np.arange(6000), seed=0).found
    assert found
    assert max(segment.share for segment in found) < 0.52  # half of the searched rows
