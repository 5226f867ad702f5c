"""Evidence against 'nothing changed' that is looked at again and again, with a declared time between false alarms.

A p-value becomes an e-value: not negative, and 1 on average where nothing changed. A Shiryaev-Roberts e-detector adds
the evidence up over all times at which a change could have begun; raised when it reaches A, it takes at least A looks
on average to a false alarm (Shin, Ramdas, Rinaldo 2022, 'E-detectors: a nonparametric framework for sequential change
detection'). An average of detectors, with fixed weights and whatever their dependence, is one as well.
"""

from __future__ import annotations

import numpy as np

from mfbench.stats.predicted import Numbers

LEAST_P = 1e-300
_MOST = 1e12  # of a statistic: more says nothing more, and times the largest e-value it is still a number


def calibrate(p: Numbers) -> Numbers:
    """(k,) e-values of p-values: 1 / (2 sqrt p), which is kappa p^(kappa - 1) with kappa = 1/2 (Vovk and Wang 2021).

    Of the calibrators without a tuning this one loses least to p-values that no stream ever meets: the mixture over
    kappa keeps a twentieth of its mean for p below 1e-8, and with it the same change is found half as fast.
    """
    return 0.5 / np.sqrt(np.clip(np.asarray(p, dtype=np.float64), LEAST_P, 1.0))


class ShiryaevRoberts:
    """The average of k Shiryaev-Roberts detectors. r: (k,) their statistics; threshold: looks to a false alarm.

    weights: (k,) in what proportion they count, fixed beforehand; None: all the same.
    """

    def __init__(self, k: int, threshold: float, weights: Numbers | None = None) -> None:
        self.r: Numbers = np.zeros(k)
        self.threshold = threshold
        self.weights: Numbers = np.full(k, 1 / max(k, 1)) if weights is None else weights / weights.sum()

    def look(self, e: Numbers) -> float:
        """Adds what this look brought and returns the average. e: (k,) e-values, nan: no evidence, left as it was.

        Where the average has reached the threshold it is for the caller to `reset`.
        """
        seen = ~np.isnan(e)
        self.r[seen] = np.minimum((self.r[seen] + 1) * e[seen], _MOST)
        return float(self.r @ self.weights)

    def reset(self) -> None:
        """Begin anew, as after an alarm."""
        self.r[:] = 0.0
