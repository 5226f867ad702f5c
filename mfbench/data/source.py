"""From a recipe's `source` to files, and from files to one table."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import msgspec

from mfbench.core.errors import FitError
from mfbench.core.hashing import digest_file, digest_value
from mfbench.core.ids import random_text
from mfbench.core.text import did_you_mean

FORMATS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
}  # fmt: skip
KEY = ("data", "source")
_SETTLED = 2.0  # seconds after which a file's time stamp tells a later change apart


def find_files(source: str | tuple[str, ...] | list[str], folder: Path) -> list[Path]:
    """The files that names, globs and folders mean, relative to `folder`, sorted within each pattern."""
    found: list[Path] = []
    for pattern in [source] if isinstance(source, str) else source:
        if "://" in pattern:
            raise FitError(KEY, f"{pattern!r}: remote sources are not built yet", "name a file, a glob or a folder")
        path = folder / Path(pattern).expanduser()
        if path.is_dir():
            files = sorted(item for item in path.iterdir() if item.suffix.lower() in FORMATS)
        elif path.is_file():
            files = [path]
        elif any(sign in pattern for sign in "*?["):
            anchor = Path(path.anchor)
            files = sorted(item for item in anchor.glob(str(path.relative_to(anchor))) if item.is_file())
        else:
            near = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
            hint = did_you_mean(path.name, near) if near else f"the folder {path.parent} does not exist either"
            raise FitError(KEY, f"there is no file {pattern!r} (looked in {path.parent})", hint)
        if not files:
            raise FitError(KEY, f"{pattern!r} matches no file (looked in {folder})")
        found += [file for file in files if file not in found]
    return found


def format_of(files: list[Path], named: str | None) -> str:
    """'csv', 'parquet' or 'jsonl': as named, else by the file's ending."""
    if named:
        return named
    kinds = {FORMATS.get(file.suffix.lower()) for file in files}
    if len(kinds) > 1:
        raise FitError(KEY, "the files have different formats", "set data.format, or name files of one kind")
    kind = kinds.pop()
    if kind is None:
        raise FitError(KEY, f"the format of {files[0].name!r} is not known", "set data.format: csv, parquet or jsonl")
    return kind


def digest_sources(files: list[Path], memory: Path | None = None) -> str:
    """One digest over the contents of the files, in order.

    `memory` is a folder that remembers a file's digest by its size, inode and time of change, so that
    gigabytes are not read again for a cached run. A file changed within the last two seconds is never
    remembered: a second change could carry the same time stamp.
    """
    return digest_value([_digest_one(file, memory) for file in files])


def _digest_one(file: Path, memory: Path | None) -> str:
    if memory is None:
        return digest_file(file)
    stat = file.stat()
    stamp = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
    note = memory / f"{digest_value(os.fspath(file.absolute()))[:32]}.json"
    try:
        seen = msgspec.json.decode(note.read_bytes())
        if seen["stamp"] == stamp:
            return str(seen["digest"])
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        pass
    digest = digest_file(file)
    if time.time() - stat.st_mtime > _SETTLED and time.time() - stat.st_ctime > _SETTLED:
        memory.mkdir(parents=True, exist_ok=True)
        staged = note.with_name(f".{random_text(10)}")
        staged.write_bytes(msgspec.json.encode({"stamp": stamp, "digest": digest}))
        staged.replace(note)
    return digest


def read_table(files: list[Path], kind: str, csv: Any) -> Any:
    """All files as one pl.DataFrame, rows in the files' order; times with a zone are in UTC.

    `csv` is a recipe.schema.Csv. Raises FitError where a file cannot be read or the files do not agree.
    """
    import polars as pl
    from polars.exceptions import PolarsError

    frames = []
    for file in files:
        try:
            frames.append(_plain(_read_one(file, kind, csv)))
        except (PolarsError, OSError, UnicodeDecodeError) as error:
            first = (str(error) or type(error).__name__).splitlines()[0]
            hint = "is the separator right? set data.csv.separator" if kind == "csv" else None
            raise FitError(KEY, f"{file.name} cannot be read as {kind}: {first}", hint) from None
    for file, frame in zip(files[1:], frames[1:], strict=True):
        odd = set(frame.columns) ^ set(frames[0].columns)
        if odd:
            raise FitError(KEY, f"{file.name} and {files[0].name} differ in column {min(odd)!r}")
    try:
        table = pl.concat([frame.select(frames[0].columns) for frame in frames], how="vertical_relaxed")
    except PolarsError as error:
        raise FitError(KEY, f"the files' types do not agree: {str(error).splitlines()[0]}") from None
    if table.height == 0:
        raise FitError(KEY, f"there are no rows in {', '.join(file.name for file in files)}")
    return table


def _read_one(file: Path, kind: str, csv: Any) -> Any:
    import polars as pl

    if kind == "parquet":
        return pl.read_parquet(file, glob=False)
    if kind == "jsonl":
        return pl.read_ndjson(file, infer_schema_length=None)
    if file.stat().st_size == 0:
        raise FitError(KEY, f"{file.name} is empty")
    return pl.read_csv(
        file,
        separator="\t" if file.suffix == ".tsv" and csv.separator == "," else csv.separator,
        has_header=csv.header,
        null_values=list(csv.nulls),
        decimal_comma=csv.decimal_comma,
        infer_schema_length=None,  # all rows: a guess from the first hundred fails on the first odd one
        try_parse_dates=True,
        glob=False,
    )


def _plain(frame: Any) -> Any:
    """Zoned times in UTC, decimals as floats, categories as text: one type for one meaning."""
    import polars as pl
    import polars.selectors as cs

    return frame.with_columns(
        cs.datetime(time_zone="*").dt.convert_time_zone("UTC"),
        cs.decimal().cast(pl.Float64),
        cs.by_dtype(pl.Categorical, pl.Enum).cast(pl.String),
    )
