"""Whether what [evaluate] asks for fits the data and the estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from mfbench.core.errors import FitError
from mfbench.core.plugins import load as load_plugin
from mfbench.data.folds import fold_rows
from mfbench.flavors.base import Flavor
from mfbench.recipe.schema import Costs, Model, Recipe
from mfbench.steps.decision import no_probabilities
from mfbench.steps.judging.groups import segment_column


def check_evaluate_fits(recipe: Recipe, frame: pl.DataFrame, train: pl.DataFrame, classes: Sequence[Any]) -> None:
    """Raises FitError for a slice of no column, a threshold without two classes or without probabilities, folds that
    its costs need and that cannot be made."""
    for i, name in enumerate(recipe.evaluate.slices):
        segment_column(frame, name, recipe.features, ("evaluate", "slices", i))
    threshold, key = recipe.evaluate.threshold, ("evaluate", "threshold")
    if threshold is None:
        return
    if len(classes) != 2:
        told = f"a threshold decides between two classes; the target has {len(classes)}"
        raise FitError(key, told, "take it out, or make two classes by an expression")
    for model in _models(recipe):
        flavor: Flavor = load_plugin("mfbench.flavors", model.flavor)()
        if flavor.gives(model, recipe.recipe.task) != "probabilities":
            raise no_probabilities(flavor.estimator_name(model, recipe.recipe.task))
    if isinstance(threshold, Costs):
        fold_rows(train, recipe.data.split, recipe.recipe.task, recipe.run.seed)


def _models(recipe: Recipe) -> list[Model]:
    """The model, or the candidates that a search has instead."""
    candidates = recipe.tune.candidates.values() if recipe.tune else ()
    return [Model(flavor=c.flavor, estimator=c.estimator, params=c.params) for c in candidates] or [recipe.model]
