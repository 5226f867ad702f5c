"""What a column looks like in the training and in the test rows: few numbers, safe to show around.

Bounded whatever the data: twenty bars, twelve values, some hundred columns. Text that tells rows apart (names, ids,
addresses) is counted and never listed.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import polars as pl

BINS, TOP, LONGEST = 20, 12, 80
MOST_COLUMNS = 500  # the others are only named
WHOLE_BINS = 32  # whole numbers within so many get a bar each: hours, days of a month
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def profile_column(name: str, kind: str, train: pl.Series, test: pl.Series) -> dict[str, Any]:
    """{name, dtype, kind, missing, distinct, numeric, histogram, top} of one column.

    missing: share of null and NaN in each part. distinct: different values in both. numeric: of the training rows.
    histogram: counts between `edges` that both parts share, from the 1st to the 99th per cent; the outermost bars hold
    what lies beyond; edges of a `datetime` are seconds since 1970, UTC. top: [value, share of the training rows, share
    of the test rows], most frequent in training first. Infinities are no part of numeric and histogram.
    """
    told: dict[str, Any] = {
        "name": name, "dtype": str(train.dtype), "kind": kind, "numeric": None, "histogram": None, "top": None,
        "missing": {"train": _missing(train), "test": _missing(test)},
        "distinct": None if train.dtype.is_nested() else pl.concat([train, test]).drop_nulls().n_unique(),
    }  # fmt: skip
    if kind == "drop" or train.dtype.is_nested() or train.dtype in (pl.Binary, pl.Object):
        return told
    if (
        kind == "categorical"
        or train.dtype in (pl.Boolean, pl.String)
        or isinstance(train.dtype, pl.Categorical | pl.Enum)
    ):
        return {**told, "top": _top(train, test, told["distinct"])}
    numbers = [_numbers(values) for values in (train, test)]
    told["histogram"] = _histogram(*numbers, whole=train.dtype.is_integer())
    if kind != "datetime" and len(numbers[0]):
        told["numeric"] = _numeric(numbers[0])
    return told


def named_only(name: str, kind: str, dtype: str = "") -> dict[str, Any]:
    """A column of which nothing but this is told."""
    empty = dict.fromkeys(("distinct", "numeric", "histogram", "top"))
    return {"name": name, "dtype": dtype, "kind": kind, "missing": {"train": None, "test": None}, **empty}


def _missing(values: pl.Series) -> float | None:
    if not len(values):
        return None
    nan = int(values.is_nan().sum()) if values.dtype.is_float() else 0
    return (values.null_count() + nan) / len(values)


def _numbers(values: pl.Series) -> pl.Series:
    """The finite values as floats, in order; moments and durations in seconds."""
    if isinstance(values.dtype, pl.Date | pl.Datetime):
        values = values.cast(pl.Datetime("us")).dt.epoch("us") / 1e6
    elif isinstance(values.dtype, pl.Duration):
        values = values.dt.total_microseconds() / 1e6
    elif isinstance(values.dtype, pl.Time):
        values = values.cast(pl.Int64) / 1e9
    numbers = values.cast(pl.Float64, strict=False).drop_nulls()
    return numbers.filter(numbers.is_finite()).sort()


def _numeric(ordered: pl.Series) -> dict[str, Any]:
    last = len(ordered) - 1
    return {
        "min": ordered[0], "max": ordered[last], "mean": ordered.mean(), "sd": ordered.std(),
        "quantiles": [ordered[round(q * last)] for q in QUANTILES],
    }  # fmt: skip


def _histogram(train: pl.Series, test: pl.Series, *, whole: bool) -> dict[str, Any] | None:
    parts = [part for part in (train, test) if len(part)]
    if not parts:
        return None
    low, high = (min(part[round(q * (len(part) - 1))] for part in parts) if q < 0.5 else
                 max(part[round(q * (len(part) - 1))] for part in parts) for q in (0.01, 0.99))  # fmt: skip
    edges = _edges(low, high, whole)
    if edges is None:
        return None
    counts = {}
    for part, ordered in (("train", train), ("test", test)):
        inner = ordered.search_sorted(pl.Series(edges[1:-1], dtype=pl.Float64), side="left").to_list()
        places = [0, *inner, len(ordered)]
        counts[part] = [after - before for before, after in pairwise(places)]
    return {"edges": edges, **counts}


def _edges(low: float, high: float, whole: bool) -> list[float] | None:
    """Strictly growing edges around both; None where the numbers are too large or too close for it."""
    if whole and high - low < WHOLE_BINS:
        return [low - 0.5 + i for i in range(int(high - low) + 2)]
    if low == high:
        room = abs(low) * 0.05 or 0.5
        low, high = low - room, high + room
    edges = [low + (high - low) * i / BINS for i in range(BINS)] + [high]
    growing = all(before < after for before, after in pairwise(edges))
    return edges if growing and all(map(math.isfinite, edges)) else None


def _top(train: pl.Series, test: pl.Series, distinct: int | None) -> list[list[Any]] | None:
    """The most frequent values; None where most values are met once: they would tell who the rows are."""
    known = len(train) - train.null_count() + len(test) - test.null_count()
    if not distinct or (distinct > TOP and distinct > known / 2):
        return None
    counts = train.drop_nulls().alias("value").value_counts(name="rows")
    found = counts.sort(["rows", "value"], descending=[True, False]).head(TOP)
    rows = []
    for value, count in found.iter_rows():
        here = int((test == value).sum())
        shown = value if isinstance(value, bool | int | float) else str(value)[:LONGEST]
        rows.append([shown, count / len(train), here / len(test) if len(test) else 0.0])
    return rows
