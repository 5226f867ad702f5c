"""Columns of text in the type that a person would give them. Loads Polars: imported when a table is read only."""

from __future__ import annotations

import re

import polars as pl

_PROBE = 100  # texts that are looked at before a whole column is converted
_DATE = r"^\d{4}-\d\d-\d\d$"
_MOMENT = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$"
_ZONED = r"(Z|[+-]\d\d:?\d\d)$"


def trimmed(frame: pl.DataFrame, nulls: tuple[str, ...]) -> pl.DataFrame:
    """Without the blanks that some writers put around names and numbers: ' 2' is a number too."""
    names = [_name(name, i) for i, name in enumerate(frame.columns)]
    if len(set(names)) == len(names):
        frame.columns = names
    columns = {}
    for column in frame:
        if column.dtype == pl.String and column.null_count() < len(column):
            few = column.drop_nulls().head(_PROBE).str.strip_chars()
            if not few.cast(pl.Float64, strict=False).is_null().any() or few.is_in(nulls).any():
                column = _number(column, nulls)
        columns[column.name] = column
    return pl.DataFrame(columns)


def _name(name: str, index: int) -> str:
    """A header's name as it is meant: quotes single again, no blanks around, a number where there is none."""
    name = name.strip().replace('""', '"')
    return f"column_{index}" if re.fullmatch(r"(_duplicated_\d+)?", name) else name


def _number(column: pl.Series, nulls: tuple[str, ...]) -> pl.Series:
    """The numbers that the texts are; the column itself where one is none."""
    texts = column.str.strip_chars()
    texts = texts.set(texts.is_in(nulls).fill_null(value=False), None)
    missing = texts.null_count()
    if missing == len(texts):
        return column
    for dtype in (pl.Int64, pl.Float64):
        numbers = texts.cast(dtype, strict=False)
        if numbers.null_count() == missing:
            return numbers
    return column


def with_times(frame: pl.DataFrame) -> pl.DataFrame:
    """JSON has no dates: a text column that holds nothing but ISO dates or times becomes one."""
    columns = {}
    for column in frame:
        texts = column.drop_nulls() if column.dtype == pl.String else column.clear()
        if len(texts):
            if texts.head(_PROBE).str.contains(_DATE).all() and texts.str.contains(_DATE).all():
                dates = column.str.to_date("%Y-%m-%d", strict=False)
                column = dates if dates.null_count() == column.null_count() else column
            elif texts.head(_PROBE).str.contains(_MOMENT).all() and texts.str.contains(_MOMENT).all():
                zone = "UTC" if texts.str.contains(_ZONED).any() else None
                moments = column.str.to_datetime(time_zone=zone, time_unit="us", strict=False)
                column = moments if moments.null_count() == column.null_count() else column
        columns[column.name] = column
    return pl.DataFrame(columns)
