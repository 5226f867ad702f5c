"""Queries about runs."""

from __future__ import annotations

import re
from typing import Any

import duckdb
import msgspec

from mfbench.core.errors import NotFoundError, UsageError
from mfbench.store.engine import ASKED_WRONG
from mfbench.store.filters import order_sql, where_sql
from mfbench.store.slots import known_slots
from mfbench.store.store import Store, as_rows
from mfbench.store.usage import usage_of
from mfbench.store.verifications import verifications
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
_COLUMNS = "run, name, recipe, status, executor, started, ended, host, page, error, model, model_version, note, pinned"
# Of a run that had to make it first: what it says when it begins does not know of it yet.
_ENVIRONMENT = "SELECT body FROM t_events WHERE run = ? AND kind = 'environment' ORDER BY time DESC LIMIT 1"


class Page(msgspec.Struct):
    """What `run_rows.page` holds: the maps of a run."""

    tags: dict[str, str | None]
    params: dict[str, str | None]
    metrics: dict[str, float]


_maps = msgspec.json.Decoder(Page, strict=False).decode  # not strict: the metrics are texts, NaN among them


def list_runs(
    workspace: Workspace, where: str | None = None, sort: str | None = None, limit: int | None = 20, offset: int = 0
) -> tuple[list[dict[str, Any]], int]:
    """(a page of runs with their params and metrics, how many match in all), newest first unless sorted."""
    if offset < 0 or (limit is not None and limit < 0):
        raise UsageError("a page begins at 0 or later and holds 0 runs or more")
    with Store(workspace).reading() as con:
        condition, order = selection(con, where, sort)
        page = f"ORDER BY {order} " + (f"LIMIT {int(limit)} " if limit is not None else "") + f"OFFSET {int(offset)}"
        try:
            if limit is None:
                rows = _runs(con.execute(f"SELECT {_COLUMNS} FROM run_rows {condition} {page}"))
                return rows, len(rows) + offset if rows or not offset else _count(con, condition)
            places, total = _places(con, condition, page)
        except ASKED_WRONG as error:
            raise wrong_condition(error) from None
        return _rows_at(con, places), total


def selection(con: duckdb.DuckDBPyConnection, where: str | None, sort: str | None) -> tuple[str, str]:
    """(WHERE clause or nothing, what to order by) for a query of `run_rows`."""
    slots = known_slots(con)
    condition = f"WHERE ({where_sql(where, slots)})" if where else ""
    return condition, f"{order_sql(sort, slots)}, {NEWEST}" if sort else NEWEST


def wrong_condition(error: duckdb.Error) -> UsageError:
    told = re.sub(r"^\w+ Error: ", "", str(error).splitlines()[0])
    if told.endswith('at or near ")"'):  # the bracket is ours, unless the condition has one too many
        told = "it breaks off at its end, or a ')' has no '('"
    return UsageError(f"--where does not work: {told}", hint="quote text with '…'; numbers stand bare")


def _places(con: duckdb.DuckDBPyConnection, condition: str, page: str) -> tuple[list[int], int]:
    """(row ids of a page in order, how many match in all). What is sorted has no maps: those are dear to read."""
    total = "count(*) OVER ()" if condition else "(SELECT count(*) FROM run_rows)"
    rows = con.execute(f"SELECT rowid, {total} FROM run_rows {condition} {page}").fetchall()
    return [row[0] for row in rows], rows[0][1] if rows else _count(con, condition)


def _count(con: duckdb.DuckDBPyConnection, condition: str) -> int:
    ((total,),) = con.execute(f"SELECT count(*) FROM run_rows {condition}").fetchall()
    return int(total)


def _rows_at(con: duckdb.DuckDBPyConnection, places: list[int]) -> list[dict[str, Any]]:
    query = f"SELECT {_COLUMNS}, rowid FROM run_rows WHERE rowid IN (SELECT unnest(?))"
    rows = {row.pop("rowid"): row for row in _runs(con.execute(query, [places]))}
    return [rows[place] for place in places]


def show_run(workspace: Workspace, run: str) -> dict[str, Any]:
    """One run with its steps, gates, checks, data, artifacts, metrics and what it took. Raises NotFoundError."""
    with Store(workspace).reading() as con:
        found = _runs(con.execute(f"SELECT {_COLUMNS} FROM run_rows WHERE run = ?", [run]))
        if not found:
            raise NotFoundError(f"there is no run {run!r}", hint="list the runs with: mfbench runs")
        parts = {name: _part(con, name, run) for name in _PARTS}
        # A run that came from elsewhere may claim to have verified anything.
        own = [one for one in verifications(con, run) if not workspace.is_foreign(one["verification"])]
        ((about,),) = con.execute("SELECT about FROM run_base WHERE run = ?", [run]).fetchall()
        damages = _part(con, "damages", run)
        usage = usage_of(con, run)
        made = con.execute(_ENVIRONMENT, [run]).fetchone()
    details = msgspec.json.decode(about) if about else {}
    if made:
        details["environment"] = next(iter(msgspec.json.decode(made[0])), None)
    parts["verifications"] = own
    return {**found[0], **parts, "about": details, "damages": damages, "usage": usage.summary() if usage else None}


def _part(con: duckdb.DuckDBPyConnection, view: str, run: str) -> list[dict[str, Any]]:
    query = f"SELECT * EXCLUDE (run) FROM {view} WHERE run = ? {_PARTS.get(view, 'ORDER BY ALL')}"
    return as_rows(con.execute(query, [run]))


def _runs(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    rows = []
    for row in as_rows(result):
        maps = msgspec.structs.asdict(_maps(row["page"]))
        in_its_place = [maps if name == "page" else {name: value} for name, value in row.items()]
        rows.append({name: value for part in in_its_place for name, value in part.items()})
    return rows
