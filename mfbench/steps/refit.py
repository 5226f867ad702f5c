"""Fits encoding and model once more, on all rows, for the bundle; its quality was measured before, on held-out rows."""

from __future__ import annotations

import polars as pl

from mfbench.features.encoder import Encoder
from mfbench.steps.chosen import chosen_model
from mfbench.steps.context import StepContext
from mfbench.steps.precheck import check_model
from mfbench.steps.train import fit


def run(ctx: StepContext) -> None:
    rows = pl.read_parquet(ctx.input("ingest", "data.parquet"), glob=False)
    fitted = Encoder.load(ctx.input_folder("features", "encoder"))
    _, traits = check_model(chosen_model(ctx), ctx.config["task"], weighted=False)
    encoder = Encoder(fitted.columns, fitted.inputs).fit(rows, traits)
    encoder.save(ctx.output_folder("encoder"))
    fit(ctx, rows, encoder)
