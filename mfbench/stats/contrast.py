"""The mean loss of some rows against that of the others, with a standard error by unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mfbench.stats.predicted import Numbers


@dataclass(frozen=True)
class Contrast:
    """value, rest: mean loss inside and outside; freedom: Student's, 0 where a side has fewer than two units."""

    value: float
    rest: float
    difference: float
    se: float
    freedom: int

    @property
    def strength(self) -> float:
        return self.difference / self.se if self.se > 0 and self.freedom else 0.0


def contrast(mask: NDArray[np.bool_], loss: Numbers, codes: NDArray[Any]) -> Contrast:
    """Mean loss where the mask holds against elsewhere, with the cluster-robust standard error by unit.

    Few units on one side make that error uncertain: the correction m / (m - 1) and the m - 1 degrees of freedom are of
    the side with fewer units.
    """
    inside, outside = int(mask.sum()), int((~mask).sum())
    if not inside or not outside:
        return Contrast(np.nan, np.nan, np.nan, np.nan, 0)
    value, rest = float(loss[mask].mean()), float(loss[~mask].mean())
    influence = np.where(mask, (loss - value) / inside, -(loss - rest) / outside)
    units = min(int(np.count_nonzero(np.bincount(codes[side]))) for side in (mask, ~mask))
    if units < 2:
        return Contrast(value, rest, value - rest, np.nan, 0)
    variance = float((np.bincount(codes, weights=influence) ** 2).sum()) * units / (units - 1)
    return Contrast(value, rest, value - rest, variance**0.5, units - 1)
