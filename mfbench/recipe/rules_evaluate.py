"""What the types of [evaluate] cannot say."""

from __future__ import annotations

import math

from mfbench.recipe.loaded import Source
from mfbench.recipe.schema import Costs, Recipe

KEY = ("evaluate",)


def check_evaluate(recipe: Recipe, source: Source) -> None:
    """Raises RecipeError for the first rule that is broken."""
    asked = recipe.evaluate
    _threshold(asked.threshold, recipe.recipe.task, source)
    bounds = {"repeats": (asked.repeats, 1, 100), "resamples": (asked.resamples, 100, 100_000),
              "confidence": (asked.confidence, 0.5, 0.999)}  # fmt: skip
    for name, (value, least, most) in bounds.items():
        if not least <= value <= most:
            told = f"{name}: expected a number from {least:,} to {most:,}, found {value:,}"
            raise source.error((*KEY, name), told)
    for listed in ("metrics", "slices"):
        names = getattr(asked, listed)
        for i, name in enumerate(names):
            if name in names[:i]:
                raise source.error((*KEY, listed, i), f"{name!r} stands twice in evaluate.{listed}", "take one out")


def _threshold(threshold: float | Costs | None, task: str, source: Source) -> None:
    key = (*KEY, "threshold")
    if threshold is None:
        return
    if task != "classification":
        raise source.error(key, f"a threshold decides between two classes, and the task is {task}", "take it out")
    if not isinstance(threshold, Costs):
        if not 0 < threshold < 1:
            hint = "or what errors cost: threshold = { false_positive = 1, false_negative = 5 }"
            raise source.error(key, f"threshold: expected a probability between 0 and 1, found {threshold:g}", hint)
        return
    for name in ("false_positive", "false_negative"):
        cost = getattr(threshold, name)
        if not 0 <= cost < math.inf:
            raise source.error((*key, name), f"{name}: a cost is a number from 0 on, found {cost:g}")
    if not threshold.false_positive and not threshold.false_negative:
        raise source.error(key, "both costs are 0: every threshold would be as cheap", "give one of them a cost")
