"""The model and the features that later steps use: as the recipe says, or as the search has found them."""

from __future__ import annotations

from typing import Any

import msgspec

from mfbench.recipe.environment import expand
from mfbench.recipe.schema import Feature, Model
from mfbench.steps.context import StepContext

SEARCH, BEST = "search", "best.json"


def chosen_model(ctx: StepContext) -> Model:
    """[model], or the best trial's."""
    return msgspec.convert(expand(_found(ctx, "model")), Model)


def written_params(ctx: StepContext) -> dict[str, Any]:
    """The parameters of that model with `${NAME}` where the recipe has it: what people get to read."""
    found = ctx.json(SEARCH, BEST) if SEARCH in ctx.inputs else ctx.written
    params: dict[str, Any] = found["model"]["params"]
    return params


def chosen_features(ctx: StepContext) -> dict[str, Feature]:
    """[features], or the best trial's."""
    return msgspec.convert(_found(ctx, "features"), dict[str, Feature])


def _found(ctx: StepContext, part: str) -> Any:
    return ctx.json(SEARCH, BEST)[part] if SEARCH in ctx.inputs else ctx.config[part]
