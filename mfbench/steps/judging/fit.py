"""Whether the recipe's gates fit its data and its estimator."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mfbench.core.errors import FitError
from mfbench.recipe.gates import parse_gate
from mfbench.recipe.schema import Recipe
from mfbench.stats.metrics import RESOURCES
from mfbench.steps.judging.groups import group_column


def check_gates(recipe: Recipe, chosen: Sequence[str], frame: pl.DataFrame) -> None:
    """Raises FitError for a metric that this estimator does not have computed, or a segment of no column."""
    for i, text in enumerate(recipe.register.gates if recipe.register else ()):
        gate, key = parse_gate(text), ("register", "gates", i)
        if gate.metric not in (*chosen, *RESOURCES):
            hint = f"evaluated are: {', '.join(chosen)}"
            raise FitError(key, f"the gate's metric {gate.metric!r} is not evaluated", hint)
        if gate.by is not None:
            group_column(frame.head(1000), gate.by, recipe.features, key)
