"""The answers of a bundle, or of an evaluation, as what metrics and tests look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from mfbench.bundle.model import PREDICTION
from mfbench.data.target import TARGET, WEIGHT
from mfbench.stats.predicted import Predicted

SCALE = "__scale__"


def answers(table: pl.DataFrame, rows: pl.DataFrame, classes: Sequence[Any]) -> Predicted:
    """`table` is what Model.predict gives for `rows`, which hold the target (as codes of `classes`) and the weight."""
    values: Any = table[PREDICTION]
    if classes:
        codes = {label: code for code, label in enumerate(classes)}
        values = [codes[label] for label in values]
    return Predicted(
        target=rows[TARGET].to_numpy(),
        values=np.asarray(values, dtype=np.float64),
        scores=_scores(table, classes),
        weight=_optional(rows, WEIGHT),
        low=_optional(table, "low"),
        high=_optional(table, "high"),
        scale=_optional(rows, SCALE),
    )


def _scores(table: pl.DataFrame, classes: Sequence[Any]) -> Any:
    """(n, k), one column a class; None where the model gives none."""
    for word in ("probability", "score"):
        if len(classes) == 2 and word in table.columns:
            positive = table[word].to_numpy()
            return np.column_stack([1 - positive if word == "probability" else -positive, positive])
        names = [f"{word}_{label}" for label in classes]
        if len(classes) > 2 and set(names) <= set(table.columns):
            return table.select(names).to_numpy()
    return None


def _optional(table: pl.DataFrame, name: str) -> Any:
    return table[name].to_numpy() if name in table.columns else None
