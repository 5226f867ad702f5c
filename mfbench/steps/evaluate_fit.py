"""Whether what [evaluate] asks for fits the data and the estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from mfbench.core.errors import FitError
from mfbench.data.folds import fold_rows
from mfbench.recipe.schema import Costs, Recipe
from mfbench.steps.judging.groups import segment_column


def check_evaluate_fits(
    recipe: Recipe, frame: pl.DataFrame, train: pl.DataFrame, classes: Sequence[Any], gives: str, estimator: str
) -> None:
    """Raises FitError for a slice of no column, a threshold without two classes or without probabilities, folds that
    its costs need and that cannot be made. `gives`: what the estimator's predictions hold."""
    for i, name in enumerate(recipe.evaluate.slices):
        segment_column(frame, name, recipe.features, ("evaluate", "slices", i))
    threshold, key = recipe.evaluate.threshold, ("evaluate", "threshold")
    if threshold is None:
        return
    if len(classes) != 2:
        told = f"a threshold decides between two classes; the target has {len(classes)}"
        raise FitError(key, told, "take it out, or make two classes by an expression")
    if gives != "probabilities":
        told = f"a threshold is a probability, and {estimator} gives none"
        hint = "take it out, or use an estimator with predict_proba, such as CalibratedClassifierCV around this one"
        raise FitError(key, told, hint)
    if isinstance(threshold, Costs):
        fold_rows(train, recipe.data.split, recipe.recipe.task, recipe.run.seed)
