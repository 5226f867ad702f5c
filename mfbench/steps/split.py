"""Says for each row whether it is for training, for the test, or in the gap between."""

from __future__ import annotations

import polars as pl

from mfbench.core.text import plural
from mfbench.data.split import PART, split_rows
from mfbench.recipe.schema import Split
from mfbench.steps.context import StepContext


def run(ctx: StepContext) -> None:
    frame = pl.read_parquet(ctx.input("ingest", "data.parquet"), glob=False)
    split = ctx.typed(Split, "split")
    parts = split_rows(frame, split, ctx.config["task"], ctx.config["seed"])
    pl.DataFrame({PART: parts}).write_parquet(ctx.output("split.parquet"))
    for part in ("train", "test", "gap"):
        rows = frame.filter(parts == part)
        if part == "gap" and rows.height == 0:
            continue
        span = f", {split.by} {rows[split.by].min()!s} to {rows[split.by].max()!s}" if split.by else ""
        ctx.log(f"{part}: {plural(rows.height, 'row')}{span}")
        ctx.emit("param", f"rows.{part}", rows.height)


def read_parts(ctx: StepContext, *parts: str) -> list[pl.DataFrame]:
    """The ingested rows of each named part, in the data's order."""
    frame = pl.read_parquet(ctx.input("ingest", "data.parquet"), glob=False)
    which = pl.read_parquet(ctx.input("split", "split.parquet"), glob=False)[PART]
    return [frame.filter(which == part) for part in parts]
