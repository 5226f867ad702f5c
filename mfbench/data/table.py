"""From files to one table."""

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


def read_table(files: list[Path], kind: str, csv: Csv) -> pl.DataFrame:
    """All files as one table, rows in the files' order; times with a zone are in UTC.

    kind: 'csv', 'parquet' or 'jsonl'. Raises FitError where a file cannot be read or the files do not agree.
    """
    import polars as pl
    from polars.exceptions import PanicException, PolarsError

    from mfbench.data.tidy import trimmed, with_times

    frames = []
    for file in files:
        try:
            frame = _named(_read_one(file, kind, csv), file)
            if kind == "csv":
                frame = trimmed(frame, csv.nulls)
            elif kind == "jsonl":
                frame = with_times(frame)
            frames.append(_plain(frame))
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
        return pl.read_ndjson(file, infer_schema_length=None)
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
    return frame


def _named(frame: pl.DataFrame, file: Path) -> pl.DataFrame:
    """The table, if its columns' names can be told from the patterns that Polars reads them as."""
    odd = next((name for name in frame.columns if name == "*" or re.fullmatch(r"\^.*\$", name, re.DOTALL)), None)
    if odd is not None:
        raise FitError(
            KEY, f"{file.name} has a column called {odd!r}, which cannot be told from a pattern", "rename it"
        )
    return frame


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
