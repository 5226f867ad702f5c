"""From which probability on a row counts as positive, and what that costs."""

from __future__ import annotations

from typing import Any

import numpy as np

from mfbench.core.errors import FitError
from mfbench.recipe.schema import Costs
from mfbench.stats.predicted import Numbers, Predicted
from mfbench.steps.context import StepContext

THRESHOLD = "threshold"
DEFAULT = 0.5  # where the estimator decides by itself: the more probable of two classes


def chosen_threshold(ctx: StepContext) -> float | None:
    """The threshold that the step of this name has chosen, else the recipe's; None where neither says one."""
    if THRESHOLD in ctx.inputs:
        return float(ctx.json(THRESHOLD, "threshold.json")["value"])
    asked = asked_threshold(ctx)
    return None if asked is None or isinstance(asked, dict) else float(asked)


def asked_threshold(ctx: StepContext) -> Any:
    """evaluate.threshold: None, a number, or costs as plain values."""
    return ctx.config[THRESHOLD] if THRESHOLD in ctx.config else ctx.config["evaluate"][THRESHOLD]


def no_probabilities(estimator: str) -> FitError:
    hint = "take it out, or use an estimator with predict_proba, such as CalibratedClassifierCV around this one"
    return FitError(("evaluate", THRESHOLD), f"a threshold is a probability, and {estimator} gives none", hint)


def told(ctx: StepContext, threshold: float | None, positive: object) -> str | None:
    """The decision in words, for the model card."""
    if threshold is None:
        return None
    rule = f"`{positive}` from a probability of {threshold:.6g} on"
    costs = asked_threshold(ctx)
    if not isinstance(costs, dict):
        return rule
    false, missed = costs["false_positive"], costs["false_negative"]
    return f"{rule}, as a false positive costs {false:g} and a false negative {missed:g}"


def cost_per_row(predicted: Predicted, costs: Costs, positive: Any) -> float:
    """positive: (n,) what is taken for positive. The mean cost of a row, weighted."""
    truth = predicted.target == 1
    cost = np.where(positive & ~truth, costs.false_positive, 0.0) + np.where(~positive & truth, costs.false_negative, 0)
    return float(np.average(cost, weights=predicted.weight))


def decision(ctx: StepContext, predicted: Predicted, threshold: float | None) -> dict[str, Any]:
    """The part `threshold` of evaluation.json. Its costs are those of the held-out rows: they had no part in it."""
    assert predicted.scores is not None
    probability = predicted.scores[:, 1]
    asked = asked_threshold(ctx)
    source = "costs" if isinstance(asked, dict) else "default" if threshold is None else "fixed"
    told: dict[str, Any] = {"value": DEFAULT if threshold is None else threshold, "source": source, "costs": None,
                            "cost_per_row": None, "curve": []}  # fmt: skip
    if isinstance(asked, dict):
        costs = Costs(**asked)
        cuts = [cut for cut, _ in ctx.json(THRESHOLD, "threshold.json")["curve"]]
        told |= {"costs": asked, "cost_per_row": cost_per_row(predicted, costs, predicted.values == 1),
                 "curve": _curve(predicted, costs, cuts, probability)}  # fmt: skip
    return told


def _curve(predicted: Predicted, costs: Costs, cuts: list[float], probability: Numbers) -> list[list[float]]:
    return [[cut, cost_per_row(predicted, costs, probability >= cut)] for cut in cuts]
