"""Runs that search: how far each has come, and what its best trial has reached."""

from __future__ import annotations

from typing import Any

import msgspec

from mfbench.core.structs import make_ready
from mfbench.store.store import Store, as_rows
from mfbench.workspace.workspace import Workspace


class About(msgspec.Struct):
    """The event `search`: its objectives, which way each is better, and how many trials are to be made."""

    names: list[str]
    greater: list[bool]
    limit: int | None = None


make_ready(list[About])
_QUERY = """
WITH about AS (
    SELECT run, arg_max(body, time) AS body FROM t_events WHERE kind = 'search' GROUP BY run
    ORDER BY run DESC LIMIT $limit OFFSET $offset
), told AS (
    SELECT run, count(*) FILTER (state IS NOT NULL AND state <> 'interrupted') AS done,
        count(*) FILTER (state IS NULL) AS running,
        count(*) FILTER (state = 'pruned') AS pruned, count(*) FILTER (state = 'failed') AS failed,
        min(TRY_CAST(values ->> 0 AS DOUBLE)) FILTER (state = 'complete') AS least,
        max(TRY_CAST(values ->> 0 AS DOUBLE)) FILTER (state = 'complete') AS most
    FROM trials WHERE run IN (SELECT run FROM about) GROUP BY run
)
SELECT run, name, recipe, status, started, ended, about.body AS about, done, running, pruned, failed, least, most
FROM about JOIN runs USING (run) LEFT JOIN told USING (run) ORDER BY run DESC
"""
_TOTAL = "SELECT count(DISTINCT run) FROM t_events WHERE kind = 'search'"


def list_searches(workspace: Workspace, limit: int, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """(a page of searches, newest first, how many there are in all).

    {run, name, recipe, status, started, ended, objectives, greater, limit, done, running, pruned, failed, best}; best:
    the value of the first objective.
    """
    with Store(workspace).reading() as con:
        rows = as_rows(con.execute(_QUERY, {"limit": limit, "offset": offset}))
        total = con.execute(_TOTAL).fetchone()
    return [made for row in rows if (made := _row(row))], int(total[0]) if total else 0


def _row(row: dict[str, Any]) -> dict[str, Any] | None:
    """None where the event of the search has another shape than ours."""
    least, most = row.pop("least"), row.pop("most")
    try:
        [about] = msgspec.convert(msgspec.json.decode(row.pop("about")), list[About])
    except (msgspec.MsgspecError, ValueError):
        return None
    greater = about.greater
    counts = {key: row.get(key) or 0 for key in ("done", "running", "pruned", "failed")}
    return {**row, **counts, "objectives": about.names, "greater": greater, "limit": about.limit,
            "best": most if not greater or greater[0] else least}  # fmt: skip
