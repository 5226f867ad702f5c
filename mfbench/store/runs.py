"""Queries about runs."""

from __future__ import annotations

from typing import Any

import duckdb
import msgspec

from mfbench.core.errors import UsageError
from mfbench.store.filters import order_sql, where_sql
from mfbench.store.store import Store, as_rows
from mfbench.workspace.workspace import Workspace

DEFAULT_SORT = "-started"


def list_runs(
    workspace: Workspace, where: str | None = None, sort: str | None = None, limit: int | None = 20, offset: int = 0
) -> tuple[list[dict[str, Any]], int]:
    """(a page of runs with their params and metrics, how many match in all), newest first unless sorted."""
    condition = f"WHERE ({where_sql(where)})" if where else ""
    order = order_sql(sort or DEFAULT_SORT)
    page = f"LIMIT {int(limit)} OFFSET {int(offset)}" if limit is not None else f"OFFSET {int(offset)}"
    with Store(workspace).reading() as con:
        try:
            rows = as_rows(con.execute(f"SELECT * FROM runs {condition} ORDER BY {order}, run DESC {page}"))
            total = con.execute(f"SELECT count(*) FROM runs {condition}").fetchone()
        except (duckdb.ConversionException, duckdb.BinderException, duckdb.ParserException) as error:
            told = str(error).splitlines()[0]
            raise UsageError(f"--where does not work: {told}", hint="quote text with '…'; numbers stand bare") from None
    assert total is not None
    return rows, int(total[0])


def show_run(workspace: Workspace, run: str) -> dict[str, Any]:
    """One run with its steps, gates, checks, data, artifacts and metrics."""
    with Store(workspace).reading() as con:
        found = as_rows(con.execute("SELECT * FROM runs WHERE run = ?", [run]))
        parts = {
            name: as_rows(con.execute(f"SELECT * EXCLUDE (run) FROM {name} WHERE run = ?", [run]))
            for name in ("steps", "gates", "checks", "data", "artifacts", "run_metrics")
        }
        about = con.execute("SELECT about FROM run_base WHERE run = ?", [run]).fetchone()
        damages = as_rows(con.execute("SELECT * EXCLUDE (run) FROM damages WHERE run = ?", [run]))
    details = msgspec.json.decode(about[0]) if about and about[0] else {}
    return {**found[0], **parts, "about": details, "damages": damages}
