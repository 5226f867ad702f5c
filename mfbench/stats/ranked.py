"""Metrics that depend on the order of the rows: sorted once, then each resample is a weighted cumulative sum.

Each function gives a `draw`: counts (b, units) of how often each unit was drawn, to (b,) values of the metric.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mfbench.stats.predicted import Numbers, Predicted, ratio

Codes = NDArray[np.intp]
Draw = Callable[[NDArray[Any]], Numbers]
RANKED = ("roc_auc", "average_precision", "median_ae")


def ranked(name: str, predicted: Predicted, codes: Codes) -> Draw:
    """The draw of one of RANKED; codes: (n,) the unit of each row."""
    weight = predicted.weight if predicted.weight is not None else np.ones(len(predicted))
    if name == "median_ae":
        return _median(np.abs(predicted.target - predicted.values), weight, codes)
    if predicted.scores is None:
        return lambda counts: np.full(len(counts), np.nan)
    one = _auc if name == "roc_auc" else _average_precision
    classes = (1,) if predicted.binary else range(predicted.scores.shape[1])
    draws = [one(predicted.target == code, predicted.scores[:, code], weight, codes) for code in classes]

    def draw(counts: NDArray[Any]) -> Numbers:
        """The mean over the classes that a resample has rows of, and of the others."""
        each = np.stack([part(counts) for part in draws])
        there = np.isfinite(each)
        met = there.sum(axis=0)
        return np.where(met > 0, np.where(there, each, 0.0).sum(axis=0) / np.maximum(met, 1), np.nan)

    return draw


class _Sorted:
    """Scores in rising order with their rows' weights and units."""

    def __init__(self, score: Numbers, weight: Numbers, codes: Codes) -> None:
        order = np.argsort(score, kind="stable")
        self.score, self.units = score[order], codes[order]
        self.weight = None if (weight == 1).all() else weight[order]

    def weights(self, counts: NDArray[Any]) -> NDArray[Any]:
        """(b, n) what each row weighs in each resample."""
        drawn = np.take(counts, self.units, axis=1)
        return drawn if self.weight is None else drawn * self.weight

    def cumulated(self, counts: NDArray[Any]) -> Numbers:
        """(b, n + 1) the weight before each row, and at the end all of it."""
        total = np.zeros((len(counts), len(self.units) + 1))
        np.cumsum(self.weights(counts), axis=1, out=total[:, 1:])
        return total


def _sides(positive: NDArray[np.bool_], score: Numbers, weight: Numbers, codes: Codes) -> tuple[_Sorted, _Sorted]:
    yes, no = (_Sorted(score[side], weight[side], codes[side]) for side in (positive, ~positive))
    return yes, no


def _auc(positive: NDArray[np.bool_], score: Numbers, weight: Numbers, codes: Codes) -> Draw:
    """The share of pairs that are ranked right, ties counted half (Mann and Whitney)."""
    yes, no = _sides(positive, score, weight, codes)
    below, upto = (np.searchsorted(no.score, yes.score, side=side) for side in ("left", "right"))
    tied = bool((below != upto).any())

    def draw(counts: NDArray[Any]) -> Numbers:
        lost, won = no.cumulated(counts), yes.weights(counts)
        beaten = (lost[:, below] + lost[:, upto]) / 2 if tied else lost[:, below]
        pairs = won.sum(axis=1, dtype=np.float64) * lost[:, -1]
        return ratio(np.einsum("ij,ij->i", won, beaten), pairs)

    return draw


def _average_precision(positive: NDArray[np.bool_], score: Numbers, weight: Numbers, codes: Codes) -> Draw:
    """The mean over the positives of the precision at their score."""
    yes, no = _sides(positive, score, weight, codes)
    above_yes = np.searchsorted(yes.score, yes.score, side="left")
    above_no = np.searchsorted(no.score, yes.score, side="left")

    def draw(counts: NDArray[Any]) -> Numbers:
        right, wrong = yes.cumulated(counts), no.cumulated(counts)
        hits = right[:, -1:] - right[:, above_yes]
        taken = hits + wrong[:, -1:] - wrong[:, above_no]
        sums = np.einsum("ij,ij->i", yes.weights(counts), ratio(hits, taken, 0.0))
        return np.where(wrong[:, -1] > 0, ratio(sums, right[:, -1]), np.nan)

    return draw


def _median(error: Numbers, weight: Numbers, codes: Codes) -> Draw:
    """The weighted median; where half of the weight lies exactly between two rows, their mean."""
    rows = _Sorted(error, weight, codes)
    last = len(error) - 1

    def draw(counts: NDArray[Any]) -> Numbers:
        upto = rows.cumulated(counts)[:, 1:]
        half = upto[:, -1:] / 2
        at = np.minimum((upto < half).sum(axis=1), last)
        reached = np.take_along_axis(upto, at[:, None], axis=1)
        after = (upto <= reached).sum(axis=1)
        after = np.where(after > last, at, after)
        exact = reached - half <= np.finfo(np.float64).eps
        found = np.where(exact[:, 0], (rows.score[at] + rows.score[after]) / 2, rows.score[at])
        median: Numbers = np.where(half[:, 0] > 0, found, np.nan)
        return median

    return draw
