"""The trained model of a run: feature path, estimator and threshold as one, which answers rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from mfbench.bundle.model import bounded, decided
from mfbench.core.errors import MfbenchError
from mfbench.core.plugins import load as load_plugin
from mfbench.core.text import plural
from mfbench.data.forecast import HORIZON, SCALE
from mfbench.data.intervals import Intervals
from mfbench.data.target import TARGET, WEIGHT
from mfbench.features.encoder import Encoder
from mfbench.flavors.base import Flavor, Prediction
from mfbench.stats.predicted import Predicted
from mfbench.steps.chosen import chosen_model
from mfbench.steps.context import StepContext
from mfbench.steps.decision import chosen_threshold, no_probabilities
from mfbench.steps.intervals import read_intervals


@dataclass(frozen=True)
class Fitted:
    """`name` is the estimator's; `threshold` that of the positive class's probability, None without one; `intervals`
    what a forecast's bounds are made of."""

    flavor: Flavor
    name: str
    task: str
    encoder: Encoder
    estimator: Any
    threshold: float | None = None
    intervals: Intervals | None = None

    def predict(self, rows: pl.DataFrame) -> Prediction:
        """One answer a row, decided at the threshold. Raises MfbenchError where an answer is no number."""
        predicted = self.flavor.predict(self.estimator, self.encoder.transform(rows), self.task)
        refuse_nan(predicted, self.name)
        if self.threshold is not None and not predicted.probabilities:
            raise no_probabilities(self.name)
        predicted = decided(predicted, self.threshold)
        return bounded(predicted, rows, HORIZON, self.intervals) if self.intervals else predicted


def load_fitted(ctx: StepContext) -> Fitted:
    """The model as the step `train` has left it; needs the steps features and train, and search where there is one."""
    model, task = chosen_model(ctx), ctx.config["task"]
    flavor: Flavor = load_plugin("mfbench.flavors", model.flavor)()
    encoder = Encoder.load(ctx.input_folder("features", "encoder"))
    estimator = flavor.load(ctx.input_folder("train", "model"), ctx.json("train", "types.json"))
    return Fitted(flavor, flavor.estimator_name(model, task), task, encoder, estimator, chosen_threshold(ctx),
                  read_intervals(ctx))  # fmt: skip


def refuse_nan(predicted: Prediction, name: str) -> None:
    """Raises MfbenchError where a value or a score is not finite."""
    odd = ~np.isfinite(predicted.values)
    if predicted.scores is not None:
        odd |= ~np.isfinite(predicted.scores).all(axis=1)
    if odd.any():
        told = f"{name} gives no number for {int(odd.sum()):,} of {plural(len(odd), 'row')}"
        hint = "did its fit diverge? scale the features, or bound their values; missing ones need impute"
        raise MfbenchError(told, hint=hint)


def as_predicted(rows: pl.DataFrame, answers: Prediction) -> Predicted:
    """The answers beside what is true of the rows."""
    return Predicted(
        target=rows[TARGET].to_numpy(),
        values=answers.values,
        scores=answers.scores,
        weight=rows[WEIGHT].to_numpy() if WEIGHT in rows.columns else None,
        low=answers.low,
        high=answers.high,
        scale=rows[SCALE].to_numpy() if SCALE in rows.columns else None,
    )
