"""Parquet files: columns, number of rows, then column by column. One column of each is in memory at a time."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from mfbench.compare.difference import Difference, shown

_ABSENT = "not there"


def compare_tables(file: str, before: Path, after: Path) -> Difference | None:
    """The first column that differs, with the first row in it; None where every value is equal.

    Rows are counted from 1. `count` is how many rows differ in any column, `others` how many more columns do. Where
    one table has more rows, those that both have are compared.
    """
    old, new = (_scan(path).collect_schema() for path in (before, after))
    told = _schema(file, old, new)
    if told is not None:
        return told
    heights = [_scan(path).select(pl.len()).collect().item() for path in (before, after)]
    height = min(heights)
    rows = pl.Series([False], dtype=pl.Boolean).new_from_index(0, height)
    first: Difference | None = None
    others = 0
    for name in old:
        left, right = (_read(path, name).head(height) for path in (before, after))
        odd = differing(left, right)
        if odd.any():
            rows |= odd
            others += first is not None
            first = first or _column(file, left, right, odd)
    if heights[0] != heights[1]:
        place = f"; {first.where}: {first.before} → {first.after}" if first else f"; the first {height:,} are equal"
        return Difference(
            file=file, kind="rows", where="rows" + (f" ({first.where})" if first else ""),
            before=f"{heights[0]:,}", after=f"{heights[1]:,}{place}", count=int(rows.sum()) or None,
            total=height or None, others=others,
        )  # fmt: skip
    if first is None:
        return None
    return msgspec.structs.replace(first, count=int(rows.sum()), total=height, others=others)


def _scan(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path, glob=False)  # a folder's name may look like a pattern


def _read(path: Path, column: str) -> pl.Series:
    return pl.read_parquet(path, columns=[column], glob=False).to_series()


def differing(before: pl.Series, after: pl.Series) -> pl.Series:
    """(n,) bool: where two series of one type differ. A null equals a null, NaN equals NaN, 0.0 not -0.0."""
    try:
        odd = before.ne_missing(after)
        return odd | (1 / before).ne_missing(1 / after) if before.dtype.is_float() else odd
    except (pl.exceptions.PolarsError, TypeError):  # a type that cannot be compared as it is
        pairs = zip(before.to_list(), after.to_list(), strict=True)
        return pl.Series([repr(one) != repr(two) for one, two in pairs], dtype=pl.Boolean)


def _schema(file: str, old: pl.Schema, new: pl.Schema) -> Difference | None:
    odd = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
    if odd:
        left, right = (str(schema[odd[0]]) if odd[0] in schema else _ABSENT for schema in (old, new))
        where, others = f"column {odd[0]!r}", len(odd) - 1
        return Difference(file=file, kind="column", where=where, before=left, after=right, others=others)
    if list(old) != list(new):
        place = next(i for i, (one, two) in enumerate(zip(old, new, strict=True)) if one != two)
        left, right = shown(list(old)[place]), shown(list(new)[place])
        return Difference(file=file, kind="column", where=f"column {place + 1} by order", before=left, after=right)
    return None


def _column(file: str, before: pl.Series, after: pl.Series, odd: pl.Series) -> Difference:
    row = odd.arg_max()
    assert row is not None
    largest = relative = None
    if before.dtype.is_numeric():
        whole = before.dtype.is_integer()  # 64 bits of a whole number are more than a float holds
        left, right = (side.filter(odd).cast(pl.Int128 if whole else pl.Float64) for side in (before, after))
        gap = (right - left).abs().cast(pl.Float64)
        share = gap / left.abs().cast(pl.Float64)
        largest, relative = (_most(values) for values in (gap, share))
    return Difference(
        file=file, kind="column", where=f"column {before.name!r}, row {row + 1:,}", before=shown(_plain(before[row])),
        after=shown(_plain(after[row])), largest=largest, relative=relative,
    )  # fmt: skip


def _plain(value: Any) -> Any:
    return value.to_list() if isinstance(value, pl.Series) else value


def _most(values: pl.Series) -> float | None:
    """The largest that is a finite number."""
    found = values.filter(values.is_finite()).max()
    return float(found) if isinstance(found, float) and math.isfinite(found) else None
