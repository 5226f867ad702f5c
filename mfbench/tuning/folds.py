"""The folds of the training rows, encoded: features fitted on each fold's own training rows, and made only once.

Matrices are files that every evaluator maps into memory: what one has made, the others find.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from mfbench.core.hashing import digest_value
from mfbench.core.ids import random_text
from mfbench.data.folds import fold_rows
from mfbench.data.target import TARGET, WEIGHT
from mfbench.features.columns import choose_columns
from mfbench.features.encoder import Encoder
from mfbench.features.traits import Traits
from mfbench.flavors.base import FitInput
from mfbench.recipe.schema import Data, Feature

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCALE = "__scale__"


@dataclass(frozen=True)
class Fold:
    """`fit` is what an estimator is fitted on; x, y, weight, scale are the rows that judge it."""

    fit: FitInput
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    weight: NDArray[np.float64] | None
    scale: NDArray[np.float64] | None


class Folds:
    """The training rows of a recipe in folds. `outcome`: columns that make the target."""

    def __init__(
        self, frame: pl.DataFrame, data: Data, task: str, outcome: list[str], seed: int, cpus: int, folder: Path
    ) -> None:
        self._frame, self._data, self._outcome = frame, data, outcome
        self._seed, self._cpus, self._folder = seed, cpus, folder
        self._rows = fold_rows(frame, data.split, task, seed)
        folder.mkdir(parents=True, exist_ok=True)

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, number: int, features: dict[str, Feature], traits: Traits) -> Fold:
        """Raises FitError where the features do not fit the fold's rows."""
        import numpy as np

        asked = {name: msgspec.to_builtins(feature) for name, feature in features.items()}
        stem = f"{digest_value([asked, msgspec.to_builtins(traits)])[:24]}-{number}"
        paths = [self._folder / f"{stem}-{part}.npy" for part in ("fit", "judge")]
        note = self._folder / f"{stem}.json"
        if not note.exists():
            self._make(number, features, traits, paths, note)
        fit_rows, judge_rows = self._rows[number]
        fit, judge = self._frame[fit_rows], self._frame[judge_rows]
        x_fit, x_judge = (np.load(path, mmap_mode="r") for path in paths)
        data = FitInput(
            x=x_fit,
            y=fit[TARGET].to_numpy(),
            weight=_column(fit, WEIGHT),
            categorical=msgspec.json.decode(note.read_bytes())["categorical"],
            seed=self._seed,
            cpus=self._cpus,
        )
        return Fold(data, x_judge, judge[TARGET].to_numpy(), _column(judge, WEIGHT), _column(judge, SCALE))

    def _make(self, number: int, features: dict[str, Feature], traits: Traits, paths: list[Path], note: Path) -> None:
        fit_rows, judge_rows = self._rows[number]
        fit = self._frame[fit_rows]
        columns = choose_columns(fit, self._data, features, self._outcome)
        encoder = Encoder(columns, {}).fit(fit, traits)
        for path, rows in zip(paths, (fit, self._frame[judge_rows]), strict=True):
            _save(path, encoder.transform(rows))
        staged = note.with_name(f".{random_text(8)}")
        staged.write_bytes(msgspec.json.encode({"categorical": encoder.categorical_count}))
        staged.replace(note)  # last: its presence says that the matrices are whole


def _save(path: Path, matrix: Any) -> None:
    import numpy as np

    staged = path.with_name(f".{random_text(8)}.npy")
    np.save(staged, matrix)
    staged.replace(path)


def _column(frame: pl.DataFrame, name: str) -> Any:
    return frame[name].to_numpy() if name in frame.columns else None
