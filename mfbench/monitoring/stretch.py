"""The rows that a pass looks at: of each file those that no earlier pass has judged, and where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from mfbench.core.errors import UsageError
from mfbench.drift.layout import Layout
from mfbench.drift.reading import Data
from mfbench.drift.seen import TIME
from mfbench.monitoring.state import Part

Keep = Callable[[pl.DataFrame, str, int], tuple[pl.DataFrame, int]]  # rows, file, place of the first: (kept, first)


@dataclass
class Extent:
    """What was seen of a file: all rows; low, top: microseconds since 1970 of the first and last row; high: of the last
    that is not of the future, whose time can be believed."""

    rows: int = 0
    low: int | None = None
    high: int | None = None
    top: int | None = None

    def overlaps(self, begins: int | None, ends: int | None) -> bool:
        if self.low is None or self.top is None or begins is None or ends is None:
            return False
        return self.low < ends and self.top >= begins


class Stretch(Data):
    """Data whose batches pass through `keep` on their way to the windows. extents: by file; parts: the kept rows, in
    order; finished: all was read. now: microseconds since 1970."""

    def __init__(self, data: Data, keep: Keep, now: int) -> None:
        self._data, self._keep, self._now = data, keep, now
        self.finished = False
        self.extents: dict[str, Extent] = {}
        self.parts: list[Part] = []

    @property
    def name(self) -> str:  # type: ignore[override]
        return self._data.name

    @property
    def layout(self) -> Layout:  # type: ignore[override]
        return self._data.layout

    @property
    def times(self) -> list[str]:  # type: ignore[override]
        return self._data.times

    @property
    def file(self) -> str:  # type: ignore[override]
        return self._data.file

    def batches(self, digest: str | None = None) -> Iterator[pl.DataFrame]:
        for batch in self._data.batches(digest):
            if not self.file:
                hint = "compare it with: mfbench drift check; or watch captured requests"
                raise UsageError("a history cannot be watched: its rows are made of others", hint=hint)
            extent = self.extents.setdefault(self.file, Extent())
            first = extent.rows
            extent.rows += batch.height
            self._note_times(extent, batch)
            kept, first = self._keep(batch, self.file, first)
            if kept.height:
                self._note_part(first, first + kept.height)
                yield kept
        self.finished = True

    def rename(self, names: Mapping[str, str]) -> None:
        """Files by other names."""
        self.extents = {names[path]: extent for path, extent in self.extents.items()}
        self.parts = [Part(names[part.path], part.first, part.last) for part in self.parts]

    def _note_times(self, extent: Extent, batch: pl.DataFrame) -> None:
        if TIME not in batch.columns:
            return
        times = batch[TIME].to_physical()
        low, top, high = times.min(), times.max(), times.filter(times <= self._now).max()
        if isinstance(low, int):
            extent.low = low if extent.low is None else min(extent.low, low)
        if isinstance(top, int):
            extent.top = top if extent.top is None else max(extent.top, top)
        if isinstance(high, int):
            extent.high = high if extent.high is None else max(extent.high, high)

    def _note_part(self, first: int, last: int) -> None:
        before = self.parts[-1] if self.parts else None
        if before is not None and before.path == self.file and before.last == first:
            self.parts[-1] = Part(before.path, before.first, last)
        else:
            self.parts.append(Part(self.file, first, last))


def cut(parts: list[Part], first: int, last: int) -> list[Part]:
    """The parts of the rows `first` to `last` - 1, counted through all parts."""
    found, before = [], 0
    for part in parts:
        low, high = max(first - before, 0), min(last - before, part.last - part.first)
        if low < high:
            found.append(Part(part.path, part.first + low, part.first + high))
        before += part.last - part.first
    return found


def from_row(done: Callable[[str], int]) -> Keep:
    """Of each file the rows from `done` on."""

    def keep(batch: pl.DataFrame, file: str, first: int) -> tuple[pl.DataFrame, int]:
        skip = min(max(done(file) - first, 0), batch.height)
        return batch.slice(skip), first + skip

    return keep


def within(parts: list[Part]) -> Keep:
    """The rows of these parts, one for each file."""
    bounds = {part.path: (part.first, part.last) for part in parts}

    def keep(batch: pl.DataFrame, file: str, first: int) -> tuple[pl.DataFrame, int]:
        low, high = bounds.get(file, (0, 0))
        skip = min(max(low - first, 0), batch.height)
        return batch.slice(skip, max(min(high - first, batch.height) - skip, 0)), first + skip

    return keep


class Between:
    """Rows from one moment on, and before another, in microseconds; late: those before, by file."""

    def __init__(self, low: int | None, high: int | None = None) -> None:
        self.low, self.high, self.late = low, high, dict[str, int]()

    def __call__(self, batch: pl.DataFrame, file: str, first: int) -> tuple[pl.DataFrame, int]:
        if TIME not in batch.columns:
            return batch, first
        moment = pl.col(TIME).to_physical()
        early = batch.filter(moment < self.low) if self.low is not None else batch.clear()
        self.late[file] = self.late.get(file, 0) + early.height
        rows = batch.filter(moment.is_null() | (moment >= self.low)) if early.height else batch
        return rows.filter(moment < self.high) if self.high is not None else rows, first
