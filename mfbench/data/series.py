"""Time series on a grid of steps, and what is known of them at an origin. Shared by the backtest and by service."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import polars as pl

from mfbench.core.errors import FitError
from mfbench.core.text import did_you_mean, plural
from mfbench.data.grid import Step, infer_step, positions

NAIVE = "__naive__"
MOST_STEPS = 30_000_000
MOST_OFF = 0.05  # share of moments between the steps beyond which the series has no step


class History(msgspec.Struct, frozen=True, kw_only=True):
    """One series on its grid: known values (NaN where there is none) and row numbers (-1), both (n,)."""

    anchor: int
    values: Any
    rows: Any


def series_codes(frame: pl.DataFrame, series: str | None) -> tuple[Any, list[str]]:
    """((n,) int codes of the series, their names). Raises FitError for a column that is not there or has nulls."""
    if series is None:
        return np.zeros(frame.height, dtype=np.int64), ["the series"]
    key = ("forecast", "series")
    if series not in frame.columns:
        raise FitError(key, f"there is no column {series!r}", did_you_mean(series, frame.columns))
    values = frame[series].cast(pl.String)
    if values.null_count():
        raise FitError(key, f"{series!r} is null in {plural(values.null_count(), 'row')}: of which series are they?")
    labels = values.unique().sort()
    return values.rank("dense").to_numpy().astype(np.int64) - 1, [repr(label) for label in labels]


def on_grid(
    codes: Any, times: Any, target: Any, by: str, named: str | None, step: Step | None = None
) -> tuple[Step, dict[int, History], list[tuple[str, str]]]:
    """(the step, each series on its grid, what there is to tell)."""
    order = np.lexsort((times, codes))
    codes, times, target = codes[order], times[order], target[order]
    first = np.r_[True, codes[1:] != codes[:-1]]
    twice = int((~first[1:] & (np.diff(times) == 0)).sum())
    if twice:
        where = f" of one {named}" if named else ""
        message = f"{by!r} has {plural(twice, 'row')} at a moment{where} that has a row already"
        hint = "drop them" if named else 'several series in one table? name their column: forecast.series = "…"'
        raise FitError(("data", "split", "by") if named else ("forecast", "series"), message, hint)
    step = step or infer_step(times, first)
    if step is None:
        raise FitError(("data", "split", "by"), f"{by!r} has one moment in each series: there is nothing to forecast")
    anchors = times[np.flatnonzero(first)][np.cumsum(first) - 1]
    place, on = positions(times, anchors, step)
    told: list[tuple[str, str]] = []
    off = int((~on).sum())
    if off > MOST_OFF * len(times):
        message = f"{by!r} has no regular step: most moments are {step} apart, but {plural(off, 'row')} lie between"
        raise FitError(("data", "split", "by"), message, "bring the data to one step, such as the hour or the day")
    if off:
        told.append((f"left out {plural(off, 'row')} of {by} that lie between the steps of {step}", "warning"))
    steps = int(place[np.r_[first[1:], True]].sum())
    if steps > MOST_STEPS:
        message = f"steps of {step} over the whole time of {by!r} are {steps:,}: too many"
        raise FitError(("data", "split", "by"), message, "bring the data to larger steps")
    series = {}
    for begin, end in zip(np.flatnonzero(first), np.r_[np.flatnonzero(first)[1:], len(codes)], strict=True):
        inside = np.arange(begin, end)[on[begin:end]]
        series[int(codes[begin])] = history(int(anchors[begin]), place[inside], target[inside], order[inside])
    missing = sum(len(past.values) - int((past.rows >= 0).sum()) for past in series.values())
    if missing:
        told.append((f"{plural(missing, 'step')} of {step} have no value: what is made of them is missing", "info"))
    return step, series, told


def history(anchor: int, place: Any, target: Any, rows: Any) -> History:
    """Values and row numbers at their steps."""
    length = int(place.max()) + 1
    values, numbers = np.full(length, np.nan), np.full(length, -1, dtype=np.int64)
    values[place], numbers[place] = target, rows
    return History(anchor=anchor, values=values, rows=numbers)


def made_of_past(values: Any, origin: Any, ahead: Any, lags: tuple[int, ...], season: int) -> dict[str, Any]:
    """`lag_k` and NAIVE of forecasts made at steps `origin`, `ahead` steps on; nothing after an origin is looked at.

    Where a season ago is not known, the season before it is taken (three times), then the last known value.
    """
    made = {}
    for lag in lags:
        back = origin - lag + 1
        made[f"lag_{lag}"] = np.where(back >= 0, values[np.maximum(back, 0)], np.nan)
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))[origin]
    naive = np.full(len(origin), np.nan)
    at = origin + ahead - -(-ahead // season) * season
    for _ in range(4):
        take = np.isnan(naive) & (at >= 0)
        naive[take] = values[at[take]]
        at = at - season
    made[NAIVE] = np.where(np.isnan(naive) & (last >= 0), values[np.maximum(last, 0)], naive)
    return made
