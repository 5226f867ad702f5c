"""How far from an estimate the truth may lie: what the draws of a bootstrap do not show by themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mfbench.stats.predicted import Numbers

Bounds = tuple[float | None, float | None, float | None]  # low, high, standard error


def widened(tail: float, units: int) -> float:
    """The percentile to take for `tail`: what makes the interval of a mean as wide as Student's (Hesterberg 2015)."""
    from scipy.special import ndtr, stdtrit

    return float(ndtr(-np.sqrt(units / (units - 1)) * stdtrit(units - 1, 1 - tail)))


def student(units: int, tail: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(units - 1, 1 - tail))


def never_seen(units: int, tail: float) -> tuple[float, float]:
    """(the largest share that so many units may all miss, the standard error that would give it)."""
    reach: float = 1 - tail ** (1 / units)
    return reach, reach / student(max(units, 2), tail)


def influential(first: Callable[[], Numbers] | None, second: Callable[[], Numbers] | None) -> float:
    """How many units make the difference, as if each of these made the same: all, where that is not known."""
    if first is None or second is None:
        return np.inf
    apart = first() - second()
    apart = apart[np.isfinite(apart)]
    squares = (apart - apart.mean()) ** 2 if len(apart) else np.zeros(1)
    return float(squares.sum() ** 2 / (squares**2).sum()) if squares.any() else np.inf


def by_logit(value: float, low: float | None, high: float | None, se: float | None, units: int, tail: float) -> Bounds:
    """The same bounds on the scale of log(value / (1 - value)), where there is one: near 0 and 1 few draws show what
    is missing there, and percentiles are too short on that side."""
    from scipy.special import expit, logit

    if se is None or not 0 < value < 1:
        return low, high, se
    middle, reach = logit(value), student(units, tail) * se / (value * (1 - value))
    return float(expit(middle - reach)), float(expit(middle + reach)), se
