"""Values as the reference's column takes them: leniently, and what does not fit is said to be odd, not an error.

A window may hold text where the reference had numbers, 0 and 1 for false and true, or moments written out. What can be
read as a value of the column's kind is one; the rest is missing, and counted as odd.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from mfbench.drift.profile import Column

CHARACTERS, WORDS = " · characters", " · words"
WIDE = (pl.Int128, pl.UInt128)
ANSWERS = ("prediction", "label")  # the roles whose columns stand between underscores


def between(name: str) -> str:
    """The name of an answer or of the label beside the inputs."""
    return name if name.startswith("__") else f"__{name}__"


def source_of(column: Column) -> str:
    """The column of a frame (see seen.py) that holds the values."""
    name = column.of or column.name
    return between(name) if column.role in ANSWERS else name


def known(values: pl.Series) -> int:
    """Rows with a value: neither null nor NaN."""
    missing = values.null_count()
    if values.dtype.is_float():
        missing += int(values.is_nan().sum())
    return len(values) - missing


def readable(column: Column, values: pl.Series) -> pl.Series:
    """(n,) numbers, text or moments, as the column's kind has them, null where a value cannot be read as such."""
    if column.of is not None:
        texts = as_texts(values, "String")
        return texts.str.len_chars() if column.name.endswith(CHARACTERS) else texts.str.count_matches(r"\S+")
    if column.kind == "numeric":
        return as_numbers(values)
    return as_texts(values, column.dtype) if column.kind == "values" else as_described(values, column.dtype)


def as_numbers(values: pl.Series) -> pl.Series:
    """Numbers as they are, text as the number that it is written as."""
    values = _plain(values)
    if values.dtype.is_numeric():
        return values
    if values.dtype == pl.String:
        return values.str.strip_chars().cast(pl.Float64, strict=False)
    return values.cast(pl.Int8 if values.dtype == pl.Boolean else pl.Float64) if _casts(values) else _none(values)


def as_texts(values: pl.Series, dtype: str) -> pl.Series:
    """Text by which values of a column of `dtype` are told apart: 1.0 is "1" among integers, "true" among truths."""
    values = _plain(values)
    if not (_casts(values) or values.dtype == pl.String):
        return _none(values, pl.String())
    if values.dtype.is_float():
        values = values.fill_nan(None)
        whole = dtype in ("String", "Boolean") and bool((values == values.round()).all())
        values = values.cast(pl.Int64, strict=False) if whole else values
    if dtype == "Boolean" and values.dtype != pl.Boolean:
        texts = values.cast(pl.String).str.strip_chars().str.to_lowercase()
        return texts.replace(["1", "0"], ["true", "false"])
    if dtype.startswith(("Int", "UInt", "Float")):
        numbers = as_numbers(values)
        if dtype.startswith("Float") or not numbers.dtype.is_float():
            kind = pl.Float64 if dtype.startswith("Float") else pl.Int64
            return numbers.cast(kind, strict=False).cast(pl.String)
        integers = numbers.cast(pl.Int64, strict=False).cast(pl.String)
        return integers.zip_with(numbers.is_null() | (numbers == numbers.round()), numbers.cast(pl.String))
    return values.cast(pl.String)


def as_described(values: pl.Series, dtype: str) -> pl.Series:
    """Moments, from text too; other values as they are."""
    if dtype.startswith(("Date", "Datetime")):
        return as_moments(values)
    return values


def as_moments(values: pl.Series) -> pl.Series:
    """(n,) Datetime(us, UTC): dates as midnight, moments without a zone as UTC, text as ISO writes them, else null."""
    values = _plain(values)
    kind = pl.Datetime("us", "UTC")
    if values.dtype == pl.String:
        texts = values.str.strip_chars()
        # Polars reads either moments with a zone or without in one go; dates are neither.
        zoned = texts.str.to_datetime(time_zone="UTC", time_unit="us", strict=False) if _zoned(texts) else None
        naive = _naive(texts).dt.replace_time_zone("UTC")
        return naive if zoned is None else zoned.fill_null(naive) if naive.null_count() < len(naive) else zoned
    if values.dtype == pl.Date:
        return values.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if isinstance(values.dtype, pl.Datetime):
        moments = values.dt.replace_time_zone("UTC") if values.dtype.time_zone is None else values
        return moments.cast(kind)
    return pl.Series(values.name, [None] * len(values), dtype=kind)


def _naive(texts: pl.Series) -> pl.Series:
    plain = pl.Series([None] * len(texts), dtype=pl.Datetime("us"))
    for pattern in ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"):
        if plain.null_count():
            plain = plain.fill_null(texts.str.to_datetime(pattern, time_unit="us", strict=False))
    dates = texts.str.to_date("%Y-%m-%d", strict=False) if plain.null_count() else None
    return plain if dates is None else plain.fill_null(dates.cast(pl.Datetime("us")))


def _zoned(texts: pl.Series) -> bool:
    return bool(texts.head(1000).str.contains(r"(Z|[+-]\d\d:?\d\d)$").any()) and bool(
        texts.head(1000).str.contains(r"^\d{4}-\d\d-\d\d[T ]").any()
    )


def _plain(values: pl.Series) -> pl.Series:
    """Categories as text, decimals and integers beyond 64 bits, which NumPy does not know, as floats."""
    if values.dtype.base_type() in (pl.Categorical, pl.Enum):
        return values.cast(pl.String)
    return values.cast(pl.Float64) if values.dtype.is_decimal() or values.dtype in WIDE else values


def _casts(values: pl.Series) -> bool:
    return values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.Null)


def _none(values: pl.Series, dtype: Any = None) -> pl.Series:
    return pl.Series(values.name, [None] * len(values), dtype=dtype or pl.Float64())
