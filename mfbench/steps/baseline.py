"""What a model has to beat: the answer that needs no features."""

from __future__ import annotations

import numpy as np
import polars as pl

from mfbench.data.series import NAIVE
from mfbench.data.target import TARGET, WEIGHT
from mfbench.stats.predicted import Predicted


def baseline(
    train: pl.DataFrame, test: pl.DataFrame, predicted: Predicted, classes: int, threshold: float | None
) -> Predicted:
    """The dummy's answers to the held-out rows: the shares of the classes in training (weighted), or their mean; for a
    forecast the value of the season before, where there is none the mean."""
    target, weight = train[TARGET].to_numpy(), train[WEIGHT].to_numpy() if WEIGHT in train.columns else None
    rows = len(predicted)
    if classes:
        share = np.bincount(target, weights=weight, minlength=classes).astype(np.float64)
        share /= share.sum()
        code = float(share[1] >= threshold) if threshold is not None else float(share.argmax())
        scores = None if predicted.scores is None else np.tile(share, (rows, 1))
        return Predicted(predicted.target, np.full(rows, code), scores, predicted.weight)
    mean = float(np.average(target, weights=weight))
    values = np.full(rows, mean)
    if NAIVE in test.columns:
        values = test[NAIVE].cast(pl.Float64).fill_null(mean).fill_nan(mean).to_numpy()
    return Predicted(predicted.target, values, None, predicted.weight, scale=predicted.scale)
