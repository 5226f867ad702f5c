"""What a classifier's metrics most likely are without labels: confidence-based performance estimation (CBPE).

A calibrated probability says how often an answer is right. So each row counts as so much of every class, and a metric
of these fractions is what labels would give on average. Source: NannyML's CBPE; the intervals are our own: what the
labels of these rows may do by chance, and what the reference does not tell of the calibration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mfbench.stats.predicted import Numbers, Predicted
from mfbench.stats.ranked import RANKED, ranked
from mfbench.stats.sums import sums_of
from mfbench.stats.threads import one_thread

KNOWN = ("roc_auc", "average_precision", "log_loss", "brier", "accuracy", "balanced_accuracy", "f1", "precision",
         "recall", "mcc")  # fmt: skip
DRAWS = 120
_CELLS = 2**22


def each_class(predicted: Predicted, shares: Numbers) -> Predicted:
    """Every row once for each class, weighing its share; shares: (n, k)."""
    n, k = shares.shape
    assert predicted.scores is not None
    return Predicted(np.repeat(np.arange(k), n), np.tile(predicted.values, k), np.tile(predicted.scores, (k, 1)),
                     shares.T.ravel())  # fmt: skip


def observed(predicted: Predicted) -> Numbers:
    """(n, k) 1 for the class that the label says."""
    assert predicted.scores is not None
    return np.equal(predicted.target[:, None], np.arange(predicted.scores.shape[1])).astype(np.float64)


def expected(names: Sequence[str], predicted: Predicted, shares: Numbers) -> dict[str, float]:
    """The metrics that labels would give on average; shares: (n, k) calibrated probabilities."""
    rows = each_class(predicted, shares)
    once = np.ones((1, len(rows)), dtype=np.uint8)
    return {name: float(_draw(name, rows, np.arange(len(rows)))(once)[0]) for name in names}


def label_noise(
    names: Sequence[str], predicted: Predicted, shares: Numbers, seed: int, draws: int = DRAWS
) -> dict[str, float]:
    """The standard deviation of each metric over labels drawn by the shares, independently of each other."""
    rows = replace(each_class(predicted, shares), weight=None)
    n, k = shares.shape
    rng, cumulated = np.random.default_rng(seed), np.cumsum(shares, axis=1)
    parts: dict[str, list[Numbers]] = {name: [] for name in names}
    codes = np.arange(n * k)
    draw = {name: _draw(name, rows, codes) for name in names}
    with one_thread():
        step = max(1, _CELLS // max(n * k, 1))
        for start in range(0, draws, step):
            u = rng.random((min(step, draws - start), n))
            label = np.minimum((u[:, :, None] > cumulated[None]).sum(axis=2), k - 1)
            counts = (label[:, None, :] == np.arange(k)[:, None]).reshape(len(u), n * k).astype(np.uint8)
            for name in names:
                parts[name].append(draw[name](counts))
    return {name: float(np.nanstd(np.concatenate(found), ddof=1)) for name, found in parts.items()}


def _draw(name: str, rows: Predicted, codes: NDArray[Any]) -> Any:
    if name in RANKED:
        return ranked(name, rows, codes)
    sums = sums_of(name, rows)
    assert sums is not None
    return lambda counts: sums.finish(counts.astype(np.float64) @ sums.columns)


class Calibrator:
    """Isotonic regression for each class against the rest, brought to a sum of 1 (Zadrozny and Elkan 2002)."""

    def __init__(self, scores: Numbers, target: Numbers) -> None:
        from sklearn.isotonic import IsotonicRegression

        # No class is ever certain on so few rows: rule of succession.
        least = 1 / (len(target) + 2)
        classes = range(1, 2) if scores.shape[1] == 2 else range(scores.shape[1])
        self._binary = scores.shape[1] == 2
        self._fitted = [
            IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip").fit(scores[:, c], target == c)
            for c in classes
        ]

    def shares(self, scores: Numbers) -> Numbers:
        """(n, k) calibrated probabilities."""
        if self._binary:
            positive = self._fitted[0].predict(scores[:, 1])
            return np.column_stack([1 - positive, positive])
        raw = np.column_stack([fitted.predict(scores[:, c]) for c, fitted in enumerate(self._fitted)])
        shares: Numbers = raw / raw.sum(axis=1, keepdims=True)
        return shares
