"""Predicts the held-out rows and computes the metrics."""

from __future__ import annotations

import polars as pl

from mfbench.bundle.model import predictions
from mfbench.core import jsonio
from mfbench.core.plugins import load as load_plugin
from mfbench.data.target import TARGET, WEIGHT
from mfbench.features.encoder import Encoder
from mfbench.flavors.base import Flavor
from mfbench.journal.line import pack_number
from mfbench.recipe.schema import Model
from mfbench.stats import metrics
from mfbench.steps.context import StepContext
from mfbench.steps.split import read_parts


def run(ctx: StepContext) -> None:
    [test] = read_parts(ctx, "test")
    facts = ctx.json("ingest", "facts.json")
    model, task = ctx.typed(Model, "model"), ctx.config["task"]
    flavor: Flavor = load_plugin("mfbench.flavors", model.flavor)()
    encoder = Encoder.load(ctx.input_folder("features", "encoder"))
    fitted = flavor.load(ctx.input_folder("train", "model"), ctx.json("train", "types.json"))
    predicted = flavor.predict(fitted, encoder.transform(test), task)
    chosen = ctx.config["metrics"] or metrics.defaults(task, probabilities=predicted.probabilities)
    weight = test[WEIGHT].to_numpy() if WEIGHT in test.columns else None
    values = metrics.compute(chosen, test[TARGET].to_numpy(), predicted.values, predicted.scores, weight)
    for name, value in values.items():
        ctx.emit("m", name, 0, pack_number(value))
    ctx.output("metrics.json").write_bytes(jsonio.pretty(values))
    table = predictions(predicted, facts["classes"]).with_columns(label(test, facts["classes"]))
    key = ctx.config["key"]
    table = table if key is None else table.with_columns(test[key].alias("key")).select("key", pl.exclude("key"))
    table.write_parquet(ctx.output("predictions.parquet"), statistics=False)


def label(frame: pl.DataFrame, classes: list[object]) -> pl.Series:
    """The true answer as it stands in the data."""
    if not classes:
        return frame[TARGET].alias("label")
    return pl.Series("label", [classes[code] for code in frame[TARGET]], dtype=pl.Series(classes).dtype)
