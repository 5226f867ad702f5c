"""What a recipe holds: typed, immutable, with the defaults a practitioner would choose."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Task = Literal["classification", "regression"]
Kind = Literal["numeric", "categorical", "datetime", "drop"]
Part = Literal["year", "month", "day", "weekday", "dayofyear", "hour", "minute", "epoch"]
Scalar = bool | int | float | str


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every table: an unknown key is an error."""


class Info(Table, frozen=True):
    """[recipe]"""

    name: str
    task: Task
    description: str = ""
    tags: dict[str, str] = {}


class Csv(Table, frozen=True):
    """[data.csv]: how a CSV file is written."""

    separator: str = ","
    encoding: str = "utf-8"
    decimal_comma: bool = False
    nulls: tuple[str, ...] = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
    header: bool = True


class Split(Table, frozen=True):
    """[data.split]: which rows are held out for the test.

    `test` is a share of the rows, or with `by` (a date or time column) also a duration such as "28d".
    `refit` fits the registered model once more, on all rows; its metrics stay those of the held-out rows.
    """

    test: float | str = 0.2
    by: str | None = None
    gap: str | None = None
    stratify: bool | None = None
    refit: bool = False


class Check(Table, frozen=True):
    """[[data.checks]]: one column's rules, or without `column` the number of rows."""

    column: str | None = None
    type: Literal["integer", "float", "number", "string", "boolean", "date", "datetime"] | None = None
    nulls: float | None = None
    min: int | float | str | None = None
    max: int | float | str | None = None
    allowed: tuple[Scalar, ...] | None = None
    unique: bool = False
    min_rows: int | None = None
    max_rows: int | None = None


class Data(Table, frozen=True):
    """[data]"""

    source: str | tuple[str, ...]
    target: str
    format: Literal["csv", "parquet", "jsonl"] | None = None
    csv: Csv = Csv()
    positive: Scalar | None = None
    key: str | None = None
    weight: str | None = None
    use: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    split: Split = Split()
    checks: tuple[Check, ...] = ()


class Feature(Table, frozen=True):
    """One entry of [features]; a bare string is short for `{ expr = … }`."""

    expr: str | None = None
    kind: Kind | None = None
    encode: Literal["ordinal", "onehot"] | None = None
    min_frequency: int | None = None
    scale: Literal["standard", "none"] | None = None
    impute: Literal["median", "mean", "zero", "none"] | None = None
    parts: tuple[Part, ...] | None = None


class Model(Table, frozen=True):
    """[model]: every key beside `flavor` and `estimator` is a parameter of the estimator."""

    flavor: str = "sklearn"
    estimator: str | None = None
    params: dict[str, Any] = {}


class Evaluate(Table, frozen=True):
    """[evaluate]"""

    metrics: tuple[str, ...] = ()


class Run(Table, frozen=True):
    """[run]"""

    executor: str = "auto"
    seed: int = 0
    cpus: int | None = None
    timeout: str | None = None


class Register(Table, frozen=True):
    """[register]: without this table a run registers nothing."""

    model: str | None = None
    gates: tuple[str, ...] = ()
    alias: str | None = None
    description: str = ""


class Recipe(Table, frozen=True):
    """A whole recipe."""

    recipe: Info
    data: Data
    features: dict[str, Feature] = {}
    model: Model = Model()
    evaluate: Evaluate = Evaluate()
    run: Run = Run()
    register: Register | None = None


# What later versions will read, by the word that stands for it. A recipe that names one of these is refused:
# silently ignoring a request for a search or a memory limit would be worse.
NOT_YET = {
    "tune": "search",
    "monitor": "drift monitoring",
    "data.label_delay": "monitoring with labels",
    "data.split.folds": "search with folds",
    "data.split.unit": "resampling by unit",
    "data.split.group": "splits by group",
    "evaluate.slices": "evaluation by segment",
    "evaluate.threshold": "decision thresholds",
    "evaluate.repeats": "repeated training",
    "run.memory": "memory limits (they need the Docker executor)",
    "run.env": "environments (they need the Docker executor)",
}
