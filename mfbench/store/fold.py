"""Bringing the projection up to date with the journals.

Exact under any interruption: the offset of each segment is committed in the same transaction as the rows that
come from before it.
"""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

import duckdb
import msgspec

from mfbench.core.errors import DamageError
from mfbench.journal.ledger import read_ledger
from mfbench.journal.reader import Cursor, segment_names
from mfbench.store.backlog import Backlog, Seen, events_folder, ledger_size
from mfbench.store.rows import Rows, RunState
from mfbench.store.schema import MERGE, POINTS, REFRESH, TOUCHED
from mfbench.workspace.locks import remove_free
from mfbench.workspace.workspace import Workspace

EVENTS = 200_000  # about so many in one transaction
RUNS = 5_000  # at most so many
CHUNK = 4 << 20  # bytes of a segment read at once


def fold(con: duckdb.DuckDBPyConnection, workspace: Workspace, todo: Backlog) -> bool:
    """One transaction's worth of `todo`, taken from it; whether all is done.

    The caller holds the lock, and closes the connection after an error.
    """
    batch = Batch()
    seen = Seen(con, list(islice(todo.runs, RUNS)))
    while todo.runs and len(batch.states) < RUNS and batch.rows.count < EVENTS:
        if not batch.read(seen, workspace, todo):
            break
        todo.runs.popleft()
    con.execute("BEGIN")
    if batch.states:
        batch.store(con)
    if not todo.runs:
        _fold_ledger(con, workspace)
        con.execute("INSERT OR REPLACE INTO meta VALUES ('runs_changed', ?)", [todo.stamp])
    con.execute("COMMIT")
    for run in batch.over:
        remove_free(workspace.live / run)
    return not todo.runs


class Batch:
    """What one transaction adds: rows, the runs that they belong to, how far their segments were read."""

    def __init__(self) -> None:
        self.rows = Rows()
        self.states: dict[str, RunState] = {}
        self.cursors: dict[tuple[str, str], Cursor] = {}
        self.over: list[str] = []  # ended, and nobody is left who could write to them

    def read(self, seen: Seen, workspace: Workspace, todo: Backlog) -> bool:
        """Reads what is new of the first run; False when there is more of it than fits."""
        run = todo.runs[0]
        state = self.states[run] = seen.states.get(run) or RunState(run)
        # Life first, events second: a driver that ends between the two has written its end before it let go.
        alive = workspace.is_alive(run)
        folder = events_folder(workspace, run)
        state.whole = False
        for segment in segment_names(folder):
            place = f"{run}/{segment}"
            cursor = self.cursors[run, segment] = Cursor(f"{folder}/{segment}", *seen.places.get(place, (0, 0)))
            while not cursor.at_end and cursor.offset < todo.goals.get(place, sys.maxsize):
                self.rows.add(state, segment, cursor.read(CHUNK))
                if not cursor.at_end:
                    todo.goals.setdefault(place, Path(cursor.path).stat().st_size)
                if self.rows.count >= EVENTS:
                    return False
        state.whole = True
        if state.ended is None:
            state.status = "running" if alive else "lost"
        elif not alive:
            self.over.append(run)
        return True

    def store(self, con: duckdb.DuckDBPyConnection) -> None:
        """Within the caller's transaction."""
        tables = self.rows.tables
        con.execute(TOUCHED)
        _append(con, "touched", [(run,) for run in self.states])
        for run, segment in self.cursors:
            cursor = self.cursors[run, segment]
            tables["segments"].append((run, segment, cursor.offset, cursor.next_seq))
            tables["damages"] += [(run, segment, found.offset, found.reason + found.gap) for found in cursor.damages]
        tables["run_base"] = [msgspec.structs.astuple(state) for state in self.states.values()]
        con.execute("DELETE FROM run_base WHERE run IN (SELECT run FROM touched)")
        places = [[run for run, _ in self.cursors], [segment for _, segment in self.cursors]]
        con.execute("DELETE FROM segments WHERE (run, segment) IN (SELECT unnest(?), unnest(?))", places)
        points = tables.pop("fresh", None)
        for table, rows in tables.items():
            _append(con, table, rows)
        if points:
            con.execute(POINTS)
            _append(con, "fresh", points)
            con.execute(MERGE)
            con.execute("DROP TABLE fresh")
        con.execute(REFRESH)
        con.execute("DROP TABLE touched")


def _append(con: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[object, ...]]) -> None:
    if rows:
        with con.appender(table) as appender:
            appender.append_rows(rows)


def _fold_ledger(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    """The ledger is small and checked as a whole: it is replaced. A damaged one stays as it was last seen whole."""
    size = str(ledger_size(workspace))
    if con.execute("SELECT value FROM meta WHERE key = 'ledger_size'").fetchall() == [(size,)]:
        return
    con.execute("INSERT OR REPLACE INTO meta VALUES ('ledger_size', ?)", [size])
    try:
        entries = read_ledger(workspace.ledger)
    except DamageError:  # told by doctor, and by everything that reads models; runs can be read all the same
        return
    con.execute("DELETE FROM t_ledger WHERE ledger = ?", [workspace.id])
    _append(con, "t_ledger", [(workspace.id, e.seq, e.time, e.kind, e.actor, e.reason, e.previous,
                               msgspec.json.encode(e.body).decode()) for e in entries])  # fmt: skip
