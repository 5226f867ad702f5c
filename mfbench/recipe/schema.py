"""What a recipe holds: typed, immutable, with the defaults a practitioner would choose."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from mfbench.core.structs import make_ready

Task = Literal["classification", "regression", "forecasting"]
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
    """[data.split]: which rows are held out for the test, and how the others are folded.

    `test` is a share of the rows, or with `by` (a date or time column) also a duration such as "28d"; or `source`
    names files whose rows are the test. `group` (a column) keeps the rows of one value on one side.
    `folds` divides the training rows for search and thresholds the same way: at random, forward in time, or by group.
    `unit` is what is independent of its like: row, group, hour, day, week, month (of `by`) or a column's name.
    `refit` fits the registered model once more, on all rows; its metrics stay those of the held-out rows.
    """

    test: float | str = 0.2
    source: str | tuple[str, ...] | None = None
    by: str | None = None
    gap: str | None = None
    group: str | None = None
    stratify: bool | None = None
    folds: int = 5
    unit: str | None = None
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
    """[data]: `label_delay` is how long after a row its label is known. Columns that `private` names are learned from
    and stand in no profile, reference, drift report or capture."""

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
    leakage: Literal["refuse", "warn"] = "refuse"
    label_delay: str | None = None
    private: tuple[str, ...] = ()
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


class Space(Table, frozen=True):
    """One entry of a search space written out; a bare string is short for `range`, a list for `choices`.

    `when` names other entries and the values (one or a list) under which this one exists.
    """

    range: str | None = None
    choices: tuple[Any, ...] | None = None
    when: dict[str, Any] = {}


class Candidate(Table, frozen=True):
    """[tune.candidates.NAME]: a model to try instead of [model], with a space of its own parameters."""

    flavor: str = "sklearn"
    estimator: str | None = None
    params: dict[str, Any] = {}
    space: dict[str, Space] = {}


class Tune(Table, frozen=True):
    """[tune]: a search for the best settings, judged on the folds of the training rows.

    It ends after `trials`, after `timeout`, or when `patience` trials in a row were no better. `pruner` gives up on
    trials that lag behind after some `prune_on`. Several `objectives` make a Pareto search.
    """

    trials: int | None = None
    timeout: str | None = None
    patience: int | None = None
    parallel: int = 1
    objectives: tuple[str, ...] = ()
    metric: str | None = None
    sampler: Literal["tpe", "random", "grid", "cmaes", "qmc", "nsga2"] = "tpe"
    pruner: Literal["none", "median", "halving", "hyperband"] = "none"
    prune_on: Literal["folds", "iterations"] = "folds"
    space: dict[str, Space] = {}
    candidates: dict[str, Candidate] = {}


class Costs(Table, frozen=True):
    """What a wrong decision costs, in any unit; a right one costs nothing."""

    false_positive: float
    false_negative: float


class Evaluate(Table, frozen=True):
    """[evaluate]

    `threshold` is a probability, or costs that choose it on the folds of the training rows. `repeats` trains so many
    times with other seeds. `confidence` and `resamples` are those of the bootstrap intervals.
    """

    metrics: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()
    segments: bool = True
    threshold: float | Costs | None = None
    importance: bool = True
    repeats: int = 1
    confidence: float = 0.95
    resamples: int = 1000


class Forecast(Table, frozen=True):
    """[forecast]: `horizon` steps ahead, from `lags` (steps back from the origin) of the target.

    `season` is the period in steps; `series` the column that tells series apart; `stride` the steps from one origin of
    the backtest to the next; `coverage` that of the prediction intervals.
    """

    horizon: int = 1
    season: int | None = None
    lags: tuple[int, ...] = ()
    series: str | None = None
    stride: int | None = None
    coverage: float = 0.9


class Env(Table, frozen=True):
    """run.env: what is installed where the worker runs, on executors that make an environment.

    `base` is the container's image, `requirements` a file of exact versions beside the recipe (without it: the versions
    that are installed here), `apt` names Debian packages.
    """

    base: str | None = None
    requirements: str | None = None
    apt: tuple[str, ...] = ()


class Run(Table, frozen=True):
    """[run]: where and within which limits.

    `memory` is that of the worker with all its children, such as "4GB". `network`: whether a container has one.
    `secrets` are environment variables that the recipe's own code may read by `mfbench.secret`.
    """

    executor: str = "auto"
    seed: int = 0
    cpus: int | None = None
    memory: str | None = None
    timeout: str | None = None
    network: bool = False
    secrets: tuple[str, ...] = ()
    env: Env = Env()


class Register(Table, frozen=True):
    """[register]: without this table a run registers nothing.

    `confidence` is that of the gates against the champion, which need `min_rows` rows that it was not trained on.
    """

    model: str | None = None
    gates: tuple[str, ...] = ()
    confidence: float = 0.95
    min_rows: int = 100
    alias: str | None = None
    description: str = ""


class Monitor(Table, frozen=True):
    """[monitor]: how the model is to be watched, see drift.settings."""

    window: str | int | None = None
    false_alarms: str | None = None
    level: float | None = None
    min_effect: float | None = None
    margin: float | None = None
    metric: str | None = None


class Recipe(Table, frozen=True):
    """A whole recipe."""

    recipe: Info
    data: Data
    features: dict[str, Feature] = {}
    model: Model = Model()
    forecast: Forecast | None = None
    tune: Tune | None = None
    evaluate: Evaluate = Evaluate()
    run: Run = Run()
    register: Register | None = None
    monitor: Monitor = Monitor()


make_ready(Recipe)
