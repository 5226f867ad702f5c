"""Chooses the decision threshold at which wrong decisions cost least, on training rows predicted out of fold.

Rows that a model was fitted on look easier than they are, and the held-out rows are kept for judging: so every fold's
rows are predicted by a model, with features of its own, that has not seen them (Elkan 2001, "The foundations of
cost-sensitive learning", on thresholds from costs).
"""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl

from mfbench.core import jsonio
from mfbench.core.text import plural
from mfbench.data.folds import fold_rows
from mfbench.data.target import TARGET, WEIGHT
from mfbench.features.columns import choose_columns
from mfbench.features.encoder import Encoder
from mfbench.recipe.schema import Costs, Data, Model
from mfbench.stats.predicted import Numbers
from mfbench.stats.threshold import cheapest
from mfbench.steps.chosen import chosen_features, chosen_model
from mfbench.steps.context import StepContext
from mfbench.steps.decision import asked_threshold, no_probabilities
from mfbench.steps.fitted import refuse_nan
from mfbench.steps.precheck import check_model
from mfbench.steps.split import read_parts
from mfbench.steps.train import fit_input


def run(ctx: StepContext) -> None:
    [train] = read_parts(ctx, "train")
    costs = msgspec.convert(asked_threshold(ctx), Costs)
    rows, probability = out_of_fold(ctx, chosen_model(ctx), train)
    judged = train[rows]
    weight = judged[WEIGHT].to_numpy() if WEIGHT in judged.columns else None
    found = cheapest(judged[TARGET].to_numpy(), probability, costs.false_positive, costs.false_negative, weight)
    told = {"value": found.threshold, "costs": costs, "cost_per_row": found.cost_per_row,
            "curve": found.curve, "rows": len(rows)}  # fmt: skip
    ctx.output("threshold.json").write_bytes(jsonio.pretty(told))
    ctx.log(f"threshold {found.threshold:.4g}: costs {found.cost_per_row:.4g} a row, on {plural(len(rows), 'row')} "
            "of the folds")  # fmt: skip


def out_of_fold(ctx: StepContext, model: Model, train: pl.DataFrame) -> tuple[Numbers, Numbers]:
    """((m,) row numbers of `train`, (m,) probabilities of the positive class): each row by a model that was fitted
    without its fold. Folds forward in time leave the first rows out."""
    data, task, seed = ctx.typed(Data, "data"), ctx.config["task"], ctx.config["seed"]
    features, outcome = chosen_features(ctx), ctx.json("ingest", "facts.json")["target_columns"]
    flavor, traits = check_model(model, task, weighted=False)
    rows, found = [], []
    for number, (fit, valid) in enumerate(fold_rows(train, data.split, task, seed), 1):
        part = train[fit]
        encoder = Encoder(choose_columns(part, data, features, outcome), {}).fit(part, traits)
        estimator = flavor.fit(model, task, fit_input(part, encoder, seed, ctx.cpus))
        predicted = flavor.predict(estimator, encoder.transform(train[valid]), task)
        refuse_nan(predicted, flavor.estimator_name(model, task))
        if predicted.scores is None or not predicted.probabilities:
            raise no_probabilities(flavor.estimator_name(model, task))
        rows.append(valid)
        found.append(predicted.scores[:, 1])
        ctx.log(f"fold {number} of {data.split.folds}: {plural(len(valid), 'row')} predicted")
    return np.concatenate(rows), np.concatenate(found)
