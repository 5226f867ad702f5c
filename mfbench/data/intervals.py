"""Prediction intervals of a forecast: how far forecasts that the model had not seen lay from what came.

Split-conformal, for each step ahead by itself (Vovk et al. 2005; Lei et al. 2018, "Distribution-free predictive
inference for regression"), with both tails apart. On rows like those that it was made from, the interval covers at
least what it promises; a series that changes promises nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from mfbench.core.structs import make_ready

Numbers = NDArray[np.float64]
MOST_SERIES = 500  # a manifest is read whole
ENOUGH = 40  # errors of one step ahead; with fewer, those of the steps around it are taken too


class Intervals(msgspec.Struct, frozen=True):
    """`offsets[h - 1]` are added to a forecast h steps ahead; a bound below `floor` is cut off there.

    `own` has the offsets of single series, by the text of the column `series`: one that is ten times as large errs ten
    times as much. Those with too few errors, and new ones, have those of all.
    """

    coverage: float
    rows: int
    offsets: list[tuple[float, float]]
    floor: float | None = None
    series: str | None = None
    own: dict[str, list[tuple[float, float]]] = {}


def make_intervals(
    target: Numbers,
    predicted: Numbers,
    ahead: NDArray[np.int64],
    horizon: int,
    coverage: float,
    floor: float | None,
    series: pl.Series | None = None,
) -> Intervals:
    """All (n,), of rows that the model was not fitted on; ahead: 1 to horizon; series: which one a row belongs to."""
    error, tail = target - predicted, (1 - coverage) / 2
    wanted = max(ENOUGH, int(np.ceil(1 / tail)))
    own = {}
    if series is not None:
        labels = series.cast(pl.String).fill_null("").to_numpy()
        for label in np.unique(labels)[:MOST_SERIES]:
            of = labels == label
            if of.sum() >= wanted:
                own[str(label)] = _offsets(error[of], ahead[of], horizon, tail, wanted)
    return Intervals(coverage=coverage, rows=len(error), offsets=_offsets(error, ahead, horizon, tail, wanted),
                     floor=floor, series=series.name if series is not None else None, own=own)  # fmt: skip


def _offsets(
    error: Numbers, ahead: NDArray[np.int64], horizon: int, tail: float, wanted: int
) -> list[tuple[float, float]]:
    """(low, high) quantiles of the errors of each step ahead."""
    offsets = []
    for step in range(1, horizon + 1):
        width = next((w for w in range(horizon) if (np.abs(ahead - step) <= w).sum() >= wanted), horizon)
        near = np.sort(error[np.abs(ahead - step) <= width])
        # One more than there are: the next value is equally likely to fall between any two of those seen.
        rank = int(np.floor((len(near) + 1) * tail))
        low, high = near[max(rank - 1, 0)], near[min(len(near) - rank, len(near) - 1)]
        offsets.append((float(low), float(high)))
    return offsets


def bounds(
    predicted: Numbers, ahead: Any, intervals: Intervals, series: pl.Series | None = None
) -> tuple[Numbers, Numbers]:
    """((n,) lower, (n,) upper) bounds of forecasts `ahead` (n,) steps, of these series."""
    step = np.asarray(ahead, dtype=np.int64) - 1
    offsets = np.asarray(intervals.offsets)[step]
    if series is not None and intervals.own:
        labels = series.cast(pl.String).fill_null("").to_numpy()
        for label in np.unique(labels):
            if label in intervals.own:
                of = labels == label
                offsets[of] = np.asarray(intervals.own[label])[step[of]]
    low, high = predicted + offsets[:, 0], predicted + offsets[:, 1]
    if intervals.floor is not None:
        low, high = np.maximum(low, intervals.floor), np.maximum(high, intervals.floor)
    return low, high


make_ready(Intervals)
