"""Permutation importance: how much worse the model becomes when a column's values are shuffled (Breiman 2001).

Shuffled are the columns of the data, not those of the encoded matrix: a category is one thing however many numbers
it becomes, and a feature that is derived from a column moves with it. Columns that move together share their
importance, so none of them may look important.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from mfbench.stats.metrics import greater_is_better
from mfbench.steps.evaluation import compute
from mfbench.steps.fitted import Fitted, as_predicted

REPEATS = 5
SECONDS = 20.0


@dataclass(frozen=True)
class Importances:
    """losses: column to how much worse the metric was, once a repeat. late: whether time ran out before all were."""

    losses: dict[str, list[float]]
    late: bool


def permute(fitted: Fitted, rows: pl.DataFrame, metric: str, seed: int, seconds: float = SECONDS) -> Importances:
    """Each column is shuffled REPEATS times, all of them once before any of them again."""
    began, rng = time.monotonic(), np.random.default_rng(seed)
    sign = -1 if greater_is_better(metric) is False else 1
    whole = _score(fitted, rows, metric)
    losses: dict[str, list[float]] = {name: [] for name in fitted.encoder.inputs}
    for _ in range(REPEATS):
        for name, found in losses.items():
            if time.monotonic() - began > seconds:
                return Importances({key: item for key, item in losses.items() if item}, True)
            shuffled = rows.with_columns(rows[name].gather(rng.permutation(rows.height)))
            found.append(sign * (whole - _score(fitted, shuffled, metric)))
    return Importances(losses, False)


def ranked(losses: dict[str, list[float]], confidence: float) -> list[dict[str, Any]]:
    """The part `importance` of explain.json, the most important first: the mean over the repeats, and Student's
    interval of what shuffling anew would give; None where there was one repeat."""
    from scipy.special import stdtrit

    told = []
    for name, found in losses.items():
        mean, count = float(np.mean(found)), len(found)
        item: dict[str, Any] = {"feature": name, "mean": mean, "low": None, "high": None}
        if count > 1:
            reach = float(stdtrit(count - 1, (1 + confidence) / 2) * np.std(found, ddof=1) / count**0.5)
            item |= {"low": mean - reach, "high": mean + reach}
        told.append(item)
    return sorted(told, key=lambda item: (-item["mean"], item["feature"]))


def _score(fitted: Fitted, rows: pl.DataFrame, metric: str) -> float:
    return compute((metric,), as_predicted(rows, fitted.predict(rows)))[metric]
