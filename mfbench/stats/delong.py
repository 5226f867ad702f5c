"""DeLong's test: the difference of two ROC AUCs on the same rows, without resampling.

Only for rows that are independent of each other and weigh the same; where they are not, use the bootstrap by unit.
Source: DeLong, DeLong and Clarke-Pearson 1988; the O(n log n) form by midranks of Sun and Xu 2014.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mfbench.stats.bounds import never_seen
from mfbench.stats.predicted import Numbers
from mfbench.stats.resampling import Difference


def delong(
    target01: NDArray[Any],
    a_scores: Numbers,
    b_scores: Numbers,
    confidence: float = 0.95,
    *,
    one_sided: bool = False,
) -> Difference:
    """ROC AUC of `a` minus that of `b`; scores: (n,) of the positive class.

    one_sided: `low` and `high` are each a bound at the whole confidence. Fewer than two rows of a class: no bounds.
    Zero variance and no difference means equal; but if both rank all rows right, rows like these may hide a difference.
    """
    from scipy.special import ndtri

    positive = np.asarray(target01) == 1
    m, n = int(positive.sum()), int((~positive).sum())
    if not m or not n:
        return Difference(np.nan, None, None, None, False, m + n)
    parts = [_placements(np.asarray(scores, dtype=np.float64), positive) for scores in (a_scores, b_scores)]
    value = float(parts[0][0].mean() - parts[1][0].mean())
    if min(m, n) < 2:
        return Difference(value, None, None, None, False, m + n)
    of_positives, of_negatives = (parts[0][i] - parts[1][i] for i in (0, 1))
    se = float(np.sqrt(of_positives.var(ddof=1) / m + of_negatives.var(ddof=1) / n))
    tail = (1 - confidence) / (1 if one_sided else 2)
    if max(se, abs(value)) <= 1e-12 and parts[0][0].min() == 1 and not np.allclose(a_scores, b_scores, 1e-9, 1e-12):
        reach, se = never_seen(min(m, n), tail)
        return Difference(value, -reach, reach, se, False, m + n)
    if se <= 1e-12:
        return Difference(value, value, value, 0.0, abs(value) <= 1e-12, m + n)
    reach = float(ndtri(1 - tail)) * se
    return Difference(value, value - reach, value + reach, se, False, m + n)


def _placements(scores: Numbers, positive: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """(m,) for each positive the share of negatives below it; (n,) for each negative that of positives above it."""
    from scipy.stats import rankdata

    yes, no = scores[positive], scores[~positive]
    among_all = rankdata(scores)
    below = (among_all[positive] - rankdata(yes)) / len(no)
    above = 1 - (among_all[~positive] - rankdata(no)) / len(yes)
    return below, above
