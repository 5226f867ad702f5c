"""The profile of reference rows: what kind each column is, its cells and bars, and how alike rows of a unit are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from mfbench.bundle.model import PREDICTION, dtype_name
from mfbench.drift.clusters import correlation, dense, with_likeness
from mfbench.drift.counting import Counter, extremes
from mfbench.drift.counts import ColumnCounts
from mfbench.drift.cutting import Cutter, bars_of, edges_of
from mfbench.drift.kinds import ANSWERS, CHARACTERS, WORDS, as_texts, between, known, readable, source_of
from mfbench.drift.profile import VALUES, Column, Profile, Role

LONG = 50  # characters on average beyond which text is prose, not a name
PROBE = 20_000  # rows by which text is judged
FREQUENT = 30  # rows: where each value has as many, hardly a value is missing in the reference by chance
CHOOSE, SEEN = 1 / 4, 5  # of the units, else of the rows: these choose the values that are tested one by one


def build_profile(
    frame: pl.DataFrame,
    roles: Sequence[tuple[str, Role]],
    *,
    task: str,
    classes: Sequence[Any] = (),
    unit: str = "row",
    codes: NDArray[np.integer] | None = None,
    private: Sequence[str] = (),
) -> Profile:
    """Of all rows of `frame`, in the layout of seen.py. roles: columns by their names in the report ('prediction'
    stands in the frame as __prediction__), each with its role; codes: (n,) the unit of each row, None: its own."""
    frame = frame.with_columns(pl.col(pl.Float64, pl.Float32).fill_nan(None))
    place, units = dense(codes) if codes is not None else (np.arange(frame.height), frame.height)
    choosing = pl.Series(_choosing(place, units))
    planned = [column for name, role in roles for column in _planned(frame, name, role, task, classes, choosing)]
    counts, rest = Counter(planned).count(frame), frame.filter(~choosing)
    part = len(np.unique(place[(~choosing).to_numpy()])) / max(units, 1)
    columns = [_counted(column, counts.columns[i], rest, part) for i, column in enumerate(planned)]
    if codes is not None:
        columns = [_with_correlation(column, frame, place, units) for column in columns]
    return Profile(task=task, classes=tuple(classes), rows=frame.height, unit=unit, units=units,
                   columns=tuple(columns), private=tuple(private))  # fmt: skip


def _choosing(place: NDArray[np.int64], units: int) -> NDArray[np.bool_]:
    """(n,) whether a row is of those that choose: whole units at random."""
    order = np.random.default_rng(0).permutation(units)
    chosen: NDArray[np.bool_] = (order < round(units * CHOOSE))[place]
    return chosen


def _planned(
    frame: pl.DataFrame, name: str, role: Role, task: str, classes: Sequence[Any], choosing: pl.Series
) -> list[Column]:
    """The columns to count that a column of the frame gives: cells without counts yet."""
    values = frame.get_column(between(name) if role in ANSWERS else name)
    dtype = values.dtype
    about: dict[str, Any] = {"role": role, "dtype": dtype_name(dtype)}
    is_class = task == "classification" and (role == "label" or (role == "prediction" and name == PREDICTION))
    if not known(values) and not is_class:
        return [Column(name=name, kind="described", **about)]
    if is_class or dtype == pl.Boolean:
        return [_values(Column(name=name, kind="values", **about), values, classes if is_class else ())]
    if dtype.is_numeric():
        return [_numeric(Column(name=name, kind="numeric", **about), values)]
    if dtype == pl.String or dtype.base_type() in (pl.Categorical, pl.Enum):
        about["dtype"] = "String"
        if not _is_prose(values.cast(pl.String).drop_nulls()):
            return [_chosen(_values(Column(name=name, kind="values", **about), values, ()), values, choosing)]
        parts = [Column(name=f"{name}{what}", kind="numeric", of=name, **about) for what in (CHARACTERS, WORDS)]
        return [_numeric(part, values) for part in parts]
    return [_described(Column(name=name, kind="described", **about), values)]


def _is_prose(texts: pl.Series) -> bool:
    """Text that hardly any two rows share, or that is long: no values to count."""
    some = texts.head(PROBE)
    different = some.n_unique()
    if different <= VALUES:
        return False
    once = int(some.value_counts().to_series(1).eq(1).sum())
    lengths: Any = some.str.len_chars().mean()
    return once > different / 2 or different > len(some) / 2 or lengths > LONG


def _numeric(column: Column, values: pl.Series) -> Column:
    numbers = readable(column, values).drop_nulls().cast(pl.Float64).to_numpy()
    edges, distinct = edges_of(numbers)
    finite = numbers[np.isfinite(numbers)]
    facts: dict[str, Any] = {"edges": tuple(edges.tolist()), "counts": (0,) * (len(edges) + 1), "distinct": distinct}
    if len(finite):
        with np.errstate(over="ignore", invalid="ignore"):
            mean, sd = float(finite.mean()), float(finite.std())
        facts["mean"] = mean if np.isfinite(mean) else float(np.sort(finite)[len(finite) // 2])
        facts["sd"] = sd if np.isfinite(sd) else None
        facts |= {"low": float(finite.min()), "high": float(finite.max())}
    return msgspec.structs.replace(column, **facts)


def _values(column: Column, values: pl.Series, classes: Sequence[Any]) -> Column:
    texts = as_texts(values, column.dtype).drop_nulls()
    found = texts.value_counts().sort(pl.nth(1), pl.nth(0), descending=[True, False])
    named = found.to_series(0).to_list()
    all_classes = as_texts(pl.Series(classes, dtype=values.dtype), column.dtype).to_list() if len(classes) else []
    keep = [*all_classes, *(text for text in named if text not in set(all_classes))][:VALUES]
    distinct = len(set(named) | set(all_classes))
    return msgspec.structs.replace(column, values=tuple(keep), counts=(0,) * (len(keep) + 1), distinct=distinct)


def _chosen(column: Column, values: pl.Series, choosing: pl.Series) -> Column:
    """Where values are rare, the reference's most frequent ones are more frequent there than anywhere else, and a value
    that it does not have is new by chance: so a part of the rows chooses those that have a bar, the others are counted.
    """
    texts = as_texts(values, column.dtype)
    fewest: Any = texts.drop_nulls().value_counts().to_series(1).min()
    if column.distinct <= len(column.values) and fewest >= FREQUENT:
        return column
    found = texts.filter(choosing).drop_nulls().value_counts().sort(pl.nth(1), pl.nth(0), descending=[True, False])
    common = found.filter(pl.nth(1) >= SEEN).to_series(0).head(VALUES).to_list()
    keep = [*common, *(text for text in column.values if text not in set(common))][:VALUES]
    bars = tuple(range(len(common) + 1))
    return msgspec.structs.replace(column, values=tuple(keep), counts=(0,) * (len(keep) + 1), bars=bars)


def _described(column: Column, values: pl.Series) -> Column:
    facts: dict[str, Any] = {} if values.dtype.is_nested() else {"distinct": values.drop_nulls().n_unique()}
    if isinstance(values.dtype, pl.Date | pl.Datetime):
        low, high = extremes(values)
        facts |= {"low": float(low), "high": float(high)}
    return msgspec.structs.replace(column, **facts)


def _counted(column: Column, found: ColumnCounts, rest: pl.DataFrame, part: float) -> Column:
    """With the counts of all rows; where some have chosen the bars, of the others, which are so many of the units."""
    numeric = column.kind == "numeric"
    if not numeric and column.bars:
        found, column = Counter([column]).count(rest).columns[0], msgspec.structs.replace(column, part=part)
    bars = bars_of(found.cells, column.distinct) if numeric else column.bars or tuple(range(len(found.cells)))
    return msgspec.structs.replace(column, counts=tuple(found.cells.tolist()), bars=bars, nulls=found.nulls)


def _with_correlation(column: Column, frame: pl.DataFrame, units: NDArray[np.int64], count: int) -> Column:
    values = readable(column, frame.get_column(source_of(column)))
    there = (values.is_not_null() & values.is_not_nan() if values.dtype.is_float() else values.is_not_null()).to_numpy()
    nulls = 0.0 if column.role in ANSWERS else correlation(there.astype(np.int8), units, count)
    if column.kind == "described" or not there.any():
        return msgspec.structs.replace(column, icc_nulls=nulls)
    column = msgspec.structs.replace(column, icc_nulls=nulls)
    return with_likeness(column, _cells(column, values.filter(pl.Series(there))), units[there])


def _cells(column: Column, values: pl.Series) -> NDArray[np.integer]:
    """(n,) the cell of each value."""
    if column.kind == "numeric":
        return Cutter(np.array(column.edges)).codes(values.cast(pl.Float64).to_numpy())
    last = len(column.values)
    known_values = list(column.values)
    return values.replace_strict(known_values, list(range(last)), default=last, return_dtype=pl.Int64).to_numpy()
