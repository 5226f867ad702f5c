"""A batch of rows counted into the reference's cells: one pass over each column, whatever the size of the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from mfbench.drift.counts import MOST_NEW, ColumnCounts, Counts
from mfbench.drift.cutting import Cutter, Floats
from mfbench.drift.kinds import ANSWERS, as_moments, known, readable, source_of
from mfbench.drift.profile import Column

CHUNK = 131_072  # numbers that are counted in one go: they stay in the processor's cache
LONGEST = 200  # characters of a new value that are kept
THREADS = 2
FEW_ROWS = 20_000  # a batch that is not worth a second thread


def count(columns: Sequence[Column], frame: pl.DataFrame) -> Counts:
    """Of one batch; `frame` holds inputs, derived columns, answers and labels as seen.py names them, of any type."""
    return Counter(columns).count(frame)


class Counter:
    """Counts batch after batch; what is looked up for each column is made once."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = list(columns)
        self._ways = [_way(column) for column in self.columns]

    def count(self, frame: pl.DataFrame) -> Counts:
        """Units are left to whoever knows them: `units` is None."""
        work = list(zip(self.columns, self._ways, strict=True))
        if frame.height < FEW_ROWS or len(work) < THREADS:
            done = [_column(frame, *each) for each in work]
        else:  # both libraries let go of Python's lock
            with ThreadPoolExecutor(THREADS) as pool:
                done = list(pool.map(lambda each: _column(frame, *each), work))
        return Counts(frame.height, [counts for counts, _ in done], [rows for _, rows in done])


Way = Callable[[pl.Series], ColumnCounts]


def _column(frame: pl.DataFrame, column: Column, way: Way) -> tuple[ColumnCounts, int]:
    """(counts, rows that were looked at). An answer or a label that is null is not known, and not looked at."""
    source = source_of(column)
    answer = column.role in ANSWERS
    if source not in frame.columns:
        empty = ColumnCounts(np.zeros(len(column.counts), dtype=np.int64), missing=not answer)
        empty.nulls = 0 if answer else frame.height
        return empty, 0 if answer else frame.height
    values = frame.get_column(source)
    found = readable(column, values)
    counts = way(found)
    if found is not values and counts.nulls:
        counts.odd = max(counts.nulls - (len(values) - known(values)), 0)
    if not answer:
        return counts, frame.height
    rows = frame.height - counts.nulls
    counts.nulls = counts.odd = 0
    return counts, rows


def _way(column: Column) -> Way:
    if column.kind == "numeric":
        cutter = Cutter(np.array(column.edges, dtype=np.float64))
        return lambda values: _numbers(column, cutter, values)
    if column.kind == "values":
        places = {value: i for i, value in enumerate(column.values)}
        return lambda values: _texts(column, places, values)
    return lambda values: _described(column, values)


def _numbers(column: Column, cutter: Cutter, values: pl.Series) -> ColumnCounts:
    counts = ColumnCounts(np.zeros(cutter.cells, dtype=np.int64), nulls=values.null_count())
    if counts.nulls:
        values = values.drop_nulls()
    numbers = values.to_numpy()
    for begin in range(0, len(numbers), CHUNK):
        _chunk(counts, column, cutter, numbers[begin : begin + CHUNK].astype(np.float64, copy=False))
    return counts


def _chunk(counts: ColumnCounts, column: Column, cutter: Cutter, numbers: Floats) -> None:
    """Adds (n,) numbers, among which NaN counts as missing."""
    low, high = float(numbers.min()), float(numbers.max())
    if np.isnan(low):
        rows = len(numbers)
        numbers = numbers[~np.isnan(numbers)]
        counts.nulls += rows - len(numbers)
        if not len(numbers):
            return
        low, high = float(numbers.min()), float(numbers.max())
    counts.cells += cutter.count(numbers)
    if np.isinf(low) or np.isinf(high):
        numbers = numbers[np.isfinite(numbers)]
        if not len(numbers):
            return
        low, high = float(numbers.min()), float(numbers.max())
    if column.low is not None and column.high is not None and (low < column.low or high > column.high):
        counts.outside += int(np.count_nonzero((numbers < column.low) | (numbers > column.high)))
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # squares of very large numbers are infinite, as they are told then
        apart = numbers - (column.mean or 0.0)
        counts.total += float(apart.sum())
        np.multiply(apart, apart, out=apart)
        counts.squares += float(apart.sum())
    counts.low, counts.high = min(counts.low, low), max(counts.high, high)


def _texts(column: Column, places: dict[str, int], values: pl.Series) -> ColumnCounts:
    cells = np.zeros(len(column.counts), dtype=np.int64)
    counts = ColumnCounts(cells, nulls=values.null_count())
    found = values.drop_nulls().value_counts() if counts.nulls else values.value_counts()
    texts, rows = found.to_series(0), found.to_series(1).to_numpy()
    if len(texts) > 10 * len(places) + MOST_NEW:  # of many values only those that have a cell are looked at
        there = texts.is_in(list(places))
        rest, rest_rows = texts.filter(~there), rows[(~there).to_numpy()]
        most = np.argsort(-rest_rows, kind="stable")[: 4 * MOST_NEW]
        cells[-1] += int(rest_rows.sum() - rest_rows[most].sum())
        texts = pl.concat([texts.filter(there), rest.gather(most)])
        rows = np.concatenate([rows[there.to_numpy()], rest_rows[most]])
    named = column.distinct <= len(column.values)  # else a value without a cell may be one of the reference's others
    for text, times in zip(texts.to_list(), rows.tolist(), strict=True):
        place = places.get(text, -1)
        cells[place] += times
        if place < 0 and named:
            counts.new[text[:LONGEST]] = counts.new.get(text[:LONGEST], 0) + times
    counts.new = dict(sorted(counts.new.items(), key=lambda item: (-item[1], item[0]))[:MOST_NEW])
    return counts


def _described(column: Column, values: pl.Series) -> ColumnCounts:
    counts = ColumnCounts(np.zeros(len(column.counts), dtype=np.int64), nulls=len(values) - known(values))
    if isinstance(values.dtype, pl.Date | pl.Datetime) and counts.nulls < len(values):
        low, high = extremes(values)
        counts.low, counts.high = float(low), float(high)
        if column.low is not None and column.high is not None and (low < column.low or high > column.high):
            physical = as_moments(values).to_physical()
            counts.outside = int(((physical < column.low) | (physical > column.high)).sum())
    return counts


def extremes(moments: pl.Series) -> tuple[int, int]:
    """(first, last) in microseconds since 1970, UTC; one at least is known."""
    both = as_moments(pl.Series([moments.min(), moments.max()], dtype=moments.dtype)).to_physical()
    return int(both[0]), int(both[1])
