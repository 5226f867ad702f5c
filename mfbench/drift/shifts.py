"""Changes put into rows on purpose, to see which of them would be found.

A changed value is always one that another row has: its *donor*. So a change is told by row numbers alone, fits any
type, and its size is known beforehand: `effect` is the share of the rows that would have to change to undo it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Places = NDArray[np.float64]  # from 0, the least value, to 1
Generator = np.random.Generator
NOBODY = -1  # donor of a value that is taken away
SEGMENT = 0.03  # share of the rows in a segment
KINDS = {
    "larger": "one column of numbers, larger",
    "spread": "one column of numbers, spread",
    "replaced": "one column of values, its most frequent replaced",
    "missing": "one column, values missing",
    "prediction": "the model's predictions",
    "segment": f"{SEGMENT * 100:.0f} % of the rows, one column in them",
}


class Ranked:
    """A column in order. values: (n,) numbers or codes; known: (n,) bool, whether a row has a value. Equal values
    stand in an order of chance."""

    def __init__(self, values: NDArray[np.generic], known: NDArray[np.bool_], rng: Generator) -> None:
        rows = rng.permutation(np.flatnonzero(known))
        self.order: Rows = rows[np.argsort(values[rows], kind="stable")]
        self.rank: Rows = np.full(len(values), NOBODY, dtype=np.int64)
        self.rank[self.order] = np.arange(len(self.order))
        self.values = values

    def at(self, places: Places) -> Rows:
        """The rows at places from 0 to 1 of the order."""
        n = len(self.order)
        return self.order[np.clip((places * n).astype(np.int64), 0, n - 1)]


def power(effect: float) -> float:
    """b >= 1 such that max over t of t - t^b is `effect`: Lehmann's (1953) alternative, the distribution to the power
    of b, which is that far from it in Kolmogorov's distance and in total variation alike."""
    from scipy.optimize import brentq

    if effect <= 0:
        return 1.0
    return math.exp(brentq(lambda log_b: _reach(math.exp(log_b)) - min(effect, 0.95), 1e-9, 8.0))


def _reach(b: float) -> float:
    """max over t of t - t^b."""
    return float(b ** (-1 / (b - 1)) * (1 - 1 / b))


def larger(column: Ranked, rows: Rows, effect: float, rng: Generator) -> Rows:
    """(rows,) donors: the values grow as Lehmann's alternative says (see `power`)."""
    return _placed(column, rows, lambda u: u ** (1 / power(effect)), rng)


def spread(column: Ranked, rows: Rows, effect: float, rng: Generator) -> Rows:
    """(rows,) donors: the values move outwards, away from the median. Kolmogorov's distance is half the effect."""
    b = power(effect)
    return _placed(column, rows, lambda u: 0.5 + np.sign(u - 0.5) * np.abs(2 * u - 1) ** (1 / b) / 2, rng)


def replaced(column: Ranked, rows: Rows, effect: float, rng: Generator) -> Rows:
    """(rows,) donors: so many rows lose the column's most frequent value (and the next, where that is not enough) for
    one of the other values."""
    donors = rows.copy()
    values, counts = np.unique(column.values[column.order], return_counts=True)
    if len(values) < 2:
        return donors
    going = values[np.argsort(-counts, kind="stable")]
    enough = int(np.searchsorted(np.cumsum(np.sort(counts)[::-1]), effect * counts.sum())) + 1
    gone = going[: min(enough, len(values) - 1)]
    leave = np.flatnonzero((column.rank[rows] != NOBODY) & np.isin(column.values[rows], gone))
    leave = rng.permutation(leave)[: round(effect * len(rows))]
    others = column.order[~np.isin(column.values[column.order], gone)]
    if len(others):
        donors[leave] = rng.choice(others, len(leave))
    return donors


def missing(column: Ranked, rows: Rows, effect: float, rng: Generator) -> Rows:
    """(rows,) donors: so many rows lose their value."""
    donors = rows.copy()
    known = np.flatnonzero(column.rank[rows] != NOBODY)
    donors[rng.permutation(known)[: round(effect * len(rows))]] = NOBODY
    return donors


def segment(column: Ranked, by: Ranked, rows: Rows, effect: float, rng: Generator) -> Rows:
    """(rows,) donors: where `by` lies in a stretch that holds a share `effect` of the rows, the values become the
    column's highest."""
    n = len(by.order)
    begin = int(rng.integers(0, max(n - round(effect * n), 1)))
    inside = (by.rank[rows] >= begin) & (by.rank[rows] < begin + effect * n) & (column.rank[rows] != NOBODY)
    donors = rows.copy()
    donors[inside] = column.at(rng.uniform(0.9, 1.0, int(inside.sum())))
    return donors


def shift(kind: str, column: Ranked, by: Ranked | None, rows: Rows, effect: float, rng: Generator) -> Rows:
    """(rows,) donors for the values of one column. kind: of KINDS; 'prediction' moves what is ordered."""
    if kind == "segment":
        return segment(column, by or column, rows, effect, rng)
    return {"spread": spread, "replaced": replaced, "missing": missing}.get(kind, larger)(column, rows, effect, rng)


def _placed(column: Ranked, rows: Rows, move: Callable[[Places], Places], rng: Generator) -> Rows:
    donors = rows.copy()
    known = np.flatnonzero(column.rank[rows] != NOBODY)
    places = (column.rank[rows[known]] + rng.uniform(size=len(known))) / max(len(column.order), 1)
    if len(column.order):
        donors[known] = column.at(move(places))
    return donors
