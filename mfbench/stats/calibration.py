"""Whether probabilities mean what they say: reliability bins, and the debiased calibration error."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mfbench.stats.predicted import Numbers

BINS = 15


class Bin(NamedTuple):
    """mean: of the probabilities; observed: share of positives, low and high its bounds; rows: how many."""

    mean: float
    observed: float
    low: float
    high: float
    rows: int


def reliability(
    target01: NDArray[Any],
    probability: Numbers,
    weight: Numbers | None = None,
    bins: int = 10,
    confidence: float = 0.95,
) -> list[Bin]:
    """Bins of about equal mass, by rising probability; equal probabilities share a bin, so there may be fewer.

    The bounds are Wilson's (1927); weighted rows count as Kish's effective number of rows.
    They take the rows for independent.
    """
    target, p = np.asarray(target01, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    w = np.ones(len(p)) if weight is None else np.asarray(weight, dtype=np.float64)
    which = equal_mass(p, w, bins)
    found = []
    for code in range(int(which.max(initial=-1)) + 1):
        rows = which == code
        total = float(w[rows].sum())
        if total <= 0:
            continue
        observed = float((w[rows] * target[rows]).sum() / total)
        low, high = wilson(observed, total**2 / float((w[rows] ** 2).sum()), confidence)
        found.append(Bin(float((w[rows] * p[rows]).sum() / total), observed, low, high, int(rows.sum())))
    return found


def wilson(share: float, rows: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share seen in `rows` independent rows."""
    from scipy.special import ndtri

    z2 = float(ndtri((1 + confidence) / 2)) ** 2
    middle = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = (z2 * (share * (1 - share) + z2 / (4 * rows)) / rows) ** 0.5 / (1 + z2 / rows)
    return max(0.0, middle - half), min(1.0, middle + half)


def calibration_error(target: NDArray[Any], scores: Numbers, weight: Numbers | None = None) -> float:
    """The debiased calibration error in the L2 sense: a root mean square gap between probability and frequency.

    target: (n,) class codes; scores: (n, k) probabilities. With two classes the gap is that of the positive class;
    with several that of the most probable class (top label): its probability against how often it is right.
    Rows go to 15 bins of equal mass. The squared gap of a bin's means is too large by the variance of the observed
    share, so y(1 - y) / (n - 1) is taken off, and the root of what is left (at least 0) returned: Kumar, Liang and Ma
    2019, "Verified uncertainty calibration", section 5. Binning hides what differs within a bin: a lower bound of
    the true error. Weighted rows count as Kish's effective number in each bin.
    """
    w = np.ones(len(target)) if weight is None else np.asarray(weight, dtype=np.float64)
    totals = error_columns(np.asarray(target), np.asarray(scores, dtype=np.float64), w).sum(axis=0)
    return float(np.sqrt(max(0.0, squared_error(totals[None, :])[0])))


def error_columns(target: NDArray[Any], scores: Numbers, weight: Numbers) -> Numbers:
    """(n, 4 * bins) what each row adds: to its bin's weight, squared weight, hits and probability."""
    if scores.shape[1] == 2:
        hit, p = (target == 1).astype(np.float64), scores[:, 1]
    else:
        top = scores.argmax(axis=1)
        hit, p = (target == top).astype(np.float64), np.take_along_axis(scores, top[:, None], axis=1)[:, 0]
    inside = equal_mass(p, weight, BINS)[:, None] == np.arange(BINS)
    return np.hstack([inside * column[:, None] for column in (weight, weight**2, weight * hit, weight * p)])


def squared_error(totals: Numbers) -> Numbers:
    """(b, 4 * bins) sums to (b,): the debiased squared error, negative where chance made the gaps small."""
    total, squares, hits, p = np.split(totals, 4, axis=1)
    there = total > 0
    safe = np.where(there, total, 1.0)
    observed = hits / safe
    effective = np.where(there, total**2 / np.where(there, squares, 1.0), 0.0)
    noise = np.where(effective > 1, observed * (1 - observed) / np.where(effective > 1, effective - 1, 1.0), 0.0)
    # One row alone tells nothing of its bin's gap: it counts as none.
    gap = np.where(effective > 1, (observed - p / safe) ** 2 - noise, 0.0)
    squared: Numbers = (total * gap).sum(axis=1) / total.sum(axis=1)
    return squared


def equal_mass(p: Numbers, weight: Numbers, bins: int) -> NDArray[np.intp]:
    """(n,) the bin of each row: rising in p, equal values together, about equal weight in each."""
    if not len(p):
        return np.zeros(0, dtype=np.intp)
    _, inverse = np.unique(p, return_inverse=True)
    mass = np.bincount(inverse, weights=weight)
    middle = np.cumsum(mass) - mass / 2  # a value goes where the middle of its rows lies
    code = np.minimum((bins * middle / max(mass.sum(), np.finfo(np.float64).tiny)).astype(np.intp), bins - 1)
    return np.unique(code, return_inverse=True)[1].astype(np.intp)[inverse]
