"""Rows of any number as a table, CSV, JSON or Parquet, to stdout or to a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from mfbench.cli.common import cell, narrate, plain, print_table

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = ("table", "csv", "json", "parquet")
_ENDINGS = {".csv": "csv", ".json": "json", ".parquet": "parquet", ".pq": "parquet", ".tsv": "table", ".txt": "table"}
SHOWN = 100  # rows of a table on a terminal, unless told otherwise

format_option = click.option(
    "--format", "form", type=click.Choice(FORMATS), help="[default: by FILE's ending, else table]"
)
output_option = click.option("-o", "--output", metavar="FILE", help="Write to FILE; '-' is stdout.")
force_option = click.option("--force", is_flag=True, help="Replace FILE where it is there.")


def chosen(form: str | None, output: str | None, as_json: bool) -> str:
    """The format that was asked for, or that the file's ending says."""
    if as_json:
        if form not in (None, "json"):
            raise click.UsageError(f"--json and --format {form} exclude each other")
        return "json"
    ending = Path(output).suffix.lower() if output and output != "-" else ""
    if form is None and ending and ending not in _ENDINGS:
        raise click.UsageError(f"the format of a {ending} file is not known: name it with --format")
    form = form or _ENDINGS.get(ending, "table")
    if form == "parquet" and output in (None, "-") and sys.stdout.isatty():
        raise click.UsageError("Parquet is nothing for a terminal: name a file with --output")
    return form


def on_terminal(form: str, output: str | None) -> bool:
    """Whether the rows will be a table that a person looks at."""
    return form == "table" and output in (None, "-") and sys.stdout.isatty()


def write(form: str, output: str | None, force: bool, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Writes all rows, however many, in little memory; on a terminal a table is drawn of all at once.

    A file comes into being whole or not at all. Raises UsageError where it is there, unless `force`.
    """
    if on_terminal(form, output):
        _draw(schema, batches)
        return
    with _destination(output, force) as stream:
        rows = _writers()[form](schema, batches, stream)
    if output not in (None, "-"):
        narrate(f"{rows:,} {'row' if rows == 1 else 'rows'}: {output}")


def refuse_existing(output: str | None, force: bool) -> None:
    """Raises UsageError for a folder, or where there is none for the file, and for a file that is there unless `force`:
    before long work, not after it."""
    from mfbench.core.errors import UsageError

    target = Path(output or "-")
    if output in (None, "-"):
        return
    if not target.parent.is_dir():
        raise UsageError("there is no such folder", where=str(target.parent), hint="make it, or name another")
    if not target.exists():
        return
    if target.is_dir():
        raise UsageError("this is a folder", where=str(target), hint="name a file in it")
    if target.is_file() and not force:
        raise UsageError("this file is there already", where=str(target), hint="--force replaces it")


def _writers() -> dict[str, Callable[[Any, Iterable[Any], IO[bytes]], int]]:
    return {"table": _tabs, "csv": _csv, "json": _json, "parquet": _parquet}


@contextmanager
def _destination(output: str | None, force: bool) -> Iterator[IO[bytes]]:
    from mfbench.core.errors import UsageError, from_os
    from mfbench.core.ids import random_text

    if output in (None, "-"):
        stream = sys.stdout.buffer
        yield stream
        stream.flush()
        return
    target = Path(str(output))
    refuse_existing(output, force)
    if target.exists() and not target.is_file():  # a pipe or a device takes the rows as they come
        with target.open("wb") as device:
            yield device
        return
    real = Path(os.path.realpath(target))
    staged = real.with_name(f".{real.name[:100]}.{random_text(8)}")
    try:
        with staged.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if force:
            staged.replace(real)
        else:
            os.link(staged, real)  # unlike a rename, never in the place of a file that came meanwhile
    except FileExistsError:
        raise UsageError("this file is there already", where=str(target), hint="--force replaces it") from None
    except OSError as error:
        error.filename = str(target)
        raise from_os(error, "the rows cannot be written") from error
    finally:
        staged.unlink(missing_ok=True)


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[list[tuple[Any, ...]]]:
    """Python values, a batch at a time."""
    for batch in batches:
        yield list(zip(*(_values(column) for column in batch.columns), strict=True))


def _values(column: pa.Array) -> list[Any]:
    import pyarrow.types as types

    values: list[Any] = column.to_pylist(maps_as_pydicts="lossy")
    if types.is_decimal(column.type):  # of scale 0 is what a sum of whole numbers is
        kind = float if column.type.scale else int
        return [None if value is None else kind(value) for value in values]
    return values


def _draw(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    import pyarrow.types as types

    numeric = [types.is_integer, types.is_floating, types.is_decimal]
    right = [field.name for field in schema if any(is_a(field.type) for is_a in numeric)]
    print_table([cell(name) for name in schema.names], [row for part in _rows(batches) for row in part], right)


def _tabs(schema: pa.Schema, batches: Iterable[pa.RecordBatch], stream: IO[bytes]) -> int:
    def line(values: Iterable[Any]) -> bytes:
        return ("\t".join(cell(value).replace("\t", " ").replace("\n", " ") for value in values) + "\n").encode()

    stream.write(line(schema.names))
    count = 0
    for rows in _rows(batches):
        stream.write(b"".join(map(line, rows)))
        count += len(rows)
    return count


def _csv(schema: pa.Schema, batches: Iterable[pa.RecordBatch], stream: IO[bytes]) -> int:
    """Lists and maps as JSON in their cell."""
    import msgspec
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.types as types

    def flat(column: pa.Array) -> pa.Array:
        if types.is_nested(column.type) or types.is_binary(column.type):
            values = column.to_pylist(maps_as_pydicts="lossy")
            return pa.array(
                [None if v is None else msgspec.json.encode(plain(v)).decode() for v in values], pa.string()
            )
        return column

    nested = pa.schema(
        [pa.field(f.name, flat(pa.array([], f.type)).type) for f in schema]  # what each column becomes
    )
    count = 0
    with pyarrow.csv.CSVWriter(stream, nested) as writer:
        for batch in batches:
            writer.write_batch(pa.RecordBatch.from_arrays([flat(column) for column in batch.columns], schema=nested))
            count += batch.num_rows
    return count


def _json(schema: pa.Schema, batches: Iterable[pa.RecordBatch], stream: IO[bytes]) -> int:
    """One line with one array: NaN and infinities as null, times as ISO text."""
    import msgspec
    import pyarrow.types as types

    encode = msgspec.json.Encoder().encode
    bare = [types.is_floating, types.is_integer, types.is_boolean, types.is_string]  # which the encoder does right
    count = 0
    for batch in batches:
        columns = [
            _values(column) if any(is_a(column.type) for is_a in bare) else [plain(value) for value in _values(column)]
            for column in batch.columns
        ]
        lines = [encode(dict(zip(schema.names, row, strict=True))) for row in zip(*columns, strict=True)]
        stream.write((b"," if count else b"[") + b",".join(lines))
        count += batch.num_rows
    stream.write(b"]\n" if count else b"[]\n")
    return count


def _parquet(schema: pa.Schema, batches: Iterable[pa.RecordBatch], stream: IO[bytes]) -> int:
    import pyarrow as pa
    import pyarrow.parquet

    count = 0
    group: list[pa.RecordBatch] = []
    with pyarrow.parquet.ParquetWriter(stream, schema) as writer:
        for batch in batches:
            group.append(batch)
            count += batch.num_rows
            if sum(part.num_rows for part in group) >= 100_000:  # a row group of its own for each would be slow to read
                writer.write_table(pa.Table.from_batches(group, schema))
                group = []
        if group:
            writer.write_table(pa.Table.from_batches(group, schema))
    return count
