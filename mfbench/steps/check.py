"""Holds the data against the recipe's [[data.checks]]; one that fails ends the run with its rows."""

from __future__ import annotations

import polars as pl

from mfbench.core.errors import RefusedError
from mfbench.core.text import plural
from mfbench.data.checks import CheckResult, run_checks
from mfbench.data.target import TARGET, WEIGHT
from mfbench.recipe.schema import Data
from mfbench.steps.context import StepContext
from mfbench.steps.ingest import RAW

KEPT_ROWS = 1000


def run(ctx: StepContext) -> None:
    # Forecasts repeat a row for each origin: the rules are about the rows as they were.
    frame = pl.read_parquet(ctx.input("ingest", RAW if RAW in ctx.inputs["ingest"] else "data.parquet"), glob=False)
    results = run_checks(frame, ctx.typed(Data, "data"))
    for result in results:
        ctx.emit("check", result.name, result.passed, result.observed, result.bound)
    failed = [result for result in results if not result.passed]
    for result in failed:
        rows = int(result.bad.sum()) if result.bad is not None else 0
        of_rows = f" in {plural(rows, 'row')}" if rows else ""
        ctx.log(f"check {result.name} failed{of_rows}: found {result.observed}, wanted {result.bound}", "error")
    if failed:
        raise RefusedError(
            f"the data failed {len(failed)} of {len(results)} checks: " + "; ".join(_told(item) for item in failed),
            hint=_keep_rows(ctx, frame, failed),
        )
    if results:
        ctx.log(f"{len(results)} data checks passed")


def _told(result: CheckResult) -> str:
    rows = f", {plural(int(result.bad.sum()), 'row')}" if result.bad is not None else ""
    return f"{result.name} (found {result.observed}, wanted {result.bound}{rows})"


def _keep_rows(ctx: StepContext, frame: pl.DataFrame, failed: list[CheckResult]) -> str | None:
    """Writes the first rows of each failed check for a person to look at; says where."""
    parts = [
        frame.with_row_index("__row__")
        .filter(result.bad)
        .head(KEPT_ROWS)
        .select(pl.lit(result.name).alias("__check__"), pl.all().exclude(TARGET, WEIGHT))
        for result in failed
        if result.bad is not None
    ]
    if not parts:
        return None
    rows = pl.concat(parts)
    rows.write_parquet(ctx.output("failed_rows.parquet"))
    with pl.Config(tbl_rows=5, tbl_cols=8, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        return f"the first rows (all in the run's artifact failed_rows.parquet):\n{rows.head(5)}"
