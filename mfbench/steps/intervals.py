"""How far a forecast lies from what comes, by steps ahead: on the last fold, predicted by a model without it."""

from __future__ import annotations

from typing import Any

import msgspec

from mfbench.core import jsonio
from mfbench.core.text import plural
from mfbench.data.folds import fold_rows
from mfbench.data.forecast import HORIZON, made_columns
from mfbench.data.intervals import Intervals, make_intervals
from mfbench.data.target import TARGET
from mfbench.features.columns import choose_columns
from mfbench.features.encoder import Encoder
from mfbench.recipe.schema import Data, Forecast
from mfbench.steps.chosen import chosen_features, chosen_model
from mfbench.steps.context import StepContext
from mfbench.steps.precheck import check_model
from mfbench.steps.split import read_parts
from mfbench.steps.train import fit_input

NAME, FILE = "intervals", "intervals.json"


def run(ctx: StepContext) -> None:
    [train] = read_parts(ctx, "train")
    data, forecast, task = ctx.typed(Data, "data"), ctx.typed(Forecast, "forecast"), ctx.config["task"]
    model, seed = chosen_model(ctx), ctx.config["seed"]
    outcome = ctx.json("ingest", "facts.json")["target_columns"]
    fit, valid = fold_rows(train, data.split, task, seed)[-1]
    before, after = train[fit], train[valid]
    flavor, traits = check_model(model, task, weighted=False)
    encoder = Encoder(choose_columns(before, data, chosen_features(ctx), outcome), {}).fit(before, traits)
    estimator = flavor.fit(model, task, fit_input(before, encoder, seed, ctx.cpus))
    predicted = flavor.predict(estimator, encoder.transform(after), task).values
    found = make_intervals(
        after[TARGET].to_numpy(),
        predicted,
        after[HORIZON].to_numpy(),
        forecast.horizon,
        forecast.coverage,
        0.0 if float(train[TARGET].min() or 0) >= 0 else None,  # type: ignore[arg-type]
        after[forecast.series] if forecast.series else None,
    )
    ctx.output(FILE).write_bytes(jsonio.pretty(found))
    first, last = (found.offsets[i][1] - found.offsets[i][0] for i in (0, -1))
    ctx.log(f"intervals of {forecast.coverage:.0%} from {plural(found.rows, 'forecast')} of the last fold: "
            f"{first:.4g} wide 1 step ahead, {last:.4g} wide {forecast.horizon}")  # fmt: skip


def read_intervals(ctx: StepContext) -> Intervals | None:
    """What the step `intervals` has found; None where there is none."""
    return msgspec.convert(ctx.json(NAME, FILE), Intervals) if NAME in ctx.inputs else None


def forecast_settings(ctx: StepContext, inputs: list[str]) -> dict[str, Any] | None:
    """What a bundle keeps so as to forecast; None for another task. inputs: the raw columns that features read."""
    settings = ctx.json("ingest", "facts.json").get("forecast")
    if settings is None:
        return None
    ours = {settings["by"], settings["series"], *made_columns(ctx.typed(Forecast, "forecast"))}
    covariates = [name for name in inputs if name not in ours]
    full = {**settings, "target": ctx.written["target"], "covariates": covariates}
    return {"settings": full, "intervals": msgspec.to_builtins(read_intervals(ctx))}
