"""A first recipe for a data file: short, right, and meant to be changed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfbench.core.errors import UsageError
from mfbench.core.text import did_you_mean

if TYPE_CHECKING:
    import polars as pl

MANY = 20  # more different numbers than this are a quantity, not classes
TASKS = ("classification", "regression")
YES = ("1", "1.0", "true", "yes", "y")  # what people write for the class that is looked for
TEXT = """\
[recipe]
name = {name}
task = {task}

[data]
source = {source}
target = {target}{positive}
# use = ["*"]                  # the columns to learn from; exclude = […] leaves some out
# key = "…"                    # a column that names a row

[model]
estimator = {estimator}

[evaluate]
metrics = {metrics}

[register]
# gates = [{gate}]
"""


def text_for(name: str, folder: Path, data: str | os.PathLike[str], target: str, task: str | None) -> str:
    """The recipe's text. Paths are relative to `folder`. Raises UsageError where file or column are not there."""
    file, column = _column(folder, data, target)
    found = task or _task_of(column)
    if found not in TASKS:
        raise UsageError(f"{found!r} is no task that can be made from a file", hint=f"one of: {', '.join(TASKS)}")
    classes = column.drop_nulls().unique().to_list() if found == "classification" else []
    if found == "classification" and len(classes) < 2:
        raise UsageError(f"{target!r} has {len(classes)} values: there is nothing to tell apart", where=str(file))
    metrics = ["r2", "mae", "rmse"] if found == "regression" else ["roc_auc", "log_loss"]
    if len(classes) > 2:
        metrics = ["balanced_accuracy", "log_loss"]
    return TEXT.format(
        name=_toml(name), task=_toml(found), source=_toml(_shown(file, folder)), target=_toml(target),
        positive=f"\npositive = {_toml(_positive(column, classes))}" if len(classes) == 2 else "",
        estimator=_toml(f"HistGradientBoosting{'Regressor' if found == 'regression' else 'Classifier'}"),
        metrics=_toml(metrics), gate=_toml(f"{metrics[0]} >= champion"))  # fmt: skip


def _column(folder: Path, data: str | os.PathLike[str], target: str) -> tuple[Path, pl.Series]:
    from mfbench.data.source import find_files, format_of
    from mfbench.data.table import read_table
    from mfbench.recipe.schema import Csv

    files = find_files(os.fspath(data), folder)
    if len(files) != 1:
        raise UsageError(f"expected one file, found {len(files)}", where=os.fspath(data), hint="name one of them")
    table = read_table(files, format_of(files, None), Csv())
    if target not in table.columns:
        hint = did_you_mean(target, table.columns)
        raise UsageError(f"there is no column {target!r}", where=str(files[0]), hint=hint)
    return files[0], table[target]


def _task_of(column: pl.Series) -> str:
    dtype = column.dtype
    if dtype.is_temporal() or dtype.is_nested() or dtype.is_object():
        told = f"{column.name!r} holds values of type {dtype}, which no model here predicts"
        raise UsageError(told, hint="name a column of numbers, words or yes and no")
    return "regression" if dtype.is_numeric() and column.n_unique() > MANY else "classification"


def _positive(column: pl.Series, classes: list[Any]) -> Any:
    """The class that says yes, else the rarer one: it is mostly what is looked for."""
    said = [value for value in classes if str(value).lower() in YES]
    return said[0] if said else min(sorted(classes, key=str), key=lambda value: int((column == value).sum()))


def _shown(file: Path, folder: Path) -> str:
    inside = file.resolve().is_relative_to(folder.resolve())
    return str(file.resolve().relative_to(folder.resolve())) if inside else str(file)


def _toml(value: Any) -> str:
    """A word, number, bool or list of words: JSON writes them as TOML reads them."""
    return json.dumps(value, ensure_ascii=False, default=str)
