"""Files of any of our formats, read in batches: memory does not grow with their size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from itertools import islice
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from mfbench.core.errors import FitError, UsageError
from mfbench.data.source import FORMATS, find_files, format_of
from mfbench.data.tidy import trimmed, with_times
from mfbench.data.unreadable import is_foreign, why_unreadable
from mfbench.recipe.schema import Csv

ROWS = 131_072  # of a batch
LINES = 20_000  # of JSON
Wanted = Callable[[dict[str, pl.DataType]], list[str]]  # of a file's columns those that are needed, one at least
Listed = str | Path | Sequence[str | Path]


def list_files(data: Listed) -> list[Path]:
    """Names, globs and folders with all that lies below them; what begins with a dot is not whole yet. Sorted."""
    found: list[Path] = []
    for each in [data] if isinstance(data, str | Path) else data:
        path = Path(each).expanduser()
        if path.is_dir():
            inside = [item for item in sorted(path.rglob("*")) if _is_data(item.relative_to(path), item)]
            if not inside:
                hint = f"a data file ends in {', '.join(FORMATS)}"
                raise UsageError("there is no data file in the folder", where=str(each), hint=hint)
            found += inside
        else:
            try:
                found += find_files(str(each), Path.cwd())
            except FitError as error:  # it names a recipe's key, and there is no recipe here
                raise UsageError(error.message, hint=error.hint) from None
    if not found:
        raise UsageError("no data is named")
    return list(dict.fromkeys(found))


def _is_data(below: Path, path: Path) -> bool:
    hidden = any(part.startswith((".", "_")) for part in below.parts)
    return not hidden and path.suffix.lower() in FORMATS and path.is_file()


def kind_of(file: Path, named: str | None) -> str:
    """'csv', 'parquet' or 'jsonl': by its ending, else as the training data was."""
    try:
        return format_of([file], None if file.suffix.lower() in FORMATS else named)
    except FitError as error:
        raise UsageError(error.message, hint=f"known endings: {', '.join(FORMATS)}") from None


def batches(file: Path, kind: str, csv: Csv, wanted: Wanted) -> Iterator[pl.DataFrame]:
    """The wanted columns of a file, at most ROWS rows at a time. CSV comes as text, whatever stands in it: another file
    or a later row may hold another type.

    Raises UsageError, naming the file, where it cannot be read.
    """
    try:
        if kind == "csv":
            yield from _csv(file, csv, wanted)
        else:
            yield from (_parquet if kind == "parquet" else _jsonl)(file, wanted)
    except (PolarsError, PanicException, OSError, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        told, hint = why_unreadable(file, kind, csv, error)
        hint = (hint or "").replace("set data.csv.separator =", "add --separator")
        raise UsageError(told, where=str(file), hint=None if "data." in hint else hint or None) from None


def _parquet(file: Path, wanted: Wanted) -> Iterator[pl.DataFrame]:
    import pyarrow.parquet as pq

    # Read by pages, so that one huge row group costs no more memory than many small ones.
    with pq.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False) as opened:
        empty = pl.DataFrame(pl.from_arrow(opened.schema_arrow.empty_table()))
        names = wanted(dict(empty.schema))
        for batch in opened.iter_batches(batch_size=ROWS, columns=names):
            yield pl.DataFrame(pl.from_arrow(batch)).select(names)


def _csv(file: Path, csv: Csv, wanted: Wanted) -> Iterator[pl.DataFrame]:
    with file.open("rb") as opened:
        head = opened.read(4096)
    if not head.strip() or is_foreign(head, csv):
        told, hint = why_unreadable(file, "csv", csv, None)
        raise UsageError(told, where=str(file), hint=hint)
    utf8 = csv.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
    separator = "\t" if file.suffix.lower() == ".tsv" and csv.separator == "," else csv.separator
    scan = pl.scan_csv(
        file if utf8 else BytesIO(file.read_bytes().decode(csv.encoding).encode()),
        separator=separator,
        has_header=csv.header,
        null_values=list(csv.nulls),
        infer_schema=False,
        glob=False,
    )
    raw = scan.collect_schema()
    tidy = trimmed(pl.DataFrame(schema=raw), csv.nulls).columns
    names = wanted({name: pl.String() for name in tidy})
    old = dict(zip(tidy, raw.names(), strict=True))
    columns = [pl.col(_literal(old[name])).alias(name) for name in names]
    if csv.decimal_comma:
        columns = [column.str.replace(r"^(\s*[+-]?\d*),(\d+\s*)$", "${1}.${2}") for column in columns]
    yield from scan.select(columns).collect_batches(chunk_size=ROWS, maintain_order=True)


def _literal(name: str) -> str:
    """A column by its name, which Polars would read as a pattern were it '^…$'."""
    if name == "*" or (name.startswith("^") and name.endswith("$")):
        raise UsageError(f"there is a column called {name!r}, which cannot be told from a pattern", hint="rename it")
    return name


def _jsonl(file: Path, wanted: Wanted) -> Iterator[pl.DataFrame]:
    with file.open("rb") as opened:
        lines = (line for line in opened if line.strip())
        while some := list(islice(lines, LINES)):
            batch = with_times(pl.read_ndjson(BytesIO(b"".join(some)), infer_schema_length=None))
            yield batch.select(wanted(dict(batch.schema)))
