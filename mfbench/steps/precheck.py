"""Checks a recipe against its data and its estimator, without training anything."""

from __future__ import annotations

from pathlib import Path

import msgspec
import polars as pl

from mfbench.core.errors import FitError
from mfbench.core.plugins import load as load_plugin
from mfbench.core.text import did_you_mean
from mfbench.data.checks import run_checks
from mfbench.data.expressions import evaluate
from mfbench.data.split import PART, split_rows
from mfbench.data.target import TARGET, Ingested
from mfbench.data.units import unit_column
from mfbench.features.columns import choose_columns
from mfbench.features.traits import Traits
from mfbench.flavors.base import Flavor
from mfbench.recipe.own_code import make_importable
from mfbench.recipe.schema import Model, Recipe
from mfbench.stats import metrics
from mfbench.steps.evaluate_fit import check_evaluate_fits
from mfbench.steps.ingest import load
from mfbench.steps.judging.fit import check_gates
from mfbench.steps.tune_fit import check_tune_fits, search_in_words

_NEEDED = {"probabilities": "probabilities", "scores": "scores or probabilities"}


class Report(msgspec.Struct, frozen=True):
    """What a check found; `columns` are (name, kind, why), `leaks` (alarm or remark, what). `search` is in words."""

    rows: int
    dropped: int
    classes: dict[str, int]
    parts: dict[str, int]
    columns: list[tuple[str, str, str]]
    estimator: str
    metrics: list[str]
    failed_checks: list[str]
    search: str | None = None
    leaks: list[tuple[str, str]] = []
    refuses_leaks: bool = True


def precheck(recipe: Recipe, folder: Path, *, leaks: bool = False) -> Report:
    """Raises FitError or another UsageError for the first thing that is wrong. leaks: look for leakage too."""
    make_importable(folder)
    task, data = recipe.recipe.task, recipe.data
    flavor, _ = check_model(recipe.model, task, weighted=data.weight is not None)
    chosen = list(check_metrics(recipe, flavor))
    found = load(data, task, folder, recipe.forecast)
    check_gates(recipe, chosen, found.frame)
    results = run_checks(found.raw, data)
    parts = split_rows(found.frame, data.split, task, recipe.run.seed)
    unit_column(found.frame, data.split)
    train = found.frame.filter(parts == "train")
    columns = choose_columns(train, data, recipe.features, found.target_columns)
    check_tune_fits(recipe, train, found.target_columns)
    check_evaluate_fits(recipe, found.frame, train, found.classes)
    for name, feature in recipe.features.items():
        if feature.expr is not None and train.height < found.frame.height:
            check_expression(found.frame, name, feature.expr)
    counts = parts.value_counts()
    classes = found.frame[TARGET].value_counts().sort(TARGET)["count"].to_list() if found.classes else []
    return Report(
        rows=found.frame.height,
        dropped=found.dropped,
        classes={str(label): count for label, count in zip(found.classes, classes, strict=True)},
        parts=dict(sorted(zip(counts[PART].to_list(), counts["count"].to_list(), strict=True))),
        columns=[(column.name, column.kind, column.why) for column in columns],
        estimator=flavor.estimator_name(recipe.model, task),
        metrics=chosen,
        failed_checks=[result.name for result in results if not result.passed],
        search=search_in_words(recipe),
        refuses_leaks=data.leakage == "refuse",
        leaks=_leaks(recipe, found, parts) if leaks else [],
    )


def _leaks(recipe: Recipe, found: Ingested, parts: pl.Series) -> list[tuple[str, str]]:
    from mfbench.steps.leakage import find_leaks

    facts = {name: getattr(found, name) for name in ("classes", "dropped", "dropped_nulls", "target_columns")}
    leaks = find_leaks(found.frame, parts, recipe.data, recipe.features, recipe.recipe.task, facts)
    return [(leak.level, leak.told) for leak in leaks]


def check_expression(frame: pl.DataFrame, name: str, expr: str) -> None:
    """A derived column has to be computable in the rows of the test too."""
    try:
        evaluate(frame, expr)
    except ValueError as error:
        raise FitError(("features", name, "expr"), str(error)) from None


def check_model(model: Model, task: str, *, weighted: bool) -> tuple[Flavor, Traits]:
    """The flavor and what its estimator can take."""
    flavor: Flavor = load_plugin("mfbench.flavors", model.flavor)()
    return flavor, flavor.check(model, task, weighted=weighted)


def check_metrics(recipe: Recipe, flavor: Flavor) -> tuple[str, ...]:
    """The metrics that will be computed; each fits the task and what the estimator gives."""
    task = recipe.recipe.task
    gives = flavor.gives(recipe.model, task)
    chosen = recipe.evaluate.metrics or metrics.defaults(task, probabilities=gives == "probabilities")
    for i, name in enumerate(chosen):
        if not metrics.suffices(gives, name):
            estimator = flavor.estimator_name(recipe.model, task)
            needs = metrics.METRICS[name].needs
            able = [other for other in metrics.names(task) if metrics.suffices(gives, other)]
            raise FitError(
                ("evaluate", "metrics", i),
                f"{name} needs {_NEEDED[needs]}, and {estimator} gives none",
                did_you_mean("", able),
            )
    return chosen
