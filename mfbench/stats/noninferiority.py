"""Whether a model is not worse than another by more than a margin: shown, refuted, or not to be told.

'Not shown to be worse' is not 'as good': with few rows nothing is ever shown to be worse. So a model passes when the
one-sided bound of its loss lies within the margin, is refused when even the other bound lies beyond it, and in
between the answer is 'unknown', with the loss that this many rows could have detected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mfbench.stats.multiple import holm
from mfbench.stats.resampling import Difference

POWER = 0.8
_SLACK = 1e-12  # 0.70 - 0.75 is not quite -0.05


@dataclass(frozen=True)
class Verdict:
    """low, high: the difference's one-sided bounds, a minus b as it came. p: of 'worse by the margin or more', small
    where the model passes; p_worse: of 'not worse than the margin', small where it is refused.
    detectable: the true loss that this test refuses with 80 % power; None where nothing can be told."""

    verdict: Literal["passed", "refused", "unknown"]
    low: float | None
    high: float | None
    p: float | None
    p_worse: float | None
    detectable: float | None


def judge(difference: Difference, margin: float, confidence: float, greater: bool) -> Verdict:
    """difference: new minus old, with `one_sided` bounds at this `confidence`; margin: what may be lost at most, in
    the metric's units (negative: what has to be won); greater: whether more of the metric is better."""
    low, high = difference.low, difference.high
    p, p_worse = p_values(difference, margin, greater)
    if low is None or high is None:
        return Verdict("unknown", None, None, p, p_worse, None)
    worst, best = (low, high) if greater else (-high, -low)
    verdict: Literal["passed", "refused", "unknown"] = "unknown"
    if worst >= -margin - _SLACK:
        verdict = "passed"
    elif best < -margin - _SLACK:
        verdict = "refused"
    return Verdict(verdict, low, high, p, p_worse, _detectable(difference, margin, 1 - confidence))


def judge_all(differences: Sequence[Difference], margin: float, confidence: float, greater: bool) -> list[Verdict]:
    """Several segments at once: each verdict holds up to Holm's correction for how many were looked at.

    Passed: shown not worse; refused: shown worse. The p-values are the corrected ones, `low` and `high` are of each
    segment alone. `detectable` is for the strictest of Holm's levels.
    """
    level = 1 - confidence
    pairs = [p_values(difference, margin, greater) for difference in differences]
    passes, refusals = (holm([np.nan if pair[i] is None else pair[i] for pair in pairs]) for i in (0, 1))  # type: ignore[misc]
    found = []
    for difference, pair, p, p_worse in zip(differences, pairs, passes, refusals, strict=True):
        if pair[0] is None:
            found.append(Verdict("unknown", difference.low, difference.high, None, None, None))
            continue
        verdict: Literal["passed", "refused", "unknown"] = "refused" if p_worse <= level else "unknown"
        detectable = _detectable(difference, margin, level / len(pairs))
        found.append(Verdict("passed" if p <= level else verdict, difference.low, difference.high, float(p),
                             float(p_worse), detectable))  # fmt: skip
    return found


def p_values(difference: Difference, margin: float, greater: bool) -> tuple[float | None, float | None]:
    """One-sided p-values of 'worse by the margin or more' and of 'not worse than the margin'.

    Student's t over the units (their number less one); None without a standard error.
    """
    from scipy.special import stdtr

    if difference.se is None or not np.isfinite(difference.value):
        return None, None
    ahead = (difference.value if greater else -difference.value) + margin
    if difference.se <= 0:
        return (0.0, 1.0) if ahead >= -_SLACK else (1.0, 0.0)
    below = float(stdtr(max(difference.units - 1, 1), ahead / difference.se))
    return 1 - below, below


def _detectable(difference: Difference, margin: float, level: float) -> float | None:
    from scipy.special import stdtrit

    if difference.se is None:
        return None
    freedom = max(difference.units - 1, 1)
    return float(margin + (stdtrit(freedom, 1 - level) + stdtrit(freedom, POWER)) * difference.se)
