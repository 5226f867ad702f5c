"""Fits the model on the training rows."""

from __future__ import annotations

import polars as pl

from mfbench.core import jsonio
from mfbench.core.plugins import load as load_plugin
from mfbench.core.text import plural
from mfbench.data.target import TARGET, WEIGHT
from mfbench.features.encoder import Encoder
from mfbench.flavors.base import FitInput, Flavor
from mfbench.steps.chosen import chosen_model
from mfbench.steps.context import StepContext
from mfbench.steps.split import read_parts


def run(ctx: StepContext) -> None:
    [train] = read_parts(ctx, "train")
    fit(ctx, train, Encoder.load(ctx.input_folder("features", "encoder")))


def fit(ctx: StepContext, rows: pl.DataFrame, encoder: Encoder) -> None:
    """Fits and writes the model on these rows."""
    model, task = chosen_model(ctx), ctx.config["task"]
    flavor: Flavor = load_plugin("mfbench.flavors", model.flavor)()
    data = fit_input(rows, encoder, ctx.config["seed"], ctx.cpus)
    size = f"{plural(data.x.shape[0], 'row')}, {plural(data.x.shape[1], 'feature')}"
    ctx.log(f"fitting {flavor.estimator_name(model, task)} on {size}")
    fitted = flavor.fit(model, task, data)
    types = flavor.save(fitted, ctx.output_folder("model"))
    ctx.output("types.json").write_bytes(jsonio.pretty(types))


def fit_input(rows: pl.DataFrame, encoder: Encoder, seed: int, cpus: int) -> FitInput:
    """Rows with their target (and weight) as an estimator is fitted on them."""
    return FitInput(
        x=encoder.transform(rows),
        y=rows[TARGET].to_numpy(),
        weight=rows[WEIGHT].to_numpy() if WEIGHT in rows.columns else None,
        categorical=encoder.categorical_count,
        seed=seed,
        cpus=cpus,
    )
