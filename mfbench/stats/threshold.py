"""The threshold at which wrong decisions cost least."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mfbench.stats.predicted import Numbers

POINTS = 100


class Cheapest(NamedTuple):
    """threshold: positive from it upwards; cost_per_row: there; curve: at most 100 of [threshold, cost per row]."""

    threshold: float
    cost_per_row: float
    curve: list[tuple[float, float]]


def cheapest(
    target01: NDArray[Any],
    probability: Numbers,
    false_positive: float,
    false_negative: float,
    weight: Numbers | None = None,
) -> Cheapest:
    """The cut with the least empirical cost; of several such the one nearest to their middle.

    It lies halfway between two neighbouring probabilities, so that rounding moves no row across it; 'all positive' is
    a cut between 0 and the least one, 'none' one between the greatest and 1 (just above 1 where a row has 1).
    Raises ValueError without rows.
    """
    positive = np.asarray(target01) == 1
    p = np.asarray(probability, dtype=np.float64)
    w = np.ones(len(p)) if weight is None else np.asarray(weight, dtype=np.float64)
    if not len(p) or w.sum() <= 0:
        raise ValueError("no rows to choose a threshold from")
    values, inverse = np.unique(p, return_inverse=True)
    # Cut i lies below values[i]: what is under it is taken for negative, the rest for positive.
    missed = np.concatenate([[0.0], np.cumsum(np.bincount(inverse, weights=w * positive))])
    spared = np.concatenate([[0.0], np.cumsum(np.bincount(inverse, weights=w * ~positive))])
    cost = (false_negative * missed + false_positive * (spared[-1] - spared)) / w.sum()
    cuts = _between(values)
    best = np.flatnonzero(cost <= cost.min() + 1e-12 * max(cost.max(), 0.0))
    chosen = int(best[np.abs(cuts[best] - (cuts[best[0]] + cuts[best[-1]]) / 2).argmin()])
    shown = np.unique(np.append(np.linspace(0, len(cuts) - 1, POINTS - 1).round().astype(int), chosen))
    curve = [(float(cuts[i]), float(cost[i])) for i in shown]
    return Cheapest(float(cuts[chosen]), float(cost[chosen]), curve)


def _between(values: Numbers) -> Numbers:
    """(k,) rising values to k + 1 cuts: below all of them, between neighbours, above all of them."""
    middle = values[:-1] + np.diff(values) / 2
    # Between two neighbouring floats there is none: the upper one is the cut, and still itself positive.
    middle = np.where(middle > values[:-1], middle, values[1:])
    last = values[-1]
    top = (last + 1) / 2
    return np.concatenate([[values[0] / 2], middle, [top if top > last else np.nextafter(last, np.inf)]])
