"""One model's answers on some rows: what every metric, interval and test looks at."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Predicted:
    """target, values: (n,) class codes or numbers; scores: (n, k) probabilities or decision values, with two classes
    the last column is the positive class; weight: (n,) of the rows; low, high: (n,) bounds of prediction intervals;
    scale: (n,) or one number, MASE's denominator. Whatever is handed in is held as float64."""

    target: Numbers
    values: Numbers
    scores: Numbers | None = None
    weight: Numbers | None = None
    low: Numbers | None = None
    high: Numbers | None = None
    scale: Numbers | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                object.__setattr__(self, field.name, np.asarray(value, dtype=np.float64))

    def __len__(self) -> int:
        return len(self.target)

    def take(self, which: NDArray[Any]) -> Predicted:
        """The same answers on some rows: positions, or a mask of n truths."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{k: v[which] for k, v in parts.items() if v is not None and v.ndim})

    @property
    def binary(self) -> bool:
        """Whether there are two classes, 0 and 1, as far as these answers tell."""
        if self.scores is not None and self.scores.shape[1] != 2:
            return False
        return bool(max(self.target.max(initial=0.0), self.values.max(initial=0.0)) <= 1)


def ratio(above: Numbers, below: Numbers, otherwise: float = np.nan) -> Numbers:
    """above / below, and `otherwise` where below is not positive."""
    found: Numbers = np.divide(above, below, out=np.full(np.shape(below), otherwise), where=below > 0)
    return found
