"""What there is to fold.

Cheap when nothing is new: only `live/` is looked at, and the names in `runs/` when that folder has changed.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, field

import duckdb

from mfbench.journal.reader import segment_names, unread
from mfbench.store.rows import RunState
from mfbench.workspace.workspace import Workspace

_BASE = ", ".join(RunState.__struct_fields__)


@dataclass
class Backlog:
    """What there is to fold, as seen at one moment: what is written later is for the next fold."""

    runs: deque[str]
    stamp: str
    goals: dict[str, int] = field(default_factory=dict)  # how far to read a segment of several chunks


def backlog(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> Backlog | None:
    """The runs that have, or may have, something new; None when nothing has changed, the ledger included."""
    stamp = _changed(workspace)
    known = dict(con.execute("SELECT key, value FROM meta").fetchall())
    live = _live(workspace)
    seen = Seen(con, live)
    found = {run for run in live if _has_new(seen, workspace, run)}
    if known.get("runs_changed") != stamp:
        folded = {run for (run,) in con.execute("SELECT run FROM run_base WHERE whole").fetchall()}
        found |= set(workspace.run_names()) - folded
    elif not found and known.get("ledger_size") == str(ledger_size(workspace)):
        return None
    return Backlog(deque(sorted(found)), stamp)


class Seen:
    """What the projection knows of some runs: their scalar columns, and how far each segment was read."""

    def __init__(self, con: duckdb.DuckDBPyConnection, runs: list[str]) -> None:
        self.states: dict[str, RunState] = {}
        self.places: dict[str, tuple[int, int]] = {}
        if runs:
            base = f"SELECT {_BASE} FROM run_base WHERE run IN (SELECT unnest(?))"
            self.states = {row[0]: RunState(*row) for row in con.execute(base, [runs]).fetchall()}
            places = 'SELECT run, segment, "offset", next_seq FROM segments WHERE run IN (SELECT unnest(?))'
            rows = con.execute(places, [runs]).fetchall() if self.states else []
            self.places = {f"{run}/{segment}": (offset, seq) for run, segment, offset, seq in rows}


def _has_new(seen: Seen, workspace: Workspace, run: str) -> bool:
    state = seen.states.get(run)
    if state is None or not state.whole:
        return True
    alive = workspace.is_alive(run)
    if state.ended is None and (state.status == "running") != alive:
        return True  # lost since the last look, or found again
    if state.ended is not None and not alive:
        return True  # to be tidied up
    folder = events_folder(workspace, run)
    return any(
        unread(f"{folder}/{name}", seen.places.get(f"{run}/{name}", (0, 0))[0]) > 0 for name in segment_names(folder)
    )


def events_folder(workspace: Workspace, run: str) -> str:
    return f"{workspace.root}/runs/{run}/events"


def _live(workspace: Workspace) -> list[str]:
    """The runs with a marker. One whose maker died before it made the folder is no run."""
    try:
        names = os.listdir(workspace.live)
    except FileNotFoundError:
        return []
    return [name for name in names if name[0] != "." and workspace.run_folder(name).is_dir()]


def _changed(workspace: Workspace) -> str:
    try:
        return str(workspace.runs.stat().st_mtime_ns)
    except FileNotFoundError:
        return ""


def ledger_size(workspace: Workspace) -> int:
    try:
        return workspace.ledger.stat().st_size
    except FileNotFoundError:
        return 0
