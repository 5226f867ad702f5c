"""The metrics that a recipe may name, what each needs, and how it is computed. Importing this is cheap."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Needs = Literal["classes", "scores", "probabilities", "values", "intervals"]


@dataclass(frozen=True)
class Metric:
    """`greater`: whether more is better, None where neither is, but what was promised. `needs`: what of a prediction
    it looks at."""

    name: str
    tasks: tuple[str, ...]
    needs: Needs
    greater: bool | None
    binary_only: bool = False


_LABELS, _NUMBERS, _FUTURE = ("classification",), ("regression", "forecasting"), ("forecasting",)
PINBALL = {f"pinball_{round(100 * level):02d}": level for level in (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)}
METRICS = {
    metric.name: metric
    for metric in (
        Metric("roc_auc", _LABELS, "scores", greater=True),
        Metric("average_precision", _LABELS, "scores", greater=True),
        Metric("log_loss", _LABELS, "probabilities", greater=False),
        Metric("brier", _LABELS, "probabilities", greater=False),
        Metric("accuracy", _LABELS, "classes", greater=True),
        Metric("balanced_accuracy", _LABELS, "classes", greater=True),
        Metric("f1", _LABELS, "classes", greater=True),
        Metric("precision", _LABELS, "classes", greater=True),
        Metric("recall", _LABELS, "classes", greater=True),
        Metric("mcc", _LABELS, "classes", greater=True),
        Metric("calibration_error", _LABELS, "probabilities", greater=False),
        Metric("mae", _NUMBERS, "values", greater=False),
        Metric("mse", _NUMBERS, "values", greater=False),
        Metric("rmse", _NUMBERS, "values", greater=False),
        Metric("r2", _NUMBERS, "values", greater=True),
        Metric("mape", _NUMBERS, "values", greater=False),
        Metric("median_ae", _NUMBERS, "values", greater=False),
        Metric("poisson_deviance", _NUMBERS, "values", greater=False),
        *(Metric(name, _NUMBERS, "values", greater=False) for name in PINBALL),
        Metric("mase", _FUTURE, "values", greater=False),
        Metric("smape", _FUTURE, "values", greater=False),
        Metric("coverage", _FUTURE, "intervals", greater=None),
    )
}
# What a model costs: not computed from predictions, yet gates and objectives may name it. Smaller is better.
RESOURCES = ("latency_ms", "size_mb")
_SMALLER_IS_BETTER = ("loss", "error", "mae", "mse", "rmse", "mape", "mase", "brier", "deviance",
                      "perplexity", "nll", "seconds", *RESOURCES)  # fmt: skip


def defaults(task: str, *, probabilities: bool = True) -> tuple[str, ...]:
    """What is computed when a recipe names no metrics."""
    if task == "regression":
        return ("mae", "rmse", "r2")
    if task == "forecasting":
        return ("mae", "rmse", "mase", "coverage")
    scores = ("roc_auc", "average_precision", "log_loss", "brier") if probabilities else ()
    return (*scores, "balanced_accuracy", "f1")


def names(task: str) -> list[str]:
    return [name for name in METRICS if fits(name, task)]


def fits(name: str, task: str) -> bool:
    """Whether the metric is one of this task. Raises KeyError for a name that is none."""
    return task in METRICS[name].tasks


_ENOUGH = {"values": ("values", "intervals"), "intervals": ("values", "intervals"), "classes": ("classes",),
           "scores": ("classes", "scores"), "probabilities": ("classes", "scores", "probabilities")}  # fmt: skip


def suffices(gives: str, name: str) -> bool:
    """Whether a metric can be computed from what a model gives: values, intervals, classes, scores or probabilities."""
    return METRICS[name].needs in _ENOUGH[gives]


def usual_order(keys: Iterable[str]) -> list[str]:
    """Each key once, the best known metrics first, the rest by name."""
    known = list(METRICS)
    return sorted(set(keys), key=lambda key: (known.index(key) if key in known else len(known), key))


def greater_is_better(name: str) -> bool | None:
    """For any metric a person may log: known names as declared (None: neither is better), others judged by their last
    word."""
    metric = METRICS.get(name)
    return metric.greater if metric else not name.lower().endswith(_SMALLER_IS_BETTER)


def compute(
    chosen: Sequence[str],
    target: NDArray[np.float64],
    predicted: NDArray[np.float64],
    scores: NDArray[np.float64] | None,
    weight: NDArray[np.float64] | None = None,
    *,
    low: NDArray[np.float64] | None = None,
    high: NDArray[np.float64] | None = None,
    scale: NDArray[np.float64] | float | None = None,
) -> dict[str, float]:
    """The chosen metrics; one that these rows give no figure for is nan.

    target: (n,) class codes or values; predicted: (n,) codes or values; scores: (n, k) probabilities, or
    decision values where the estimator has none. With two classes the last column is the positive class.
    low, high: (n,) bounds of prediction intervals, for coverage. scale: (n,) or one number, the mean absolute
    error of the seasonal naive forecast within the training rows, by which MASE divides (Hyndman and Koehler 2006).
    Several classes: ROC AUC and average precision one against the rest, macro average over the classes that
    the rows have; F1, precision and recall macro average;
    Brier summed over the classes (so that two classes would give twice the usual figure; two are halved).
    MAPE and sMAPE are shares, not per cent; sMAPE is 2|y - f| / (|y| + |f|), 0 where both are 0.
    Source: scikit-learn's metrics, but for MASE, sMAPE, coverage and the calibration error (stats.calibration).
    """
    return {name: float(_one(name, target, predicted, scores, weight, low, high, scale)) for name in chosen}


def _one(name: str, target: Any, predicted: Any, scores: Any, weight: Any, low: Any, high: Any, scale: Any) -> float:
    if not len(target):
        return math.nan
    if not fits(name, "classification"):
        return _of_values(name, target, predicted, weight, low, high, scale)
    classes = list(range(scores.shape[1])) if scores is not None else None
    highest = int(max(target.max(), predicted.max()))
    binary = highest <= 1 and (classes is None or len(classes) == 2)
    if METRICS[name].needs != "classes":
        return _scored(name, target, scores, classes, binary, weight)
    return _decided(name, target, predicted, binary, {"sample_weight": weight})


def _of_values(name: str, target: Any, predicted: Any, weight: Any, low: Any, high: Any, scale: Any) -> float:
    import numpy as np
    from sklearn import metrics as m

    w = {"sample_weight": weight}
    if name in PINBALL:
        return float(m.mean_pinball_loss(target, predicted, alpha=PINBALL[name], **w))
    if name in ("mase", "smape", "coverage"):
        from mfbench.stats.rowwise import of_values

        return float(np.average(of_values(name, target, predicted, low, high, scale), weights=weight))
    if name == "poisson_deviance":
        proper = bool((predicted > 0).all() and (target >= 0).all())
        return float(m.mean_poisson_deviance(target, predicted, **w)) if proper else math.nan
    if name == "r2" and len(target) < 2:
        return math.nan
    functions = {
        "mae": m.mean_absolute_error,
        "mse": m.mean_squared_error,
        "rmse": m.root_mean_squared_error,
        "r2": m.r2_score,
        "mape": m.mean_absolute_percentage_error,
        "median_ae": m.median_absolute_error,
    }
    return float(functions[name](target, predicted, **w))


def _decided(name: str, target: Any, predicted: Any, binary: bool, w: dict[str, Any]) -> float:
    from sklearn import metrics as m

    average = {"average": "binary" if binary else "macro", "zero_division": 0.0}
    if name in ("f1", "precision", "recall"):
        return float(getattr(m, f"{name}_score")(target, predicted, **average, **w))
    if name == "balanced_accuracy":  # the mean recall of the classes that there are; said so, not by a warning
        present = sorted({int(code) for code in target})
        return float(m.recall_score(target, predicted, labels=present, average="macro", zero_division=math.nan, **w))
    if name == "mcc" and (target == target[0]).all():
        return 0.0  # as scikit-learn, which warns where the guesses are of the same class
    functions = {"accuracy": m.accuracy_score, "mcc": m.matthews_corrcoef}
    return float(functions[name](target, predicted, **w))


def _scored(name: str, target: Any, scores: Any, classes: Any, binary: bool, weight: Any) -> float:
    from sklearn import metrics as m

    w = {"sample_weight": weight}
    if scores is None:
        return math.nan
    if name == "calibration_error":
        from mfbench.stats.calibration import calibration_error

        return calibration_error(target, scores, weight)
    if name == "log_loss":
        return float(m.log_loss(target, scores, labels=classes, **w))
    if name == "brier":
        return float(m.brier_score_loss(target, scores, labels=classes, scale_by_half=binary, **w))
    function = m.roc_auc_score if name == "roc_auc" else m.average_precision_score
    # One class against the rest; a class that has no row here, or all of them, has no figure to average.
    codes = (1,) if binary else classes
    met = [code for code in codes if 0 < int((target == code).sum()) < len(target)]
    return sum(float(function(target == code, scores[:, code], **w)) for code in met) / len(met) if met else math.nan
