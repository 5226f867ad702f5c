"""The metrics that a recipe may name, what each needs, and how it is computed. Importing this is cheap."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Needs = Literal["classes", "scores", "probabilities", "values"]


@dataclass(frozen=True)
class Metric:
    """`greater`: whether more is better. `needs`: what of a prediction it looks at."""

    name: str
    task: str
    needs: Needs
    greater: bool
    binary_only: bool = False


METRICS = {
    metric.name: metric
    for metric in (
        Metric("roc_auc", "classification", "scores", greater=True),
        Metric("average_precision", "classification", "scores", greater=True),
        Metric("log_loss", "classification", "probabilities", greater=False),
        Metric("brier", "classification", "probabilities", greater=False),
        Metric("accuracy", "classification", "classes", greater=True),
        Metric("balanced_accuracy", "classification", "classes", greater=True),
        Metric("f1", "classification", "classes", greater=True),
        Metric("precision", "classification", "classes", greater=True),
        Metric("recall", "classification", "classes", greater=True),
        Metric("mcc", "classification", "classes", greater=True),
        Metric("mae", "regression", "values", greater=False),
        Metric("mse", "regression", "values", greater=False),
        Metric("rmse", "regression", "values", greater=False),
        Metric("r2", "regression", "values", greater=True),
        Metric("mape", "regression", "values", greater=False),
        Metric("median_ae", "regression", "values", greater=False),
    )
}
_SMALLER_IS_BETTER = ("loss", "error", "mae", "mse", "rmse", "mape", "brier", "perplexity", "nll", "seconds")


def defaults(task: str, *, probabilities: bool = True) -> tuple[str, ...]:
    """What is computed when a recipe names no metrics."""
    if task == "regression":
        return ("mae", "rmse", "r2")
    scores = ("roc_auc", "average_precision", "log_loss", "brier") if probabilities else ()
    return (*scores, "balanced_accuracy", "f1")


def names(task: str) -> list[str]:
    return [metric.name for metric in METRICS.values() if metric.task == task]


def usual_order(keys: Iterable[str]) -> list[str]:
    """Each key once, the best known metrics first, the rest by name."""
    known = list(METRICS)
    return sorted(set(keys), key=lambda key: (known.index(key) if key in known else len(known), key))


def greater_is_better(name: str) -> bool:
    """For any metric a person may log: known names as declared, others judged by their last word."""
    metric = METRICS.get(name)
    return metric.greater if metric else not name.lower().endswith(_SMALLER_IS_BETTER)


def compute(
    chosen: Sequence[str],
    target: NDArray[np.float64],
    predicted: NDArray[np.float64],
    scores: NDArray[np.float64] | None,
    weight: NDArray[np.float64] | None = None,
) -> dict[str, float]:
    """The chosen metrics.

    target: (n,) class codes or values; predicted: (n,) codes or values; scores: (n, k) probabilities, or
    decision values where the estimator has none. With two classes the last column is the positive class.
    Several classes: ROC AUC and average precision one against the rest, macro average over the classes that
    the rows have; F1, precision and recall macro average;
    Brier summed over the classes (so that two classes would give twice the usual figure; two are halved).
    Source: scikit-learn's metrics.
    """
    return {name: float(_one(name, target, predicted, scores, weight)) for name in chosen}


def _one(name: str, target: Any, predicted: Any, scores: Any, weight: Any) -> float:
    from sklearn import metrics as m

    w = {"sample_weight": weight}
    if METRICS[name].task == "regression":
        functions = {
            "mae": m.mean_absolute_error,
            "mse": m.mean_squared_error,
            "rmse": m.root_mean_squared_error,
            "r2": m.r2_score,
            "mape": m.mean_absolute_percentage_error,
            "median_ae": m.median_absolute_error,
        }
        return float(functions[name](target, predicted, **w))
    classes = list(range(scores.shape[1])) if scores is not None else None
    highest = int(max(target.max(), predicted.max()))
    binary = highest <= 1 and (classes is None or len(classes) == 2)
    if METRICS[name].needs != "classes":
        return _scored(name, target, scores, classes, binary, w)
    average = {"average": "binary" if binary else "macro", "zero_division": 0.0}
    if name in ("f1", "precision", "recall"):
        return float(getattr(m, f"{name}_score")(target, predicted, **average, **w))
    functions = {
        "accuracy": m.accuracy_score,
        "balanced_accuracy": m.balanced_accuracy_score,
        "mcc": m.matthews_corrcoef,
    }
    return float(functions[name](target, predicted, **w))


def _scored(name: str, target: Any, scores: Any, classes: Any, binary: bool, w: dict[str, Any]) -> float:
    from sklearn import metrics as m

    if scores is None:
        return math.nan
    if name == "log_loss":
        return float(m.log_loss(target, scores, labels=classes, **w))
    if name == "brier":
        return float(m.brier_score_loss(target, scores, labels=classes, scale_by_half=binary, **w))
    function = m.roc_auc_score if name == "roc_auc" else m.average_precision_score
    if binary:
        return float(function(target, scores[:, 1], **w))
    # One class against the rest; a class that has no row here, or all of them, has no figure to average.
    met = [code for code in classes if 0 < int((target == code).sum()) < len(target)]
    return sum(float(function(target == code, scores[:, code], **w)) for code in met) / len(met) if met else math.nan
