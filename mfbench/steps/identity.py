"""What tells the rows of this run's data apart, and which of them its model was fitted on."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from mfbench.bundle.manifest import TrainedRows
from mfbench.bundle.trained_rows import write_trained_rows
from mfbench.data.fingerprint import identifying
from mfbench.steps.context import StepContext


def row_columns(ctx: StepContext, frame: pl.DataFrame) -> list[str]:
    """The key, else all columns. Of a forecasting table, which has a moment once for every origin that looks ahead to
    it, the moment and its series: having learned what happened then is having seen it, from wherever it was looked at.

    Reads `key` and `task` of the configuration, for forecasting `split` and `forecast` too.
    """
    if ctx.config["key"] is None and ctx.config["task"] == "forecasting":
        return [name for name in (ctx.config["split"]["by"], ctx.config["forecast"]["series"]) if name is not None]
    return identifying(frame, ctx.config["key"])


def trained_rows(ctx: StepContext, bundle: Path, train: pl.DataFrame, *, refit: bool) -> TrainedRows:
    """Writes the rows that the bundle's model was fitted on into it: the training rows, or all."""
    rows = pl.read_parquet(ctx.input("ingest", "data.parquet"), glob=False) if refit else train
    return write_trained_rows(bundle, rows, row_columns(ctx, rows))
