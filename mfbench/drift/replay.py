"""The reference's sample made ready to be replayed: every value told by its cell, so that a window of any rows is
counted by adding up, and the reference without these rows by taking away.

The cells are those of the whole sample, made once. That the rows of a window helped to place the edges is of no
consequence: which rows are in the window is drawn without looking at values, and a cell is a cell for both sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

import msgspec
import numpy as np
from numpy.typing import NDArray

from mfbench.drift.counts import Cells, ColumnCounts, Counts
from mfbench.drift.kinds import ANSWERS
from mfbench.drift.profile import Profile
from mfbench.drift.shifts import NOBODY, Generator, Ranked, Rows

Codes = NDArray[np.int32]


class Coded:
    """profile: of the sample; codes: (n, columns) the cell of each value, the one after a column's last cell where
    there is none; values: (n,) of each column what orders its rows; units: (n,) codes from 0 on, or None where each
    row is its own; order: (n,) rows in time, or None where they have no order."""

    def __init__(
        self, profile: Profile, codes: Codes, values: list[NDArray[np.generic]], units: Rows | None, order: Rows | None
    ) -> None:
        self.values, self.order, self.rows = values, order, len(codes)
        self.sizes = np.array([len(column.counts) for column in profile.columns], dtype=np.int64)
        self.begins: Rows = np.concatenate([[0], np.cumsum(self.sizes + 1)])
        self.known = [codes[:, j] < size for j, size in enumerate(self.sizes)]
        self._codes = codes + self.begins[:-1].astype(np.int32)
        self._whole = self.cells(np.arange(self.rows))
        self._group(profile, units)

    def _group(self, profile: Profile, units: Rows | None) -> None:
        self.profile, self.units = profile, units
        if units is not None:
            self.unit_sizes: Rows = np.bincount(units)
            self._by_unit = np.argsort(units, kind="stable")
            self._unit_begins = np.cumsum(self.unit_sizes) - self.unit_sizes

    def regrouped(self, profile: Profile, units: Rows) -> Coded:
        """The same rows and cells, with other units."""
        other = copy(self)
        other._group(profile, units)
        return other

    @property
    def all_units(self) -> int:
        return self.rows if self.units is None else len(self.unit_sizes)

    def cells(self, rows: Rows) -> Cells:
        """(cells of all columns side by side,) rows in each; a row may come several times."""
        return np.bincount(self._codes[rows].ravel(), minlength=int(self.begins[-1]))

    def cell_of(self, j: int) -> Rows:
        """(n,) the cell of each row's value, the one after the column's last where there is none."""
        return np.asarray(self._codes[:, j] - self.begins[j])

    def moved(self, j: int, donors: Rows) -> Cells:
        """(cells + 1,) of one column, its values taken from the donors."""
        cells = self._codes[donors, j] - self.begins[j]
        return np.bincount(np.where(donors == NOBODY, self.sizes[j], cells), minlength=self.sizes[j] + 1)

    def split(self, rows: Rows) -> tuple[Counts, Counts]:
        """(the window of these rows, each there once; all other rows)."""
        inside = self.cells(rows)
        within, without = self.units_of(rows)
        return self.counts(inside, len(rows), within), self.counts(self._whole - inside, self.rows - len(rows), without)

    def units_of(self, rows: Rows) -> tuple[int, int]:
        """(units that these rows are of, units that the other rows are of)."""
        if self.units is None:
            return len(rows), self.rows - len(rows)
        inside = np.bincount(self.units[rows], minlength=len(self.unit_sizes))
        return int(np.count_nonzero(inside)), int(np.count_nonzero(self.unit_sizes - inside))

    def counts(self, cells: Cells, rows: int, units: int) -> Counts:
        """Cells side by side as the counts of a window."""
        parts = [cells[i:j] for i, j in zip(self.begins[:-1], self.begins[1:], strict=True)]
        columns = [self.column_counts(j, part) for j, part in enumerate(parts)]
        rows_of = [int(each.cells.sum()) + each.nulls for each in columns]
        return Counts(rows, columns, rows_of, units)

    def column_counts(self, j: int, part: Cells) -> ColumnCounts:
        """An answer or a label that is not known is not looked at; elsewhere a missing value is something to count."""
        nulls = 0 if self.profile.columns[j].role in ANSWERS else int(part[-1])
        return ColumnCounts(part[:-1], nulls)

    def alone(self, j: int) -> Profile:
        """Of one column."""
        return msgspec.structs.replace(self.profile, columns=(self.profile.columns[j],))

    def as_reference(self, counts: Counts) -> Profile:
        """The profile as it would be, had these rows been the reference."""
        columns = tuple(
            msgspec.structs.replace(column, counts=tuple(each.cells.tolist()), nulls=each.nulls)
            for column, each in zip(self.profile.columns, counts.columns, strict=True)
        )
        units = counts.units if counts.units is not None else counts.rows
        return msgspec.structs.replace(self.profile, columns=columns, rows=counts.rows, units=units)

    def ranked(self, j: int, rng: Generator) -> Ranked:
        return Ranked(self.values[j], self.known[j], rng)

    def drawn(self, size: int, rng: Generator, *, again: bool = False) -> tuple[Rows, int]:
        """(rows of a window, their units): `size` rows at random, or whole units until there are so many rows.
        again: with replacement, as from a world of which the sample is all that is known."""
        if self.units is None:
            rows = rng.integers(0, self.rows, size) if again else rng.choice(self.rows, size, replace=False)
            return rows, size
        chosen = self._units_until(size, rng, again)
        lengths = self.unit_sizes[chosen]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return self._by_unit[np.repeat(self._unit_begins[chosen], lengths) + within], len(chosen)

    def _units_until(self, size: int, rng: Generator, again: bool) -> Rows:
        if not again:
            order = rng.permutation(self.all_units)
            return order[: int(np.searchsorted(np.cumsum(self.unit_sizes[order]), size)) + 1]
        chosen: Rows = np.empty(0, dtype=np.int64)
        while self.unit_sizes[chosen].sum() < size:
            more = -(-size * self.all_units // self.rows) + 10
            chosen = np.concatenate([chosen, rng.integers(0, self.all_units, more)])
        return chosen[: int(np.searchsorted(np.cumsum(self.unit_sizes[chosen]), size)) + 1]

    def blocks(self, size: int, most: int) -> Iterator[Rows]:
        """Rows that follow each other: four times as many blocks as fit side by side, evenly spread, at most `most`."""
        assert self.order is not None
        for start in np.linspace(0, self.rows - size, min(most, 4 * (self.rows // size))).astype(np.int64):
            yield self.order[start : start + size]
