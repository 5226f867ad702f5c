"""What there is to fold.

Cheap when nothing is new: only `live/` is looked at, and the names in `runs/` when that folder has changed.
"""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import duckdb

from mfbench.journal.cursor import Event, ends_there, unread
from mfbench.journal.reader import segment_names
from mfbench.journal.sealed import SEALED
from mfbench.store.rows import RunState
from mfbench.workspace.workspace import Workspace

_BASE = ", ".join(RunState.__struct_fields__)
_PLACES = 'run, segment, "offset", next_seq, tail'
Place = tuple[int, int, bytes]  # offset, next sequence, the end of the last line before it


class Folder(NamedTuple):
    """What `runs/` looks like from outside: which folder it is, and when a run came or went.

    Two changes within one tick of the kernel's clock look like one: a run that is made has a marker as well, and what
    is moved in is told by `Workspace.touch_runs`.
    """

    inode: str
    changed: str

    @classmethod
    def of(cls, workspace: Workspace) -> Folder:
        try:
            found = os.stat(workspace.runs)  # noqa: PTH116  at each look
            return cls(str(found.st_ino), str(found.st_mtime_ns))
        except FileNotFoundError:
            return cls("", "")

    @classmethod
    def known(cls, con: duckdb.DuckDBPyConnection) -> Folder:
        rows = dict(con.execute("SELECT key, value FROM meta WHERE key IN ('runs_inode', 'runs_changed')").fetchall())
        return cls(rows.get("runs_inode", "unknown"), rows.get("runs_changed", "unknown"))


@dataclass
class Backlog:
    """What there is to fold, as seen at one moment: what is written later is for the next fold."""

    made: str  # the database that this was read from
    runs: deque[str]
    folder: Folder  # as it is known once all of these are folded
    gone: list[str] = field(default_factory=list)  # runs of the database whose folder is not there any more
    goals: dict[str, int] = field(default_factory=dict)  # how far to read a segment of several chunks
    sealed: dict[str, Iterator[tuple[str, list[Event]]]] = field(default_factory=dict)  # journals that are half read


def has_news(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> bool:
    """Whether there may be something to fold, without comparing the names of all runs."""
    return Folder.known(con) != Folder.of(workspace) or bool(_with_news(con, workspace))


def backlog(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> Backlog | None:
    """The runs that have, or may have, something new; None when nothing has changed."""
    known, now = Folder.known(con), Folder.of(workspace)
    found = _with_news(con, workspace)
    gone: list[str] = []
    if known != now:
        names, folded = set(workspace.run_names()), _names(con, "run_base")
        found |= names - folded | names & _names(con, "run_base WHERE NOT whole")
        gone = sorted(folded - names)
    elif not found:
        return None
    if known.inode != now.inode:
        found |= _differing(con, workspace)
    found -= _names(con, "deleted_runs")
    return Backlog(made(con), deque(sorted(found)), now, gone)


def _with_news(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> set[str]:
    """Of the runs that are, or were at the last look, alive."""
    # One that is not in `live/` was folded and tidied up by another database, or its marker is lost.
    open_ = con.execute("SELECT run FROM run_base WHERE status = 'running'").fetchall()
    looked_at = list({*_live(workspace), *(run for (run,) in open_)})
    seen = Seen(con, looked_at)
    return {run for run in looked_at if _has_new(seen, workspace, run)}


def made(con: duckdb.DuckDBPyConnection) -> str:
    """What tells this database from one that is made in its place; '' of a file without our tables."""
    try:
        rows = con.execute("SELECT value FROM meta WHERE key = 'made'").fetchall()
    except duckdb.CatalogException:
        return ""
    return str(rows[0][0]) if rows else ""


def _differing(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> set[str]:
    """The runs whose segments are not as long as what was read of them: in a copy, made while runs were writing, the
    database may be older or newer than the journals beside it."""
    found = set()
    for run, segment, *place, tail in con.execute(f"SELECT {_PLACES} FROM segments").fetchall():
        folder = events_folder(workspace, run)
        if _differs(f"{folder}/{segment}", (*place, tail or b"")) and not os.path.exists(f"{folder}/{SEALED}"):  # noqa: PTH110  thousands of runs
            found.add(run)
    return found


class Seen:
    """What the projection knows of some runs: their scalar columns, and how far each segment was read."""

    def __init__(self, con: duckdb.DuckDBPyConnection, runs: list[str]) -> None:
        self.states: dict[str, RunState] = {}
        self.places: dict[str, dict[str, Place]] = defaultdict(dict)
        if runs:
            base = f"SELECT {_BASE} FROM run_base WHERE run IN (SELECT unnest(?))"
            self.states = {row[0]: RunState(*row) for row in con.execute(base, [runs]).fetchall()}
            places = f"SELECT {_PLACES} FROM segments WHERE run IN (SELECT unnest(?))"
            for run, segment, offset, seq, tail in con.execute(places, [runs]).fetchall() if self.states else []:
                self.places[run][segment] = (offset, seq, tail or b"")


def _has_new(seen: Seen, workspace: Workspace, run: str) -> bool:
    state = seen.states.get(run)
    if state is None or not state.whole:
        return True
    alive = workspace.is_alive(run)
    if state.ended is None and (state.status == "running") != alive:
        return True  # lost since the last look, or found again
    if not alive and may_tidy(workspace, state):
        return True
    folder = events_folder(workspace, run)
    places = seen.places[run]
    return any(_differs(f"{folder}/{name}", places.get(name)) for name in segment_names(folder))


def may_tidy(workspace: Workspace, state: RunState) -> bool:
    """Whether the marker of a run that nobody leads can go. On a shared disk a lost one may only be slow."""
    return workspace.writable and (state.ended is not None or not workspace.is_shared)


def _differs(path: str, place: Place | None) -> bool:
    """Whether a segment holds other whole lines than what was read of it."""
    offset, _, tail = place or (0, 0, b"")
    return unread(path, offset) > 0 or (offset > 0 and not ends_there(path, offset, tail))


def events_folder(workspace: Workspace, run: str) -> str:
    return f"{workspace.root}/runs/{run}/events"


def _live(workspace: Workspace) -> list[str]:
    """The runs with a marker. One whose maker died before it made the folder is no run."""
    try:
        names = os.listdir(workspace.live)
    except FileNotFoundError:
        return []
    return [name for name in names if name[0] != "." and workspace.run_folder(name).is_dir()]


def _names(con: duckdb.DuckDBPyConnection, source: str) -> set[str]:
    """As one text: at 100,000 runs, a fifth of the time of as many rows."""
    ((text,),) = con.execute(f"SELECT string_agg(run, '/') FROM {source}").fetchall()
    return set(text.split("/")) if text else set()
