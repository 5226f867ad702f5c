"""Metrics that are functions of sums over the rows: a resample needs only its units' sums, never its rows.

One matrix product, counts (b, units) by sums (units, s), gives b resamples at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mfbench.stats import calibration
from mfbench.stats.predicted import Numbers, Predicted, ratio
from mfbench.stats.rowwise import SCORES, VALUES, row_loss

COUNTED = ("balanced_accuracy", "f1", "precision", "recall", "mcc")


@dataclass(frozen=True)
class Sums:
    """columns: (n, s) what each row adds; finish: totals (b, s) to (b,) values of the metric."""

    columns: Numbers
    finish: Callable[[Numbers], Numbers]


def sums_of(name: str, predicted: Predicted) -> Sums | None:
    """The metric as sums; None for one that depends on ranks. The calibration error comes squared, with its sign."""
    weight = predicted.weight if predicted.weight is not None else np.ones(len(predicted))
    if name in (*VALUES, *SCORES, "rmse"):
        columns = np.column_stack([weight * row_loss(name, predicted), weight])
        return Sums(columns, _root_mean if name == "rmse" else _mean)
    if name == "r2":
        return _r2(predicted, weight)
    if name in COUNTED:
        return _counted(name, predicted, weight)
    if name == "calibration_error":
        if predicted.scores is None:
            return Sums(np.full((len(predicted), 1), np.nan), lambda totals: totals[:, 0])
        return Sums(calibration.error_columns(predicted.target, predicted.scores, weight), calibration.squared_error)
    return None


def _mean(totals: Numbers) -> Numbers:
    return ratio(totals[:, 0], totals[:, 1])


def _root_mean(totals: Numbers) -> Numbers:
    root: Numbers = np.sqrt(_mean(totals))
    return root


def _r2(predicted: Predicted, weight: Numbers) -> Sums:
    centred = predicted.target - predicted.target.mean()
    error = predicted.target - predicted.values
    nothing = 1e-14 * float(np.max(np.abs(predicted.target), initial=0.0)) ** 2
    few = len(predicted) < 2

    def finish(totals: Numbers) -> Numbers:
        total, first, second, residual = totals.T
        spread = second - ratio(first**2, total)
        flat = np.where(residual == 0, 1.0, 0.0)  # a constant target: scikit-learn's convention
        value = np.where(spread > nothing * total, 1 - residual / np.where(spread > 0, spread, 1.0), flat)
        return np.where((total > 0) & ~np.array(few), value, np.nan)

    return Sums(weight[:, None] * np.column_stack([np.ones(len(error)), centred, centred**2, error**2]), finish)


def _counted(name: str, predicted: Predicted, weight: Numbers) -> Sums:
    """Three sums a class: rows that were hit, rows that are of it, rows taken for it."""
    classes = int(max(predicted.target.max(initial=0), predicted.values.max(initial=0), 1)) + 1
    codes = np.arange(classes)
    truth, guess = predicted.target[:, None] == codes, predicted.values[:, None] == codes
    columns = weight[:, None] * np.hstack([truth & guess, truth, guess])
    binary = predicted.binary

    def finish(totals: Numbers) -> Numbers:
        hit, true, taken = np.split(totals, 3, axis=1)
        if name == "mcc":
            return _mcc(hit, true, taken)
        if name == "balanced_accuracy":
            return _mean_over(ratio(hit, true, 0.0), true > 0)
        above, below = {"f1": (2 * hit, true + taken), "precision": (hit, taken), "recall": (hit, true)}[name]
        each = ratio(above, below, 0.0)
        return each[:, 1] if binary else _mean_over(each, true + taken > 0)

    return Sums(columns, finish)


def _mean_over(values: Numbers, present: np.typing.NDArray[np.bool_]) -> Numbers:
    return ratio((values * present).sum(axis=1), present.sum(axis=1).astype(np.float64))


def _mcc(hit: Numbers, true: Numbers, taken: Numbers) -> Numbers:
    """Matthews' correlation for any number of classes (Gorodkin 2004); 0 where truth or guess is one class."""
    total = true.sum(axis=1)
    both = hit.sum(axis=1) * total - (true * taken).sum(axis=1)
    spreads = [total**2 - (side**2).sum(axis=1) for side in (true, taken)]
    proper = np.minimum(*spreads) > 1e-13 * total**2
    root = np.sqrt(np.where(proper, spreads[0] * spreads[1], 1.0))
    return np.where(proper, both / root, 0.0)
