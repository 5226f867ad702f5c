"""How large: each column of a window beside the reference's, in numbers and bars that a person can read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mfbench.drift.counts import MOST_NEW, ColumnCounts, Counts
from mfbench.drift.findings import Difference
from mfbench.drift.labels import bar_labels
from mfbench.drift.profile import FEW, VALUES, Column, Profile
from mfbench.stats import twosample

EXPECTED = 10  # rows that a value would have in the window, so that its absence is told
_TOLD = 20  # new and vanished values at most


def describe(profile: Profile, counts: Counts) -> list[Difference]:
    """One for each column of the profile, in its order; without rows in the window a column has its shares alone."""
    pairs = zip(profile.columns, counts.columns, counts.rows_of, strict=True)
    return [_difference(column, window, rows) for column, window, rows in pairs]


def _difference(column: Column, window: ColumnCounts, rows: int) -> Difference:
    before = sum(column.counts) + column.nulls
    facts: dict[str, Any] = {
        "name": column.name, "role": column.role, "kind": column.kind, "dtype": column.dtype, "rows": rows,
        "nulls": [column.nulls / before if before else 0.0, (window.nulls - window.odd) / rows if rows else 0.0],
        "odd": window.odd / rows if rows else 0.0,
    }  # fmt: skip
    if column.kind == "described":
        return Difference(low=_moments(column, window.low, 0), high=_moments(column, window.high, 1), **facts)
    cells, seen = np.asarray(column.counts, dtype=np.int64), window.cells
    bars = list(column.bars) or list(range(len(cells)))
    before_bars, window_bars = np.add.reduceat(cells, bars), np.add.reduceat(seen, bars)
    facts |= {"labels": bar_labels(column), "bars": np.stack([before_bars, window_bars], axis=1).tolist()}
    facts |= _numbers(column, window) if column.kind == "numeric" else _values(column, window, cells)
    if cells.sum() and seen.sum():
        facts["psi"] = twosample.psi(before_bars, window_bars)
        facts["js"] = twosample.jensen_shannon(before_bars, window_bars)
    return Difference(**facts)


def _numbers(column: Column, window: ColumnCounts) -> dict[str, Any]:
    cells, seen, rows = np.asarray(column.counts, dtype=np.int64), window.cells, int(window.cells.sum())
    low, high = [column.low, _finite(window.low)], [column.high, _finite(window.high)]
    known = [value for value in (*low, *high) if value is not None]
    facts: dict[str, Any] = {"low": low, "high": high, "edges": _edges(column, known)}
    if not rows or not cells.sum():
        return facts
    facts |= {"ks": twosample.ks(cells, seen), "outside": window.outside / rows}
    if column.mean is None:
        return facts
    # Sums are less the reference's mean, so that their squares keep their digits.
    shift = window.total / rows
    spread = max(window.squares / rows - shift**2, 0.0) * rows / max(rows - 1, 1)
    moved = _wasserstein(column, cells, seen, shift) / column.sd if column.sd else None
    return facts | {
        "mean": [column.mean, column.mean + shift], "sd": [column.sd, float(np.sqrt(spread))], "wasserstein": moved,
    }  # fmt: skip


def _wasserstein(column: Column, cells: NDArray[np.int64], seen: NDArray[np.int64], shift: float) -> float:
    """In the column's units. Rows beyond the reference's extremes count there as far as the mean tells: no two samples
    are nearer to each other than their means, and where all rows moved one way they are just as far."""
    low = column.low if column.low is not None else column.edges[0]
    high = column.high if column.high is not None else column.edges[-1]
    if column.distinct <= FEW:
        within = twosample.wasserstein(cells, seen, [*column.edges, max(high, column.edges[-1])][: len(cells)])
    else:
        ends = np.clip([low, *column.edges, high], low, high)
        within = twosample.wasserstein_spread(cells, seen, ends)
    return max(within, abs(shift))


def _values(column: Column, window: ColumnCounts, cells: NDArray[np.int64]) -> dict[str, Any]:
    rows, before = int(window.cells.sum()), int(cells.sum())
    expected = cells[: len(column.values)] * (rows / before if before else 0.0)
    gone = [place for place in np.argsort(-expected) if expected[place] >= EXPECTED and not window.cells[place]]
    present = int((window.cells[: len(column.values)] > 0).sum()) + len(window.new)
    told = rows and column.distinct <= VALUES and len(window.new) < MOST_NEW
    new = sorted(window.new.items(), key=lambda item: (-item[1], item[0]))
    return {
        "new": [[value, count] for value, count in new[:_TOLD]],
        "vanished": [column.values[place] for place in gone[:_TOLD]],
        "distinct": [column.distinct, present if told else None],
    }


def _edges(column: Column, known: list[float]) -> list[float]:
    """(bars + 1,) finite ends of the bars, the outermost the extremes of both; none where each bar is one value."""
    if column.distinct <= FEW or not known:
        return []
    inner = [column.edges[first - 1] for first in column.bars[1:]]
    return [min([*known, *inner]), *inner, max([*known, *inner])]


def _moments(column: Column, value: float, which: int) -> list[Any] | None:
    """[reference, window] as ISO 8601; which: 0 the least, 1 the greatest. None for what is no moment."""
    mine = (column.low, column.high)[which]
    if mine is None or not column.dtype.startswith("Date"):
        return None
    return [_iso(column, mine), _iso(column, value)]


def _iso(column: Column, micros: float) -> str | None:
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    except (OverflowError, ValueError):  # infinite (no rows), or beyond the years that a calendar has
        return None
    return moment.date().isoformat() if column.dtype == "Date" else moment.replace(tzinfo=None).isoformat()


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
