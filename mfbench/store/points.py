"""Metrics as they were logged, and what each came to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl

_POINTS = """
SELECT run, trial, key, step, make_timestamp(time) AS time, value
FROM t_metrics JOIN (SELECT unnest($runs) AS run, unnest(range(len($runs))) AS place) USING (run)
WHERE $key IS NULL OR key = $key ORDER BY place, key, trial NULLS FIRST, step, t_metrics.time, t_metrics.rowid
"""


def points(workspace: Workspace, runs: Sequence[str], key: str | None = None) -> pl.DataFrame:
    """Every point: run, trial, key, step, time (UTC), value; a step that was logged twice stands there twice."""
    with Store(workspace).reading() as con:
        found: pl.DataFrame = con.sql(_POINTS, params={"runs": list(runs), "key": key}).pl()
        return found


def summaries(workspace: Workspace, run: str) -> list[dict[str, Any]]:
    """The metrics of a run by name: key, n, last, min, max, best."""
    query = "SELECT key, n, last, min, max, best FROM run_metrics WHERE run = ? ORDER BY key"
    return Store(workspace).rows(query, [run])
