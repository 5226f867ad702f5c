"""Queries about runs."""

from __future__ import annotations

from typing import Any

import duckdb
import msgspec

from mfbench.core.errors import NotFoundError, UsageError
from mfbench.store.engine import ASKED_WRONG
from mfbench.store.filters import order_sql, where_sql
from mfbench.store.store import Store, as_rows
from mfbench.workspace.workspace import Workspace

NEWEST = "started DESC NULLS LAST, run DESC"
_PARTS = {  # and their order; the others come as they were written
    "steps": "ORDER BY ended",
    "gates": "",
    "checks": "",
    "data": "",
    "artifacts": "ORDER BY path",
    "run_metrics": "ORDER BY key",
}


# A map taken to Python costs five times what its keys and values cost as lists.
_MAPS = ("tags", "params", "metrics")
_LISTS = f"""
SELECT * REPLACE ({", ".join(f"map_keys({name}) AS {name}" for name in _MAPS)}),
    {", ".join(f"map_values({name})" for name in _MAPS)} FROM
"""


def list_runs(
    workspace: Workspace, where: str | None = None, sort: str | None = None, limit: int | None = 20, offset: int = 0
) -> tuple[list[dict[str, Any]], int]:
    """(a page of runs with their params and metrics, how many match in all), newest first unless sorted."""
    condition = f"WHERE ({where_sql(where)})" if where else ""
    order = f"{order_sql(sort)}, {NEWEST}" if sort else NEWEST
    if offset < 0 or (limit is not None and limit < 0):
        raise UsageError("a page begins at 0 or later and holds 0 runs or more")
    page = f"LIMIT {int(limit)} OFFSET {int(offset)}" if limit is not None else f"OFFSET {int(offset)}"
    with Store(workspace).reading() as con:
        try:
            rows = _runs(con.execute(f"{_LISTS} (SELECT * FROM runs {condition} ORDER BY {order} {page})"))
            ((total,),) = con.execute(f"SELECT count(*) FROM runs {condition}").fetchall()
        except ASKED_WRONG as error:
            told = str(error).splitlines()[0]
            raise UsageError(f"--where does not work: {told}", hint="quote text with '…'; numbers stand bare") from None
    return rows, total


def show_run(workspace: Workspace, run: str) -> dict[str, Any]:
    """One run with its steps, gates, checks, data, artifacts and metrics. Raises NotFoundError."""
    with Store(workspace).reading() as con:
        found = _runs(con.execute(f"{_LISTS} runs WHERE run = ?", [run]))
        if not found:
            raise NotFoundError(f"there is no run {run!r}", hint="list the runs with: mfbench runs")
        parts = {name: _part(con, name, run) for name in _PARTS}
        ((about,),) = con.execute("SELECT about FROM run_base WHERE run = ?", [run]).fetchall()
        damages = _part(con, "damages", run)
    details = msgspec.json.decode(about) if about else {}
    return {**found[0], **parts, "about": details, "damages": damages}


def _part(con: duckdb.DuckDBPyConnection, view: str, run: str) -> list[dict[str, Any]]:
    query = f"SELECT * EXCLUDE (run) FROM {view} WHERE run = ? {_PARTS.get(view, 'ORDER BY ALL')}"
    return as_rows(con.execute(query, [run]))


def _runs(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    rows = as_rows(result)
    for row in rows:
        for name in _MAPS:
            row[name] = dict(zip(row[name], row.pop(f"map_values({name})"), strict=True))
    return rows
