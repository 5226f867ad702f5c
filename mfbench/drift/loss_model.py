"""The error that a row most likely has, told from its inputs and the model's answer: direct loss estimation.

For numbers that a model predicts without a probability. Source: NannyML's DLE: a second model, fitted on the
reference's labelled rows, predicts the first one's absolute or squared error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mfbench.drift.answered import Answered
from mfbench.drift.classifier import BINS, Coding, filled, one_core
from mfbench.stats.predicted import Numbers

KNOWN = {"mae": "mae", "mse": "mse", "rmse": "mse"}  # by metric, the loss whose mean it is made of
FOLDS = 3


class LossModel:
    """columns: (n,) rows of the inputs; losses: (n,) of each row by 'mae' and 'mse'. held: (n,) each row's loss as the
    models expect it that have seen no row of its unit."""

    def __init__(self, columns: pl.DataFrame, answers: Answered, losses: dict[str, Numbers], seed: int) -> None:
        self._coding = Coding.of(columns)
        matrix = self._matrix(columns, answers)
        fold = folds(answers.units, FOLDS, seed)
        self.held: dict[str, Numbers] = {}
        self._fitted: dict[str, Any] = {}
        for name, loss in losses.items():
            self._fitted[name] = self._fit(matrix, loss, seed)
            self.held[name] = np.empty(len(loss))
            for k in range(FOLDS):
                model = self._fit(matrix[fold != k], loss[fold != k], seed)
                self.held[name][fold == k] = _predict(model, matrix[fold == k])

    def expected(self, name: str, columns: pl.DataFrame, answers: Answered) -> Numbers:
        """(n,) the loss of rows without a label."""
        return _predict(self._fitted[name], self._matrix(columns, answers))

    def _matrix(self, columns: pl.DataFrame, answers: Answered) -> Numbers:
        return np.column_stack([self._coding.matrix(columns), answers.predicted.values])

    def _fit(self, matrix: Numbers, loss: Numbers, seed: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingRegressor

        categorical = np.append(self._coding.categorical, False)
        model = HistGradientBoostingRegressor(
            max_iter=80, learning_rate=0.08, max_leaf_nodes=12, min_samples_leaf=int(np.clip(len(loss) // 100, 10, 60)),
            max_bins=BINS, early_stopping=False, categorical_features=categorical, random_state=seed,
        )  # fmt: skip
        with one_core():
            return model.fit(filled(matrix), loss)


def folds(units: NDArray[np.intp], count: int, seed: int) -> NDArray[np.intp]:
    """(n,) whole units at random, about as many in each."""
    order = np.random.default_rng(seed).permutation(int(units.max()) + 1)
    found: NDArray[np.intp] = (order % count)[units]
    return found


def _predict(model: Any, matrix: Numbers) -> Numbers:
    with one_core():
        found: Numbers = np.maximum(model.predict(matrix), 0.0)  # an error is never below zero
    return found
