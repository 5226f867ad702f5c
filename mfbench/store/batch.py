"""Reading what is new of some runs, as rows: no lock is held, nothing is written."""

from __future__ import annotations

import os
import sys
from itertools import islice

import msgspec

from mfbench.core.errors import DamageError
from mfbench.journal.cursor import Cursor, ends_there
from mfbench.journal.reader import segment_names
from mfbench.journal.sealed import SEALED, read_sealed
from mfbench.store.backlog import Backlog, Seen, events_folder, may_tidy
from mfbench.store.rows import Rows, RunState
from mfbench.workspace.workspace import Workspace

EVENTS = 200_000  # about so many in one transaction
RUNS = 5_000  # at most so many
CHUNK = 4 << 20  # bytes of a segment read at once


class Batch:
    """What one transaction adds: rows, the runs that they belong to, how far their segments were read."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.rows = Rows()
        self.states: dict[str, RunState] = {}
        self.cursors: dict[tuple[str, str], Cursor] = {}
        self.anew: set[str] = set()  # of which nothing that is known stays
        self.gone: set[str] = set()  # that were moved away while they were read
        self.over: list[str] = []  # nobody is left who could write to them

    def fill(self, workspace: Workspace, todo: Backlog) -> None:
        """Takes runs from `todo` until one transaction has enough; one that is not whole yet stays there."""
        while todo.runs and len(self.states) < RUNS and self.rows.count < EVENTS:
            if not self._read(workspace, todo, todo.runs[0]):
                return
            todo.runs.popleft()

    def _read(self, workspace: Workspace, todo: Backlog, run: str) -> bool:
        """Reads what is new of a run; False when there is more of it than fits."""
        # Life first, events second: a driver that ends between the two has written its end before it let go.
        alive = workspace.is_alive(run)
        folder = events_folder(workspace, run)
        sealed = f"{folder}/{SEALED}"
        is_sealed = run in todo.sealed or os.path.exists(sealed)  # noqa: PTH110  thousands of runs
        try:
            names, before = segment_names(folder), self.rows.mark()
        except (PermissionError, NotADirectoryError) as error:  # one that stays closed must not hide the other runs
            return self._unread(run, alive, error)
        if run not in todo.sealed and (is_sealed or self._is_another(run, folder)):
            self.seen.states.pop(run, None)
            self.seen.places.pop(run, None)
            self.anew.add(run)
        if run not in self.seen.states and workspace.is_foreign(run):
            self.rows.tables["foreign_runs"].append((run,))
        state = self.states[run] = self.seen.states.get(run) or RunState(run)
        state.whole = False
        if is_sealed and not self._unseal(state, sealed, todo):
            return False
        for name in names:
            if not self._follow(state, name, f"{folder}/{name}", todo):
                return False
        if not is_sealed and os.path.exists(sealed):  # noqa: PTH110  meanwhile: some segments may have gone before they were read
            self.rows.back_to(before)
            self.gone.discard(run)
            for name in names:
                del self.cursors[run, name]
            return self._read(workspace, todo, run)
        # One that went away may come back before the next fold, and would then be taken for read.
        state.whole = run not in self.gone and (bool(names) or is_sealed or workspace.run_folder(run).is_dir())
        if state.ended is None:
            state.status = "running" if alive else "lost"
        if state.whole and not alive and may_tidy(workspace, state):
            self.over.append(run)
        return True

    def _unread(self, run: str, alive: bool, error: OSError) -> bool:
        """What is known of the run stays; it is looked at again with the next fold."""
        if run not in self.seen.states:
            told = f"cannot be read: {error.strerror}"
            self.states[run] = RunState(run, status="running" if alive else "lost")
            self.rows.tables["damages"].append((run, "", None, told))
        return True

    def _is_another(self, run: str, folder: str) -> bool:
        """Whether a segment that was read is gone, cut, or replaced by a copy of another time."""
        return any(
            not ends_there(f"{folder}/{name}", offset, tail)
            for name, (offset, _, tail) in self.seen.places.get(run, {}).items()
        )

    def _follow(self, state: RunState, segment: str, path: str, todo: Backlog) -> bool:
        known = self.seen.places.get(state.run, {}).get(segment, (0, 0, b""))
        cursor = self.cursors[state.run, segment] = Cursor(path, *known)
        place = f"{state.run}/{segment}"
        while not cursor.at_end and cursor.offset < todo.goals.get(place, sys.maxsize):
            self.rows.add(state, segment, cursor.read(CHUNK))
            if not cursor.at_end:
                todo.goals.setdefault(place, cursor.size)
            if cursor.size < 0:
                self.gone.add(state.run)
            if self.rows.count >= EVENTS:
                return False
        return True

    def _unseal(self, state: RunState, path: str, todo: Backlog) -> bool:
        """A sealed journal is read once from its start; where that is broken off, it begins again."""
        batches = todo.sealed.setdefault(state.run, read_sealed(path))
        try:
            for segment, events in batches:
                self.rows.add(state, segment, events)
                if self.rows.count >= EVENTS:
                    return False
        except DamageError as error:
            self.rows.tables["damages"].append((state.run, SEALED, None, error.message))
        except FileNotFoundError:
            self.gone.add(state.run)
        except PermissionError as error:
            self.rows.tables["damages"].append((state.run, SEALED, None, f"cannot be read: {error.strerror}"))
        del todo.sealed[state.run]
        return True

    def take(self) -> dict[str, list[tuple[object, ...]]]:
        """The rows by table."""
        tables = self.rows.tables
        for (run, segment), cursor in self.cursors.items():
            tables["segments"].append((run, segment, cursor.offset, cursor.next_seq, cursor.tail))
            tables["damages"] += [(run, segment, found.offset, found.reason + found.gap) for found in cursor.damages]
        tables["run_base"] = [msgspec.structs.astuple(state) for state in self.states.values()]
        return tables


def next_runs(todo: Backlog) -> list[str]:
    return list(islice(todo.runs, RUNS))
