"""Scoring a file with a model."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from mfbench.bundle.model import Model
from mfbench.core.errors import UsageError
from mfbench.core.ids import random_text
from mfbench.data.source import find_files, format_of, read_table
from mfbench.recipe.schema import Csv

_ENDINGS = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}


def score_file(model: Model, source: Path, out: Path, *, force: bool = False) -> int:
    """Writes the rows of `source` with the model's predictions beside them; the number of rows.

    A prediction whose name is taken by an input column replaces it only in the output. The file appears under
    its name once it is whole. Raises UsageError where `out` exists and `force` is not given.
    """
    kind = _ENDINGS.get(out.suffix.lower())
    if kind is None:
        raise UsageError("the output's ending is not known", where=str(out), hint="use .csv, .parquet or .jsonl")
    if out.exists() and not force:
        raise UsageError("the output exists", where=str(out), hint="add --force to replace it")
    if not out.parent.is_dir():
        raise UsageError("the output's folder does not exist", where=str(out.parent))
    files = find_files(str(source), Path.cwd())
    rows = read_table(files, format_of(files, None), Csv())
    scored = rows.with_columns(model.predict(rows))
    staged = out.with_name(f".{out.name}.{random_text(6)}")
    try:
        _write(scored, staged, kind)
        staged.replace(out)
    finally:
        staged.unlink(missing_ok=True)
    return int(scored.height)


def _write(frame: pl.DataFrame, path: Path, kind: str) -> None:
    if kind == "csv":
        frame.write_csv(path)
    elif kind == "parquet":
        frame.write_parquet(path)
    else:
        frame.write_ndjson(path)
