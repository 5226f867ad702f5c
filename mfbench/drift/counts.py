"""What is counted of the rows of a window: vectors as long as the reference's cells, which can be added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mfbench.drift.profile import Column, Profile

Cells = NDArray[np.int64]
MOST_NEW = 50  # values that the reference does not have, kept by name for each column


@dataclass
class ColumnCounts:
    """cells: (cells,) rows in each cell; nulls: rows without a value; odd: of those, rows with a value that is not of
    the column's type; outside: finite values beyond the reference's extremes; total, squares: sums of the finite
    values and of their squares, less the reference's mean (so that large numbers keep their digits); low, high:
    extremes; new: rows by value that the reference does not have (the most frequent, at most MOST_NEW).
    missing: the column was not there at all (all rows are then nulls)."""

    cells: Cells
    nulls: int = 0
    odd: int = 0
    outside: int = 0
    total: float = 0.0
    squares: float = 0.0
    low: float = np.inf
    high: float = -np.inf
    new: dict[str, int] = field(default_factory=dict)
    missing: bool = False

    def __add__(self, other: ColumnCounts) -> ColumnCounts:
        new = dict(self.new)
        for value, rows in other.new.items():
            new[value] = new.get(value, 0) + rows
        most = dict(sorted(new.items(), key=lambda item: (-item[1], item[0]))[:MOST_NEW])
        return ColumnCounts(
            self.cells + other.cells, self.nulls + other.nulls, self.odd + other.odd, self.outside + other.outside,
            self.total + other.total, self.squares + other.squares, min(self.low, other.low),
            max(self.high, other.high), most, self.missing and other.missing,
        )  # fmt: skip


@dataclass
class Counts:
    """Of one window. columns: one for each column of the profile, in its order; units: how many units (see
    Profile.unit) the rows come from, None where it cannot be told (then as large ones as the reference's are assumed).

    rows_of: (columns,) rows that were looked at for each column: all rows, but for predictions and labels, which may
    have been made for a sample of the rows only, or be there for some rows only. 0: the column could not be had.
    """

    rows: int
    columns: list[ColumnCounts]
    rows_of: list[int]
    units: int | None = None

    def __add__(self, other: Counts) -> Counts:
        """Of both windows together; their units are taken to be different ones."""
        units = None if self.units is None or other.units is None else self.units + other.units
        columns = [a + b for a, b in zip(self.columns, other.columns, strict=True)]
        rows_of = [a + b for a, b in zip(self.rows_of, other.rows_of, strict=True)]
        return Counts(self.rows + other.rows, columns, rows_of, units)


def nothing(columns: Sequence[Column]) -> Counts:
    """Of no rows."""
    empty = [ColumnCounts(np.zeros(len(column.counts), dtype=np.int64)) for column in columns]
    return Counts(0, empty, [0] * len(columns), 0)


def reference_counts(profile: Profile) -> Counts:
    """The reference as if it were a window: what the first window is compared with."""
    columns = [ColumnCounts(np.asarray(column.counts, dtype=np.int64), column.nulls) for column in profile.columns]
    rows_of = [int(column.cells.sum()) + column.nulls for column in columns]
    return Counts(profile.rows, columns, rows_of, profile.units)
