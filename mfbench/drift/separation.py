"""How well scores tell the rows of two sides apart: the ROC AUC, its variance and its p-value under no change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mfbench.stats.bounds import by_logit, never_seen
from mfbench.stats.contrast import contrast
from mfbench.stats.predicted import Numbers

LEAST_UNITS = 5  # of a side, for a standard error by unit


@dataclass(frozen=True)
class Separation:
    """freedom: Student's degrees of `variance`; p: of scores that tell nothing, None with too few units."""

    auc: float
    variance: float
    freedom: float
    p: float | None


def separation(scores: Numbers, side: NDArray[np.bool_], units: NDArray[Any] | None) -> Separation:
    """scores: (n,) log odds of the window; side: (n,) True for the window; units: (n,) codes, None: rows.

    The scores must come from a model that has not seen these rows: then, if nothing has changed, which of them are
    the window's is a matter of chance. Two questions are asked, and the smaller p doubled: whether the ranks differ,
    which sees what moves all rows, and whether the mean witness does (see `carried`), which sees a few rows that have
    moved far: they hardly change the ranks. Ranks of rows: the permutation test of Mann and Whitney by its normal
    limit, ties and continuity as in SciPy; of units: the placements (DeLong 1988) summed by unit, Student's t of the
    side with fewer units (Obuchowski 1997 for clustered data).
    """
    from scipy.special import stdtr
    from scipy.stats import rankdata

    yes, no = scores[side], scores[~side]
    among_all = rankdata(scores)
    below = (among_all[side] - rankdata(yes)) / len(no)
    above = 1 - (among_all[~side] - rankdata(no)) / len(yes)
    auc = float(below.mean())
    if units is None:
        variance = float(below.var(ddof=1) / len(yes) + above.var(ddof=1) / len(no))
        ranks = mann_whitney(yes, no)
        return Separation(auc, variance, np.inf, min(1.0, 2 * min(ranks, _of_means(scores, side, None))))
    variance, fewest = 0.0, np.inf
    for placed, codes in ((below, units[side]), (above, units[~side])):
        sums = np.bincount(np.unique(codes, return_inverse=True)[1], weights=placed - auc)
        count = len(sums)
        fewest = min(fewest, count)
        if count > 1:
            variance += float((sums**2).sum()) / len(placed) ** 2 * count / (count - 1)
    if fewest < LEAST_UNITS:
        return Separation(auc, variance, max(fewest - 1, 0), None)
    ranks = float(stdtr(fewest - 1, -(auc - 0.5) / variance**0.5)) if variance > 0 else float(auc <= 0.5)
    return Separation(auc, variance, fewest - 1, min(1.0, 2 * min(ranks, _of_means(scores, side, units))))


def mann_whitney(yes: Numbers, no: Numbers) -> float:
    """p of scores of `yes` that are no greater than those of `no`."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(yes, no, alternative="greater", method="asymptotic").pvalue)


def witness(scores: Numbers, side: NDArray[np.bool_]) -> Numbers:
    """(n,) from -1, like the reference, to 1, like the window, whatever the number of rows of each side."""
    found: Numbers = np.tanh((scores - np.log(side.sum() / (~side).sum())) / 2)
    return found


def _of_means(scores: Numbers, side: NDArray[np.bool_], units: NDArray[Any] | None) -> float:
    """p of a mean witness that is no greater over the window's rows."""
    from scipy.special import stdtr

    codes = np.arange(len(side)) if units is None else np.unique(units, return_inverse=True)[1]
    found = contrast(side, witness(scores, side), codes)
    return float(stdtr(found.freedom, -found.strength)) if found.freedom and found.se > 0 else 1.0


def together(parts: list[Separation], rows: int) -> tuple[float, float | None, float | None, float | None]:
    """(AUC, low, high, p) of both halves: their mean with its 95 % interval, the smaller p twice (Bonferroni).

    rows: of the smaller side, which bound how far below 1 an AUC of 1 may be.
    """
    auc = float(np.mean([part.auc for part in parts]))
    se = float(np.sqrt(sum(part.variance for part in parts))) / len(parts)
    known = [part.p for part in parts if part.p is not None]
    if len(known) < len(parts):
        return auc, None, None, None
    p = min(1.0, len(parts) * min(known))
    if se <= 0:
        reach = never_seen(rows, 0.025)[0]
        return auc, max(auc - reach, 0.0), min(auc + reach, 1.0), p
    freedom = int(min(min(part.freedom for part in parts), 10_000))
    low, high, _ = by_logit(auc, auc, auc, se, freedom + 1, 0.025)
    return auc, low, high, p
