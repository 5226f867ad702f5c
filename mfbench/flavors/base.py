"""What a flavor is: one framework's way to fit, save, load and predict.

Ownership: a flavor sees a float matrix and a target, nothing else; it knows no recipe file, no bundle and no
store. Its framework is imported inside its methods only. An instance holds no state between calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mfbench.features.traits import Traits
from mfbench.recipe.schema import Model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Prediction:
    """values: (n,) class codes or numbers. scores: (n, k) for classes, else None.

    `probabilities` says whether the scores are probabilities or decision values. low, high: (n,) bounds of prediction
    intervals, which forecasts have.
    """

    values: NDArray[np.float64]
    scores: NDArray[np.float64] | None = None
    probabilities: bool = False
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class FitInput:
    """x: (n, f) float64, NaN where missing; y: (n,) class codes or values; weight: (n,) or None."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    weight: NDArray[np.float64] | None
    categorical: int  # how many of the first columns are categories as numbers
    seed: int
    cpus: int


class Flavor(Protocol):
    name: str
    distributions: tuple[str, ...]  # whose versions are part of a training step's key

    def estimator_name(self, model: Model, task: str) -> str:
        """The estimator that will be used, also where the recipe leaves it open."""

    def check(self, model: Model, task: str, *, weighted: bool) -> Traits:
        """What the estimator can take. Raises FitError for a wrong name, parameter or task."""

    def gives(self, model: Model, task: str) -> str:
        """'values', 'classes', 'scores' or 'probabilities': the most that a prediction will hold."""

    def fit(self, model: Model, task: str, data: FitInput) -> Any: ...

    def fit_stages(self, model: Model, task: str, data: FitInput, stages: int) -> Iterator[Any]:
        """`fit` in `stages` steps: yields the model after each, the last one as `fit` gives it."""

    def check_stages(self, model: Model, task: str) -> None:
        """Raises FitError for an estimator that cannot be stopped and gone on with."""

    def save(self, fitted: Any, folder: Path) -> list[str]:
        """Writes the model; returns the types in it that a user has to trust by name."""

    def load(self, folder: Path, trusted: list[str]) -> Any: ...

    def predict(self, fitted: Any, x: NDArray[np.float64], task: str) -> Prediction: ...
