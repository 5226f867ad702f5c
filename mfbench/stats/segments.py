"""Where a model is weak: segments of one or two conditions in which its loss is higher, found and then confirmed.

Among thousands of segments some look bad by chance. So they are looked for in one half of the units, and the few that
stand out are tested in the other half, which had no part in choosing them, with Holm's correction for their number.
Rows of one unit may resemble each other: standard errors are by unit (cluster-robust).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mfbench.stats.conditions import Condition, plain
from mfbench.stats.contrast import contrast
from mfbench.stats.multiple import holm
from mfbench.stats.predicted import Numbers
from mfbench.stats.resampling import MIN_UNITS
from mfbench.stats.segment_search import Mask, Search, held_by

ROWS = 100_000  # of the first half at most are searched


@dataclass(frozen=True)
class WeakSegment:
    """rows, share: of all rows. The rest is of the confirming half alone, as the other half has chosen the segment:
    value and rest: mean loss in the segment and outside; difference with its interval (of this segment alone);
    p: one-sided, corrected by Holm. None where that half has too few of its units."""

    where: str
    rows: int
    share: float
    value: float | None
    rest: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float
    confirmed: bool


@dataclass(frozen=True)
class WeakSegments:
    """looked_at: how many segments were compared; found: those that stood out, confirmed ones first."""

    looked_at: int
    found: list[WeakSegment]


def find_weak(
    frame: pl.DataFrame,
    loss: Numbers,
    units: NDArray[Any],
    *,
    seed: int,
    min_share: float = 0.02,
    most: int = 10,
    confidence: float = 0.95,
    parts: dict[str, tuple[Condition, ...]] | None = None,
) -> WeakSegments:
    """frame: (n,) rows of columns by which people tell rows apart; loss: (n,) of each row, more is worse;
    units: (n,) codes of what is independent. A segment holds at least `min_share` of the searched rows
    and at most half of them; at most `most` are tested. The same seed gives the same halves.
    parts: is filled with the conditions of each segment found, by its `where`."""
    loss, safe = np.asarray(loss, dtype=np.float64), plain(frame)
    usable = np.isfinite(loss)
    codes = np.unique(units, return_inverse=True)[1]
    total = int(codes.max(initial=-1)) + 1
    order = np.random.default_rng(seed).permutation(total)
    first = np.isin(codes, order[: total // 2]) & usable
    second = np.isin(codes, order[total // 2 :]) & usable
    if min(total // 2, frame.width) < 1 or total // 2 < MIN_UNITS:
        return WeakSegments(0, [])
    searched = np.flatnonzero(first)
    if len(searched) > ROWS:  # whole units, in their random order
        rank = np.argsort(order)[codes[searched]]
        searched = np.sort(searched[np.argsort(rank, kind="stable")[:ROWS]])
    search = Search(safe[searched], frame.columns, loss[searched], codes[searched], min_share)
    chosen = search.strongest(most)
    if parts is not None:
        parts.update((_where(conditions), conditions) for conditions in chosen)
    return WeakSegments(search.looked_at, _confirmed(safe, chosen, loss, codes, second, 1 - confidence))


def _confirmed(
    frame: pl.DataFrame, chosen: list[tuple[Condition, ...]], loss: Numbers, codes: Any, second: Mask, level: float
) -> list[WeakSegment]:
    from scipy.special import stdtr, stdtrit

    held = [held_by(frame, parts) for parts in chosen]
    tests = [contrast(mask[second], loss[second], codes[second]) for mask in held]
    known = [test.freedom >= MIN_UNITS - 1 for test in tests]
    raw = [
        float(stdtr(test.freedom, -test.strength)) if ok and test.se > 0 else 1.0
        for test, ok in zip(tests, known, strict=True)
    ]
    found = []
    for parts, mask, test, ok, p in zip(chosen, held, tests, known, holm(raw), strict=True):
        where, rows, share = _where(parts), int(mask.sum()), float(mask.mean())
        if not ok:
            found.append(WeakSegment(where, rows, share, None, None, None, None, None, 1.0, False))
            continue
        reach = float(stdtrit(test.freedom, 1 - level / 2)) * test.se
        low, high = test.difference - reach, test.difference + reach
        found.append(WeakSegment(where, rows, share, test.value, test.rest, test.difference, low, high, float(p),
                                 bool(p <= level)))  # fmt: skip
    return sorted(found, key=lambda segment: (not segment.confirmed, segment.p))


def _where(parts: tuple[Condition, ...]) -> str:
    return " and ".join(part.where for part in parts)
