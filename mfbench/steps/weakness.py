"""Where the model is weak: segments of the held-out rows in which its answers are worse than elsewhere."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import polars as pl

from mfbench.features.encoder import Encoder
from mfbench.stats.predicted import Predicted
from mfbench.stats.rowwise import row_loss
from mfbench.stats.segments import find_weak

MOST_COLUMNS = 60  # looked at: the more there are, the less is found, for all that has to be corrected for
LOSSES = {"probabilities": "log_loss", "classes": "error_rate", "values": "mae"}  # by what a prediction holds


def weakness(
    columns: dict[str, pl.Series], predicted: Predicted, units: Any, *, gives: str, seed: int, confidence: float
) -> dict[str, Any]:
    """The part `weak` of evaluation.json. `gives`: 'probabilities', 'classes' or 'values', by which the loss of a row
    is its log loss, 1 for an error, or its absolute error."""
    metric = LOSSES[gives]
    loss = 1 - row_loss("accuracy", predicted) if metric == "error_rate" else row_loss(metric, predicted)
    frame = pl.DataFrame([series.alias(name) for name, series in list(columns.items())[:MOST_COLUMNS]])
    found = find_weak(frame, loss, units, seed=seed, confidence=confidence)
    return {"metric": metric, "looked_at": found.looked_at, "found": [asdict(item) for item in found.found]}


def telling(rows: pl.DataFrame, slices: dict[str, pl.Series], encoder: Encoder) -> dict[str, pl.Series]:
    """The columns by which people tell rows apart: the slices, and the features before they are encoded."""
    return slices | {series.name: series for series in encoder.prepare(rows) if series.name not in slices}
