"""Data to windows: one pass over all rows, in memory that depends on the windows and columns, not on the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mfbench.core.errors import MfbenchError, UsageError
from mfbench.core.progress import tell
from mfbench.core.text import plural
from mfbench.data.units import ORIGIN, PERIODS, ROW
from mfbench.drift.casting import conformed
from mfbench.drift.counting import Counter
from mfbench.drift.counts import Counts, nothing
from mfbench.drift.kinds import as_moments, between
from mfbench.drift.layout import types_of
from mfbench.drift.profile import Profile
from mfbench.drift.reading import Data
from mfbench.drift.reference import Reference
from mfbench.drift.sampling import Sample, Units
from mfbench.drift.seen import KEY, LABEL, TIME, UNIT, Seen
from mfbench.drift.settings import Settings
from mfbench.drift.windows import MOST, NONE, Windows

if TYPE_CHECKING:
    from mfbench.bundle.model import Model

ONE, EACH, TOGETHER = 200_000, 20_000, 1_000_000  # rows of a sample: of one window, of each of a series, of all these
CELLS = 20_000_000  # of wide rows fewer


@dataclass
class _Window:
    counts: Counts
    sample: Sample = field(default_factory=Sample)
    units: Units = field(default_factory=Units)
    first: int | None = None
    last: int | None = None


def scan(
    data: Data,
    reference: Reference,
    settings: Settings,
    *,
    sample_rows: int | None = None,
    seed: int = 0,
    model: Callable[[], Model] | None = None,
) -> Iterator[Seen]:
    """The windows in their order. Rows need not be sorted by time: all windows stay open until the last row.

    sample_rows: of each window at most. model: asked for the answers of the sample's rows where the data has none.
    Raises UsageError for data without rows, without a time that a window needs, and for more than MOST windows.
    """
    scanner = _Scanner(data, reference, Windows(settings, data), sample_rows, seed)
    for batch in data.batches(reference.digest):
        scanner.add(batch)
        tell("reading rows", scanner.rows, 0)
    yield from scanner.seen(model)


class _Scanner:
    def __init__(self, data: Data, reference: Reference, windows: Windows, sample_rows: int | None, seed: int) -> None:
        self._data, self._reference, self._windows = data, reference, windows
        self._profile: Profile = reference.profile
        self._counter = Counter(self._profile.columns)
        self._types = types_of(data.layout.manifest)
        self._asked, self._rng = sample_rows, np.random.default_rng(seed)
        self._open: dict[int, _Window] = {}
        self._width = 1
        self.rows = self._without = 0

    def add(self, batch: pl.DataFrame) -> None:
        if not batch.height:
            return
        self.rows += batch.height
        numbers, draws = self._windows.of(batch), self._rng.random(batch.height)
        unit = self._units(batch)
        typed = conformed(batch, self._types)
        derived = self._reference.with_derived(typed)
        counted = batch.hstack([each for each in derived if each.name not in batch.columns])
        if unit is not None:
            typed = typed.with_columns(unit)
        self._width = max(self._width, typed.width)
        for number, rows in _parts(numbers):
            if number == NONE:
                self._without += _length(rows)
            elif isinstance(rows, slice):
                begin, length = rows.start, rows.stop - rows.start
                self._window(number, counted.slice(begin, length), typed.slice(begin, length), draws[rows])
            else:
                self._window(number, counted[rows], typed[rows], draws[rows])

    def _window(self, number: int, counted: pl.DataFrame, typed: pl.DataFrame, draws: NDArray[np.float64]) -> None:
        window = self._open.get(number)
        if window is None:
            if len(self._open) == MOST:
                raise UsageError(f"there are more than {MOST:,} windows", hint="choose a longer --window")
            window = self._open[number] = _Window(nothing(self._profile.columns))
            if len(self._open).bit_count() == 1:  # twice as many as the last time: each may hold half of what it did
                for each in self._open.values():
                    each.sample.trim(self._most)
        found = self._counter.count(counted)
        found.units = None
        window.counts = found if not window.counts.rows else window.counts + found
        window.sample.add(typed, draws, self._most)
        if UNIT in typed.columns:
            window.units.add(typed[UNIT])
        if TIME in typed.columns:
            times = typed[TIME].to_physical()
            low, high = times.min(), times.max()
            if isinstance(low, int) and isinstance(high, int):
                window.first = low if window.first is None else min(window.first, low)
                window.last = high if window.last is None else max(window.last, high)

    @property
    def _most(self) -> int:
        """Rows of each window's sample; the more windows, the fewer."""
        if not self._windows.series:
            return min(self._asked or ONE, max(CELLS // self._width, 1000))
        together = min(TOGETHER, CELLS // self._width)
        return max(min(self._asked or EACH, together // max(len(self._open), 1)), 200)

    def _units(self, batch: pl.DataFrame) -> pl.Series | None:
        """(n,) codes of the rows' units; None where each row is one, or where it cannot be told."""
        unit = self._profile.unit
        period = unit in PERIODS and self._data.layout.manifest.monitored.time is not None
        column = (ORIGIN if ORIGIN in batch.columns else TIME) if period else unit
        if unit == ROW or column not in batch.columns:
            return None
        values = as_moments(batch[column]).dt.truncate(PERIODS[unit]) if period else batch[column]
        return values.cast(pl.String, strict=False).hash().alias(UNIT)

    def seen(self, model: Callable[[], Model] | None) -> Iterator[Seen]:
        if not self.rows:
            raise UsageError("the data has no rows", where=self._data.name)
        if self._without:
            self._data.layout.note(f"{plural(self._without, 'row')} without a time left out")
        if not self._open:
            raise UsageError("no row has a time", where=self._data.name, hint="is it the right column? see --time")
        answering = _Answering(self._reference, model)
        for i, number in enumerate(sorted(self._open)):
            tell("looking at windows", i, len(self._open))
            yield self._seen(number, answering)
            self._open[number].sample = Sample()  # whoever has the window keeps it, or not

    def _seen(self, number: int, answering: _Answering) -> Seen:
        window = self._open[number]
        counts, rows = window.counts, window.counts.rows
        unit = self._profile.unit
        counts.units = rows if unit == ROW else window.units.count() or None
        bounds = self._windows.bounds(number)
        seen = Seen(
            name=self._windows.name(number, rows),
            counts=counts,
            sample=window.sample.rows(self._most),
            begins=bounds[0] if bounds else window.first,
            ends=bounds[1] if bounds else window.last,
        )
        if unit != ROW and counts.units is None:
            seen.notes.append(f"the unit {unit!r} is not known here: taken to be as large as the reference's")
        if self._windows.rows is not None and rows < self._windows.rows:
            seen.notes.append(f"the data ended after {plural(rows, 'row')} of this window")
        answering.add(seen, self._counter)
        seen.sample = self._arranged(seen.sample)
        return seen

    def _arranged(self, sample: pl.DataFrame) -> pl.DataFrame:
        """In the reference's layout: no private columns, units as codes from 0 on."""
        if UNIT in sample.columns:
            sample = sample.with_columns((pl.col(UNIT).rank("dense").cast(pl.Int64) - 1).alias(UNIT))
        else:
            sample = sample.with_columns(pl.Series(UNIT, range(sample.height), dtype=pl.Int64))
        ours = [between(name) for name in self._reference.answers]
        order = [*self._reference.inputs, *ours, LABEL, UNIT, TIME, KEY]
        return sample.select(name for name in order if name in sample.columns)


class _Answering:
    """The model's answers for samples that have none."""

    def __init__(self, reference: Reference, load: Callable[[], Model] | None) -> None:
        self._reference, self._load = reference, load
        self._model: Model | None = None
        self._why = "" if load is not None else "the model is not at hand"

    def add(self, seen: Seen, counter: Counter) -> None:
        """Puts answers into the sample, and counts of them into the counts."""
        names = [between(name) for name in self._reference.answers]
        if not names or all(name in seen.sample.columns for name in names):
            return
        answers = self._predicted(seen.sample)
        if answers is None:
            seen.notes.append(f"the model's answers were not looked at: {self._why}")
            return
        answers = answers.rename({name: between(name) for name in answers.columns})
        seen.sample = seen.sample.drop(*answers.columns, strict=False).hstack(answers)
        seen.made = True
        found = counter.count(answers)
        for i, column in enumerate(counter.columns):
            if column.role == "prediction":
                seen.counts.columns[i], seen.counts.rows_of[i] = found.columns[i], found.rows_of[i]

    def _predicted(self, sample: pl.DataFrame) -> pl.DataFrame | None:
        if self._why:
            return None
        try:
            if self._model is None:
                assert self._load is not None
                self._model = self._load()
            if self._model.looks_ahead(sample):
                self._why = "what it makes of the past is not in the data"
                return None
            answers = self._model.answer(sample)
        except MfbenchError as error:
            self._why = error.message
            return None
        return answers.select(name for name in self._reference.answers if name in answers.columns)


def _parts(numbers: NDArray[np.int64]) -> Iterator[tuple[int, slice | NDArray[np.int64]]]:
    """(window, its rows) of a batch; each window once, rows in their order."""
    borders = np.flatnonzero(numbers[1:] != numbers[:-1]) + 1
    if len(borders) < len(np.unique(numbers)):  # windows follow each other
        for begin, end in zip([0, *borders], [*borders, len(numbers)], strict=True):
            yield int(numbers[begin]), slice(int(begin), int(end))
        return
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    borders = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    for begin, end in zip([0, *borders], [*borders, len(order)], strict=True):
        yield int(ordered[begin]), order[begin:end]


def _length(rows: slice | NDArray[np.int64]) -> int:
    return rows.stop - rows.start if isinstance(rows, slice) else len(rows)
