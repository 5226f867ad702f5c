"""Scoring a file with a model."""

from __future__ import annotations

from pathlib import Path

import msgspec
import polars as pl

from mfbench.bundle.model import Model
from mfbench.core.errors import FitError, MfbenchError, UsageError
from mfbench.core.ids import random_text
from mfbench.data.source import find_files, format_of, read_table
from mfbench.recipe.schema import Csv

_ENDINGS = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}


def score_file(model: Model, source: str, out: Path, *, force: bool = False, separator: str | None = None) -> int:
    """Writes the rows of `source` (a file, glob or folder) with the model's predictions; the number of rows.

    CSV is read as the training data was written, or with another `separator`. The output appears under its name
    once it is whole. Raises UsageError where it exists and `force` is not given, where a column is missing, and
    where an input column has the name of a prediction.
    """
    kind = _ENDINGS.get(out.suffix.lower())
    if kind is None:
        raise UsageError("the output's ending is not known", where=str(out), hint="use .csv, .parquet or .jsonl")
    if out.exists() and not force:
        raise UsageError("the output exists", where=str(out), hint="name another file, or replace it with --force")
    if not out.parent.is_dir():
        raise UsageError("the output's folder does not exist", where=str(out.parent))
    try:
        files = find_files(source, Path.cwd())
        written = msgspec.convert(model.manifest.reading.get("csv", {}), Csv)
        csv = msgspec.structs.replace(written, separator=separator) if separator else written
        rows = read_table(files, format_of(files, None), csv)
    except FitError as error:  # its hint names a recipe's key, and there is no recipe here
        hint = (error.hint or "").replace("set data.csv.separator =", "add --separator")
        raise UsageError(error.message, hint=None if "data." in hint else hint or None) from None
    predicted = model.predict(rows)
    alone = model.looks_ahead(rows)  # forecasts are rows of their own, of times to come
    taken = set() if alone else set(predicted.columns) & set(rows.columns)
    if taken:
        raise UsageError(f"the input has a column {min(taken)!r}, the name of a prediction", hint="rename the column")
    staged = out.with_name(f".{out.name}.{random_text(6)}")
    try:
        _write(predicted if alone else rows.hstack(predicted), staged, kind)
        staged.replace(out)
    except OSError as error:
        raise MfbenchError(f"the output cannot be written: {error.strerror}", where=str(out)) from error
    finally:
        staged.unlink(missing_ok=True)
    return int(predicted.height)


def _write(frame: pl.DataFrame, path: Path, kind: str) -> None:
    if kind == "csv":
        frame.write_csv(path)
    elif kind == "parquet":
        frame.write_parquet(path)
    else:
        frame.write_ndjson(path)
