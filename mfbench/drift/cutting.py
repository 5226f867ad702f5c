"""Where a numeric column is cut into cells, cells into bars; and the cell of every value, fast."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mfbench.drift.profile import BARS, CELLS, FEW

Floats = NDArray[np.float64]
GRID = 16384  # equal steps between the outermost edges, by which the cell of most values is looked up
SMALL = 500  # values for which a search among the edges is as fast


def edges_of(values: Floats) -> tuple[Floats, int]:
    """((edges,) rising; how many different values there are) of (n,) values without NaN, n > 0.

    Few different values have an edge each. Else the edges are quantiles; a value with more rows than a cell is meant
    to have stands in a cell of its own: the value before it is an edge too.
    """
    ordered = np.sort(values)
    distinct = 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
    if distinct <= FEW:
        return np.unique(ordered[np.isfinite(ordered)]), distinct
    n = len(ordered)
    places = np.ceil(np.arange(1, CELLS) * n / CELLS).astype(np.int64) - 1
    cut, times = np.unique(ordered[np.clip(places, 0, n - 1)], return_counts=True)
    before = np.searchsorted(ordered, cut[times > 1]) - 1
    cut = np.union1d(cut, ordered[before[before >= 0]])
    return cut[np.isfinite(cut)], distinct


def bars_of(counts: NDArray[np.int64], distinct: int) -> tuple[int, ...]:
    """The first cell of each bar. Of few values each is a bar (what lies above the last belongs to it); else about BARS
    bars of equal rows, a cell with more rows than that alone."""
    if len(counts) <= FEW + 1 and distinct <= FEW:
        return tuple(range(max(len(counts) - 1, 1)))
    want = counts.sum() / BARS
    starts, held, alone = [0], 0, False
    for i, rows in enumerate(counts.tolist()):
        heavy = rows > want
        if i and held and (heavy or (rows and (alone or held + rows / 2 > want))):
            starts.append(i)
            held = 0
        held, alone = held + rows, heavy
    return tuple(starts)


class Cutter:
    """The cells of one numeric column.

    The values between the outermost edges lie on a grid of equal steps. Rounding keeps the order of values, so a
    value on another step than an edge lies on the edge's same side as its step: one look into a table tells the cell,
    exactly. On a step with one edge the value is compared with it; on one with several the edges are searched.
    """

    def __init__(self, edges: Floats) -> None:
        self.edges = edges
        self.cells = len(edges) + 1
        self._below: Any = None
        if len(edges) < 2:
            return
        with np.errstate(over="ignore", divide="ignore"):
            self._scale = GRID / (edges[-1] - edges[0])
        if not (np.isfinite(self._scale) and self._scale > 0):
            return
        steps = self._step(edges)
        inside = np.bincount(steps, minlength=GRID + 3)
        self._below = (np.cumsum(inside) - inside).astype(np.int16)  # edges on lower steps
        self._edge = np.full(GRID + 3, np.inf)
        self._edge[steps[::-1]] = edges[::-1]
        self._several = inside > 1
        self._any_several = bool(self._several.any())

    def _step(self, values: Floats) -> NDArray[np.intp]:
        with np.errstate(over="ignore"):
            place = values - self.edges[0]
            place *= self._scale
        place += 1.0
        np.clip(place, 0.0, GRID + 2.0, out=place)
        steps: NDArray[np.intp] = place.astype(np.intp)
        return steps

    def codes(self, values: Floats) -> NDArray[np.int16]:
        """(n,) the cell of each value; no NaN."""
        if self._below is None or len(values) < SMALL:
            return np.searchsorted(self.edges, values).astype(np.int16)
        steps = self._step(values)
        found: NDArray[np.int16] = self._below[steps]
        found += values > self._edge[steps]
        if self._any_several:
            hard = np.flatnonzero(self._several[steps])
            if len(hard):
                found[hard] = np.searchsorted(self.edges, values[hard])
        return found

    def count(self, values: Floats) -> NDArray[np.int64]:
        """(cells,) values in each."""
        return np.bincount(self.codes(values), minlength=self.cells)
