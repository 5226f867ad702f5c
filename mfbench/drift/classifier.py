"""Rows as a matrix, and the classifier that is to tell rows of two sides apart."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mfbench.stats.predicted import Numbers

VALUES = 120  # most frequent values of a column of categories; the rest is one more
BINS = 128
HUGE = 1e30


@dataclass(frozen=True)
class Coding:
    """How columns become numbers: as they are, categories as codes, text by its length.

    codes: by column the code of each value; other values have the next one. lengths: columns of text.
    """

    names: list[str]
    codes: dict[str, dict[str, int]]
    lengths: frozenset[str]

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Coding:
        """Learned from rows; moments of time, nested values and columns without a value are left out."""
        there = [series for series in frame if readable(series.dtype) and series.null_count() < len(series)]
        codes, lengths = {}, set()
        for series in there:
            if series.dtype.is_numeric() or series.dtype == pl.Boolean:
                continue
            counts = series.cast(pl.String).drop_nulls().value_counts(name="rows")
            if counts.height > VALUES and counts.height > counts["rows"].sum() / 2:
                lengths.add(series.name)
                continue
            # In order of the text, not of first appearance: the same rows in another order give the same codes.
            frequent = counts.sort(["rows", series.name], descending=[True, False])[series.name].head(VALUES)
            codes[series.name] = {value: i for i, value in enumerate(sorted(frequent.to_list()))}
        return cls([series.name for series in there], codes, frozenset(lengths))

    @property
    def categorical(self) -> NDArray[np.bool_]:
        return np.array([name in self.codes for name in self.names], dtype=bool)

    def matrix(self, frame: pl.DataFrame) -> Numbers:
        """(n, k), NaN where a value or the column is missing."""
        missing = np.full(frame.height, np.nan)
        there = set(frame.columns)
        columns = [self._numbers(frame[name]) if name in there else missing for name in self.names]
        return np.column_stack(columns) if columns else np.zeros((frame.height, 0))

    def _numbers(self, series: pl.Series) -> Numbers:
        if series.name in self.lengths:
            values = series.cast(pl.String).str.len_chars()
        elif series.name in self.codes:
            known = self.codes[series.name]
            values = series.cast(pl.String).replace_strict(
                [*known, None], [*known.values(), None], default=len(known), return_dtype=pl.Int64
            )
        else:
            values = series
        numbers = values.cast(pl.Float64, strict=False).to_numpy()
        return np.where(np.isnan(numbers), np.nan, np.clip(numbers, -HUGE, HUGE))


def readable(dtype: pl.DataType) -> bool:
    """Whether the values of this type are numbers or words."""
    return dtype.is_numeric() or dtype == pl.Boolean or isinstance(dtype, (pl.String, pl.Categorical, pl.Enum))


def alike(reference: pl.DataFrame, window: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """Both with the same columns in the same types, and the columns that only one side has values in.

    Those need no classifier to be found: with them, nothing else would be.
    """
    one, two, left = [], [], []
    for series in reference:
        if not readable(series.dtype):
            continue
        other = window[series.name] if series.name in window.columns else None
        other = other.cast(series.dtype, strict=False) if other is not None else None
        empty = [each is None or each.null_count() == len(each) for each in (series, other)]
        if other is None or empty[0] != empty[1]:
            left.append(series.name)
        elif not empty[0]:
            one.append(series)
            two.append(other)
    return pl.DataFrame(one), pl.DataFrame(two), left


def fit(coding: Coding, matrix: Numbers, side: NDArray[Any], seed: int) -> Any:
    """A gradient boosting of few small trees; side: (n,) True for the window."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    least = int(np.clip(len(matrix) // 200, 5, 40))
    model = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.1, max_leaf_nodes=8, min_samples_leaf=least, l2_regularization=1.0, max_bins=BINS,
        early_stopping=False, categorical_features=coding.categorical, random_state=seed,
    )  # fmt: skip
    with one_core():
        return model.fit(filled(matrix), side)


def filled(matrix: Numbers) -> Numbers:
    """The rows to fit on; a column without any value among them says nothing, and scikit-learn cannot cut it."""
    empty = np.isnan(matrix).all(axis=0)
    return np.where(empty, 0.0, matrix) if empty.any() else matrix


def score(model: Any, matrix: Numbers) -> Numbers:
    """(n,) log odds of the window."""
    with one_core():
        odds: Numbers = model.decision_function(matrix)
    return odds


def one_core() -> AbstractContextManager[Any]:
    """While it is open, scikit-learn's trees use one core: threads that wait for each other make small ones slower,
    and on a busy machine a hundred times so."""
    limit: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="openmp")
    return limit


@cache
def _controller() -> Any:
    import sklearn.ensemble  # noqa: F401 - what is to be held back has to be loaded
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
