"""From files to one table: every column in the type that a person would give it."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from mfbench.core.errors import FitError
from mfbench.data.unreadable import is_foreign, likely_separator, why_unreadable
from mfbench.recipe.schema import Csv

if TYPE_CHECKING:
    import polars as pl

KEY = ("data", "source")
_PROBE = 100  # texts that are looked at before a whole column is converted
_DATE = r"^\d{4}-\d\d-\d\d$"
_MOMENT = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$"
_ZONED = r"(Z|[+-]\d\d:?\d\d)$"


def read_table(files: list[Path], kind: str, csv: Csv) -> pl.DataFrame:
    """All files as one table, rows in the files' order; times with a zone are in UTC.

    kind: 'csv', 'parquet' or 'jsonl'. Raises FitError where a file cannot be read or the files do not agree.
    """
    import polars as pl
    from polars.exceptions import PanicException, PolarsError

    frames = []
    for file in files:
        try:
            frames.append(_plain(_read_one(file, kind, csv)))
        except (PolarsError, OSError, UnicodeDecodeError, PanicException) as error:
            message, hint = why_unreadable(file, kind, csv, error)
            raise FitError(KEY, message, hint) from None
    first = frames[0]
    for file, frame in zip(files[1:], frames[1:], strict=True):
        odd = set(frame.columns) ^ set(first.columns)
        if odd:
            has, lacks = (file, files[0]) if min(odd) in frame.columns else (files[0], file)
            raise FitError(KEY, f"{has.name} has a column {min(odd)!r} that {lacks.name} does not have")
    if len(frames) > 1:  # a column without a value in one file takes the type that it has in the others
        frames = [frame.select(_untyped(frame[name]) for name in first.columns) for frame in frames]
    try:
        table = pl.concat(frames, how="vertical_relaxed")
    except PolarsError as error:
        raise FitError(KEY, f"the files' types do not agree: {str(error).splitlines()[0]}") from None
    table = table.select(column.cast(pl.String) if column.dtype == pl.Null else column for column in table)
    if table.height == 0:
        raise FitError(KEY, f"there are no rows in {', '.join(file.name for file in files)}")
    return table


def _read_one(file: Path, kind: str, csv: Csv) -> pl.DataFrame:
    import polars as pl

    with file.open("rb") as opened:
        head = opened.read(4096)
    if not head:
        rows = "a header and rows" if kind == "csv" else "rows"
        raise FitError(KEY, f"{file.name} is empty: expected {rows}, found 0 bytes")
    if kind == "parquet":
        return pl.read_parquet(file, glob=False)
    if kind == "jsonl":
        return _with_times(pl.read_ndjson(file, infer_schema_length=None))
    if is_foreign(head, csv):
        raise FitError(KEY, *why_unreadable(file, kind, csv, None))
    separator = "\t" if file.suffix.lower() == ".tsv" and csv.separator == "," else csv.separator
    utf8 = csv.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
    frame = pl.read_csv(
        file if utf8 else BytesIO(file.read_bytes().decode(csv.encoding).encode()),
        separator=separator,
        has_header=csv.header,
        null_values=list(csv.nulls),
        decimal_comma=csv.decimal_comma,
        infer_schema_length=None,  # all rows: a guess from the first hundred fails on the first odd one
        try_parse_dates=True,
        glob=False,
    )
    other = likely_separator(frame.columns[0], separator) if frame.width == 1 else None
    if other:
        message = f"{file.name} has only one column, {frame.columns[0]!r}: {separator!r} is not its separator"
        raise FitError(KEY, message, f"set data.csv.separator = {other}")
    return _trimmed(frame, csv.nulls)


def _trimmed(frame: pl.DataFrame, nulls: tuple[str, ...]) -> pl.DataFrame:
    """Without the blanks that some writers put around names and numbers: ' 2' is a number too."""
    import polars as pl

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
    import polars as pl

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


def _with_times(frame: pl.DataFrame) -> pl.DataFrame:
    """JSON has no dates: a text column that holds nothing but ISO dates or times becomes one."""
    import polars as pl

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


def _untyped(column: pl.Series) -> pl.Series:
    import polars as pl

    return column.cast(pl.Null) if column.null_count() == len(column) else column


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Zoned times in UTC, decimals as floats, categories as text: one type for one meaning."""
    import polars as pl
    import polars.selectors as cs

    return frame.with_columns(
        cs.datetime(time_zone="*").dt.convert_time_zone("UTC"),
        cs.decimal().cast(pl.Float64),
        cs.by_dtype(pl.Categorical, pl.Enum).cast(pl.String),
    )
