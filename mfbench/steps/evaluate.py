"""Predicts the held-out rows: metrics with their intervals, and where the model is weak.

metrics.json {name: value}; predictions.parquet, a row for each held-out row; evaluation.json, what a report shows.
"""

from __future__ import annotations

import math

import polars as pl
from threadpoolctl import threadpool_limits  # scikit-learn's own dependency

from mfbench.bundle.model import predictions
from mfbench.core import jsonio
from mfbench.data.target import TARGET
from mfbench.flavors.base import Prediction
from mfbench.journal.line import pack_number
from mfbench.recipe.schema import Data, Evaluate
from mfbench.stats import metrics
from mfbench.steps.context import StepContext
from mfbench.steps.evaluation import Judged, compute, evaluation
from mfbench.steps.fitted import as_predicted, load_fitted
from mfbench.steps.split import read_parts


def run(ctx: StepContext) -> None:
    train, test = read_parts(ctx, "train", "test")
    classes, fitted = ctx.json("ingest", "facts.json")["classes"], load_fitted(ctx)
    answers = fitted.predict(test)
    predicted = as_predicted(test, answers)
    values = compute(chosen_metrics(ctx, answers), predicted)
    for name, value in values.items():
        ctx.emit("m", name, 0, pack_number(value))
    ctx.output("metrics.json").write_bytes(jsonio.pretty(values))
    write_table(ctx, test, answers, classes)
    # The bootstrap multiplies many small matrices: shared out between threads they take several times as long.
    with threadpool_limits(limits=1, user_api="blas"):
        told = evaluation(ctx, Judged(train, test, classes, fitted, predicted, answers.probabilities, values))
    ctx.output("evaluation.json").write_bytes(jsonio.pretty(told))
    say(ctx, told)


def chosen_metrics(ctx: StepContext, answers: Prediction) -> tuple[str, ...]:
    """The recipe's metrics, else the task's usual ones."""
    return ctx.typed(Evaluate, "evaluate").metrics or metrics.defaults(
        ctx.config["task"], probabilities=answers.probabilities
    )


def write_table(ctx: StepContext, test: pl.DataFrame, answers: Prediction, classes: list[object]) -> None:
    """predictions.parquet: prediction, probabilities or scores, bounds, the truth, and the key where there is one."""
    table = predictions(answers, classes).with_columns(label(test, classes))
    key = ctx.typed(Data, "data").key
    table = table if key is None else table.with_columns(test[key].alias("key")).select("key", pl.exclude("key"))
    table.write_parquet(ctx.output("predictions.parquet"), statistics=False)


def label(frame: pl.DataFrame, classes: list[object]) -> pl.Series:
    """The true answer as it stands in the data."""
    if not classes:
        return frame[TARGET].alias("label")
    return pl.Series("label", [classes[code] for code in frame[TARGET]], dtype=pl.Series(classes).dtype)


def say(ctx: StepContext, told: dict[str, object]) -> None:
    """The main findings as lines of the log."""
    found: dict[str, dict[str, float]] = told["metrics"]  # type: ignore[assignment]
    dummy = "the seasonal naive" if told["task"] == "forecasting" else "a dummy"
    for name, each in found.items():
        beside = [] if each["low"] is None else [f"{each['low']:.4g} to {each['high']:.4g}"]
        beside += [] if each["baseline"] is None else [f"{dummy} has {each['baseline']:.4g}"]
        if math.isfinite(each["value"]):
            ctx.log(f"{name} {each['value']:.4g}" + (f" ({', '.join(beside)})" if beside else ""))
    weak: dict[str, list[dict[str, object]]] = told["weak"] or {"found": []}  # type: ignore[assignment]
    for segment in [segment for segment in weak["found"] if segment["confirmed"]][:3]:
        where, value, rest = segment["where"], segment["value"], segment["rest"]
        ctx.log(f"weak where {where}: {weak['metric']} {value:.4g}, elsewhere {rest:.4g}")
    for note in told["notes"]:  # type: ignore[attr-defined]
        ctx.log(note, "warning")
