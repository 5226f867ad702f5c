"""The metrics that are means over the rows: what each row adds. Also the loss by which weak segments are found."""

from __future__ import annotations

from typing import Any

import numpy as np

from mfbench.stats.metrics import PINBALL
from mfbench.stats.predicted import Numbers, Predicted, ratio

VALUES = ("mae", "mse", "mape", "smape", "mase", "coverage", "poisson_deviance", *PINBALL)
SCORES = ("log_loss", "brier", "accuracy")


def row_loss(name: str, predicted: Predicted) -> Numbers:
    """(n,) what each row adds to a mean-type metric (one of VALUES or SCORES, or rmse: squared errors)."""
    p = predicted
    if name == "accuracy":
        return np.equal(p.values, p.target).astype(np.float64)
    if name in SCORES:
        return of_scores(name, p.target, p.scores, half=p.binary)
    return of_values("mse" if name == "rmse" else name, p.target, p.values, p.low, p.high, p.scale)


def of_scores(name: str, target: Numbers, scores: Numbers | None, *, half: bool) -> Numbers:
    """(n,) log loss (clipped as scikit-learn does) or Brier's squared distance; `half` for two classes."""
    if scores is None:
        return np.full(len(target), np.nan)
    own = np.take_along_axis(scores, target.astype(np.intp)[:, None], axis=1)[:, 0]
    if name == "log_loss":
        eps = np.finfo(scores.dtype).eps
        loss: Numbers = -np.log(np.clip(own, eps, 1 - eps))
        return loss
    squares: Numbers = (scores**2).sum(axis=1) - 2 * own + 1
    return squares / 2 if half else squares


def of_values(name: str, target: Numbers, predicted: Numbers, low: Any, high: Any, scale: Any) -> Numbers:
    """(n,) the error of each row in the metric's sense; nan where it has none (MASE without a scale, and so on)."""
    y, f = np.asarray(target, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    error, size = y - f, np.abs(y - f)
    if name in PINBALL:
        return np.where(error >= 0, PINBALL[name], PINBALL[name] - 1) * error
    if name == "mae":
        return size
    if name == "mse":
        return size**2
    if name == "mape":
        return ratio(size, np.maximum(np.abs(y), np.finfo(np.float64).eps))
    if name == "smape":
        return ratio(2 * size, np.abs(y) + np.abs(f), 0.0)
    if name == "mase":
        return ratio(size, np.broadcast_to(np.nan if scale is None else np.asarray(scale), size.shape))
    if name == "coverage":
        inside = np.nan if low is None or high is None else (low <= y) & (y <= high)
        return np.broadcast_to(inside, size.shape).astype(np.float64)
    return _poisson(y, f)


def _poisson(target: Numbers, predicted: Numbers) -> Numbers:
    from scipy.special import xlogy

    if (predicted <= 0).any() or (target < 0).any():  # undefined as a whole: not the mean of the rows that have one
        return np.full_like(target, np.nan)
    deviance: Numbers = 2 * (xlogy(target, target / predicted) - target + predicted)
    return deviance
