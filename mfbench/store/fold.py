"""Bringing the projection up to date with the journals.

Exact under any interruption: the offset of each segment is committed in the same transaction as the rows that
come from before it. Cheap when nothing is new: only `live/` is looked at, and the names in `runs/` when that
folder has changed.
"""

from __future__ import annotations

import os
from dataclasses import astuple, dataclass, field, fields
from typing import Any

import duckdb
import msgspec

from mfbench.journal.ledger import read_ledger
from mfbench.journal.reader import Cursor
from mfbench.store.rows import Rows, RunState
from mfbench.store.schema import MERGE, REFRESH
from mfbench.workspace.workspace import Workspace

BATCH = 200_000  # events in one transaction
CHUNK = 16 << 20  # bytes of a segment read at once
_BASE = [item.name for item in fields(RunState)]


def pending(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> list[str]:
    """The runs that have, or may have, something new; [''] stands for the ledger alone."""
    known = dict(con.execute("SELECT key, value FROM meta").fetchall())
    live = _names(workspace.live)
    found = set()
    if known.get("runs_changed") != _changed(workspace):
        folded = {run for (run,) in con.execute("SELECT run FROM run_base").fetchall()}
        found = set(_names(workspace.runs)) - folded
    seen = Seen(con, live)
    found |= {run for run in live if run not in found and _has_new(seen, workspace, run)}
    return sorted(found) or ([""] if known.get("ledger_size") != str(_size(workspace)) else [])


class Seen:
    """What the projection knows of some runs: their scalar columns, and how far each segment was read."""

    def __init__(self, con: duckdb.DuckDBPyConnection, runs: list[str]) -> None:
        base = f"SELECT {', '.join(_BASE)} FROM run_base WHERE run IN (SELECT unnest(?))"
        self.states = {row[0]: RunState(*row) for row in con.execute(base, [runs]).fetchall()}
        places = 'SELECT run, segment, "offset", next_seq FROM segments WHERE run IN (SELECT unnest(?))'
        self.offsets = {(run, name): (at, seq) for run, name, at, seq in con.execute(places, [runs]).fetchall()}


@dataclass
class Batch:
    """One transaction's worth: rows, the runs that they belong to, how far their segments were read."""

    rows: Rows = field(default_factory=Rows)
    states: dict[str, RunState] = field(default_factory=dict)
    cursors: dict[tuple[str, str], Cursor] = field(default_factory=dict)


def fold(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> int:
    """Folds everything that is new in bounded transactions; the number of events. The caller holds the lock."""
    stamp = _changed(workspace)
    runs = [name for name in pending(con, workspace) if name]
    total = 0
    seen = Seen(con, runs)
    while runs:
        batch = Batch()
        while runs and batch.rows.count < BATCH and _decode(seen, workspace, runs[0], batch):
            runs.pop(0)
        _commit(con, batch)
        seen.states |= batch.states
        seen.offsets |= {place: (cursor.offset, cursor.next_seq) for place, cursor in batch.cursors.items()}
        total += batch.rows.count
    _fold_ledger(con, workspace)
    con.execute("INSERT OR REPLACE INTO meta VALUES ('runs_changed', ?)", [stamp])
    ended = "SELECT run FROM run_base WHERE ended IS NOT NULL AND run IN (SELECT unnest(?))"
    for (run,) in con.execute(ended, [_names(workspace.live)]).fetchall():
        if not workspace.is_alive(run):
            (workspace.live / run).unlink(missing_ok=True)
    return total


def _decode(seen: Seen, workspace: Workspace, run: str, batch: Batch) -> bool:
    """Reads what is new of one run into the batch; False when there is more of it than fits."""
    state = batch.states.setdefault(run, seen.states.get(run) or RunState(run))
    # Life first, events second: a driver that ends between the two has written its end before it let go.
    alive = workspace.is_alive(run)
    folder = workspace.run_folder(run) / "events"
    for segment in sorted(name for name in _names(folder) if name.endswith(".jsonl")):
        place = (run, segment)
        cursor = batch.cursors.get(place)
        if cursor is None:
            cursor = batch.cursors[place] = Cursor(folder / segment, *seen.offsets.get(place, (0, 0)))
        while events := cursor.read(CHUNK):
            batch.rows.add(state, segment, events)
            if batch.rows.count >= BATCH:
                return False
    if state.ended is None:
        state.status = "running" if alive else "lost"
    return True


def _commit(con: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    con.execute("BEGIN")
    try:
        con.execute("CREATE TEMP TABLE touched (run VARCHAR)")
        _append(con, "touched", [(run,) for run in batch.states])
        con.execute("DELETE FROM run_base WHERE run IN (SELECT run FROM touched)")
        _append(con, "run_base", [astuple(state) for state in batch.states.values()])
        con.execute(
            "CREATE TEMP TABLE fresh (run VARCHAR, trial INTEGER, key VARCHAR, step BIGINT, time BIGINT, value DOUBLE,"
            " greater BOOLEAN)"
        )
        for table, content in batch.rows.tables.items():
            _append(con, table, content)
        con.execute("INSERT INTO t_metrics SELECT run, trial, key, step, time, value FROM fresh")
        con.execute(MERGE)
        places = [(*place, c.offset, c.next_seq, "") for place, c in batch.cursors.items()]
        con.execute("DELETE FROM segments WHERE (run, segment) IN (SELECT unnest(?), unnest(?))",
                    [[place[0] for place in places], [place[1] for place in places]])  # fmt: skip
        _append(con, "segments", places)
        for place, cursor in batch.cursors.items():
            _append(con, "damages", [(*place, d.offset, d.reason, str(d.missing or "")) for d in cursor.damages])
        for statement in REFRESH.split(";\n"):
            con.execute(statement)
        con.execute("DROP TABLE touched; DROP TABLE fresh")
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise


def _append(con: duckdb.DuckDBPyConnection, table: str, content: list[tuple[Any, ...]]) -> None:
    if content:
        with con.appender(table) as appender:
            appender.append_rows(content)


def _fold_ledger(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    """The ledger is small and checked as a whole: it is replaced."""
    size = str(_size(workspace))
    known = con.execute("SELECT value FROM meta WHERE key = 'ledger_size'").fetchone()
    if known == (size,):
        return
    entries = read_ledger(workspace.ledger)
    con.execute("BEGIN")
    con.execute("DELETE FROM t_ledger WHERE ledger = ?", [workspace.id])
    _append(con, "t_ledger", [(workspace.id, e.seq, e.time, e.kind, e.actor, e.reason, e.previous,
                               msgspec.json.encode(e.body).decode()) for e in entries])  # fmt: skip
    con.execute("INSERT OR REPLACE INTO meta VALUES ('ledger_size', ?)", [size])
    con.execute("COMMIT")


def _has_new(seen: Seen, workspace: Workspace, run: str) -> bool:
    state = seen.states.get(run)
    if state is None or (state.status == "running") != workspace.is_alive(run):
        return True  # new, lost since the last look, ended and to be tidied up, or resumed
    folder = workspace.run_folder(run) / "events"
    return any(
        (folder / name).stat().st_size > seen.offsets.get((run, name), (0, 0))[0]
        for name in _names(folder)
        if name.endswith(".jsonl")
    )


def _names(folder: Any) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if not name.startswith(".")]
    except FileNotFoundError:
        return []


def _changed(workspace: Workspace) -> str:
    return str(workspace.runs.stat().st_mtime_ns)


def _size(workspace: Workspace) -> int:
    try:
        return workspace.ledger.stat().st_size
    except FileNotFoundError:
        return 0
