"""Whether the search of a recipe fits its data and its estimators: what each trial would refuse, said beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import polars as pl

from mfbench.core.errors import FitError
from mfbench.core.plugins import load as load_plugin
from mfbench.data.folds import fold_rows
from mfbench.features.columns import choose_columns
from mfbench.flavors.base import Flavor
from mfbench.recipe.schema import Feature, Model, Recipe, Tune
from mfbench.recipe.space import CANDIDATE, Axis, axes
from mfbench.stats.metrics import METRICS, suffices
from mfbench.tuning.goal import DEFAULT_TRIALS, objectives
from mfbench.tuning.settings import samples, settle


def check_tune_fits(recipe: Recipe, train: pl.DataFrame, outcome: list[str]) -> None:
    """Raises FitError for folds that cannot be made, values that an estimator or a feature refuses, an objective that
    an estimator cannot be judged by."""
    tune, task = recipe.tune, recipe.recipe.task
    if tune is None:
        return
    fold_rows(train, recipe.data.split, task, recipe.run.seed)
    space = axes(tune)
    tried = {repr(recipe.features)}  # those the check has seen already
    for values in _points(space, tune):
        model, features = _settled(values, recipe, tune)
        new = {repr(model), repr(features)} - tried
        tried |= new
        try:
            if repr(model) in new:
                _try(recipe, tune, model, values.get(CANDIDATE))
            if repr(features) in new:
                choose_columns(train, recipe.data, features, outcome)
        except FitError as error:
            raise FitError(_where(error.key, values, tune), error.message, error.hint) from None


def search_in_words(recipe: Recipe) -> str | None:
    """'12 trials (tpe) of model.C, model.tol by roc_auc on 4 folds'; None without a search."""
    tune = recipe.tune
    if tune is None:
        return None
    names = objectives(tune, recipe.evaluate, recipe.recipe.task)
    bounds = [f"{tune.trials} trials"] if tune.trials else []
    bounds += [f"at most {tune.timeout}"] if tune.timeout else []
    bounds += [f"until {tune.patience} in a row are no better"] if tune.patience else []
    count = ", ".join(bounds) or ("the whole grid" if tune.sampler == "grid" else f"{DEFAULT_TRIALS} trials")
    what, folds = ", ".join(axes(tune)), recipe.data.split.folds
    return f"{count} ({tune.sampler}) of {what} by {' and '.join(names)} on {folds} folds"


def _points(space: dict[str, Axis], tune: Tune) -> Iterator[dict[str, Any]]:
    """Both ends of the whole space, and every end of each entry beside the first of the others."""
    for label in tune.candidates or (None,):
        own = {name: axis for name, axis in space.items() if label is None or (CANDIDATE, (label,)) in axis.when}
        chosen = {} if label is None else {CANDIDATE: label}
        shared = {n: a for n, a in space.items() if n not in own and CANDIDATE not in dict(a.when) and n != CANDIDATE}
        for last in (False, True):
            yield samples(shared, last) | samples(own, last, chosen)
        first = samples(own, False, chosen)
        for name, axis in own.items():
            yield from ({**first, name: end} for end in axis.ends())


def _settled(values: dict[str, Any], recipe: Recipe, tune: Tune) -> tuple[Model, dict[str, Feature]]:
    try:
        return settle(values, recipe.model, recipe.features, tune)
    except msgspec.ValidationError as error:
        name = next((name for name in values if name.startswith("features.")), "")
        raise FitError(("tune", "space", name), f"a feature refuses a value of the space: {error}") from None


def _try(recipe: Recipe, tune: Tune, model: Model, label: str | None) -> None:
    task = recipe.recipe.task
    flavor: Flavor = load_plugin("mfbench.flavors", model.flavor)()
    flavor.check(model, task, weighted=recipe.data.weight is not None)
    if tune.prune_on == "iterations":
        flavor.check_stages(model, task)
    gives = flavor.gives(model, task)
    named = (tune.metric,) if tune.metric else tune.objectives
    for name in (*named, *(recipe.evaluate.metrics if label else ())):
        if name in METRICS and not suffices(gives, name):
            estimator = flavor.estimator_name(model, task)
            raise FitError(("model", "estimator"), f"{name} needs {METRICS[name].needs}, and {estimator} gives none")


def _where(key: tuple[str | int, ...], values: dict[str, Any], tune: Tune) -> tuple[str | int, ...]:
    """Where the recipe says what was refused: in the space, or in a candidate."""
    if key[0] == "features":
        dotted = ".".join(str(part) for part in key)
        searched = next((name for name in values if f"{name}.".startswith(f"{dotted}.")), None)
        return ("tune", "space", searched) if searched else key
    if key[0] != "model":
        return key
    rest = ".".join(str(part) for part in key[1:] if part != "params")
    label = values.get(CANDIDATE)
    if label is None:
        return ("tune", "space", f"model.{rest}") if f"model.{rest}" in values else key
    inner = ("space", rest) if rest in tune.candidates[label].space else (rest,)
    return ("tune", "candidates", label, *inner)
