"""Opening the projection: fold what is new, answer, close. Nobody keeps it open."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from mfbench.core import progress
from mfbench.core.errors import DiskError, StaleWarning, StoreBusyError, from_os
from mfbench.store.backlog import Backlog, Seen, backlog, has_news, made
from mfbench.store.batch import Batch, next_runs
from mfbench.store.engine import GoneError, attached
from mfbench.store.fold import store
from mfbench.store.ledgers import changed_ledgers, store_ledgers
from mfbench.store.migrate import is_current, make, migrate, replace, version_of
from mfbench.workspace.locks import locked, remove_free
from mfbench.workspace.workspace import Workspace

PATIENCE = 3.0  # seconds that a reader waits for another's fold before it takes what is there
LONG = 30.0  # seconds for which a reader makes a database again and again that somebody deletes before it is read


class Store:
    """Safe to use from many processes at once.

    Readers share the store's lock. One folds at a time (the fold's lock); it reads and decodes without the store's
    lock and takes that alone only to write a batch.
    """

    def __init__(self, workspace: Workspace, path: Path | None = None) -> None:
        self.workspace = workspace
        self.path = path or workspace.database

    @contextmanager
    def reading(self, *, keep: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection to a projection that knows every event that was written before the call.

        keep: as for `attached`. Where that cannot be had (another process folds for long, the disk is full) and there
        is a projection, it is given as it is, with a StaleWarning.
        """
        told = None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        until = time.monotonic() + LONG
        for folds in count():
            if folds > 2 and time.monotonic() > until:
                raise StoreBusyError("the database goes away again and again while it is read", where=str(self.path))
            with locked(self.workspace.store_lock, shared=True), self._open(read_only=True, keep=keep) as con:
                if con and is_current(con, self.path) and (folds or told or not self._has_news(con)):
                    if told:
                        warnings.warn(told, StaleWarning, stacklevel=4)
                    yield con
                    return
            try:
                self.update(PATIENCE)
            except (StoreBusyError, DiskError) as error:
                full = isinstance(error, DiskError) and (told or not self.path.exists())
                if full or time.monotonic() > until:
                    raise
                told = f"what was written last may not be shown: {error.message}"

    def update(self, patience: float = 30.0) -> None:
        """Folds what is new, in bounded batches between which readers have their turn.

        Raises StoreBusyError where another process folds, or reads, for longer than `patience` seconds, and DiskError.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with locked(self.workspace.fold_lock, timeout=patience):
                self._fold(patience, progress.tell)
        except OSError as error:
            raise from_os(error, "the database cannot be brought up to date") from error

    def rebuild(self, tell: progress.Progress | None = None) -> int:
        """Makes the database anew from the journals and ledgers: how many runs it holds. Meanwhile the old one is read.

        What was deleted stays deleted: the ledger says so.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with locked(self.workspace.fold_lock):
                anew = Store(self.workspace, self.path.with_name(f"{self.path.name}.rebuilt"))
                make(anew.path, self.workspace)
                anew._fold(30.0, tell or progress.tell)
                with attached(anew.path, read_only=True) as con:
                    ((runs,),) = con.execute("SELECT count(*) FROM runs").fetchall()
                with locked(self.workspace.store_lock):
                    replace(anew.path, self.path)
        except OSError as error:
            raise from_os(error, "the database cannot be made anew") from error
        return int(runs)

    def rows(self, query: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
        """A query's rows as dictionaries."""
        with self.reading() as con:
            return as_rows(con.execute(query, parameters or []))

    def _fold(self, patience: float, tell: progress.Progress) -> None:
        """The caller holds the fold's lock."""
        self._prepare(patience)
        todo: Backlog | None = None
        total = batches = 0
        while True:
            with locked(self.workspace.store_lock, shared=True, timeout=patience), self._open(read_only=True) as found:
                con = found if found and made(found) else None
                if con is not None and (todo is None or todo.made != made(con)):
                    todo = backlog(con, self.workspace)
                    total = len(todo.runs) if todo else 0
                seen = Seen(con, next_runs(todo)) if con is not None and todo is not None else None
            if con is None:  # somebody has deleted it
                self._prepare(patience)
                continue
            if todo is None or seen is None:
                return
            batch = Batch(seen)
            batch.fill(self.workspace, todo)
            with locked(self.workspace.store_lock, timeout=patience), self._open(read_only=False) as con:
                if con is None or made(con) != todo.made:
                    continue
                store(con, batch, todo)
            self._tidy(batch)  # only now: the file itself holds what was committed
            batches += 1
            if batches > 1 or todo.runs:  # what takes one batch is over before anybody wonders
                tell("reading journals", total - len(todo.runs), total)
            if not todo.runs:
                return

    def _prepare(self, patience: float) -> None:
        """A database of this schema that knows the ledgers. Whoever finds one needs the lock for a look only."""
        with locked(self.workspace.store_lock, shared=True, timeout=patience):
            if self._is_prepared():
                return
        with locked(self.workspace.store_lock, timeout=patience):
            with self._open(read_only=True) as con:
                found = None if con is None else version_of(con)
                current = con is not None and is_current(con, self.path)
            if not current and not (found and migrate(self.path, self.workspace, found)):
                make(self.path, self.workspace)
            with self._open(read_only=False) as con:
                if con is not None and made(con):
                    store_ledgers(con, self.workspace, changed_ledgers(con, self.workspace))

    def _is_prepared(self) -> bool:
        with self._open(read_only=True) as con:
            return con is not None and is_current(con, self.path) and not changed_ledgers(con, self.workspace)

    @contextmanager
    def _open(self, *, read_only: bool, keep: bool = True) -> Iterator[duckdb.DuckDBPyConnection | None]:
        """None where there is no database; unlike `attached`, which would make an empty one.

        It does so all the same where the file is deleted just now: such a one has no `made`.
        """
        with ExitStack() as stack:
            try:
                exists = self.path.exists()
                con = stack.enter_context(attached(self.path, read_only=read_only, keep=keep)) if exists else None
            except GoneError:
                con = None
            yield con

    def _has_news(self, con: duckdb.DuckDBPyConnection) -> bool:
        return bool(changed_ledgers(con, self.workspace)) or has_news(con, self.workspace)

    def _tidy(self, batch: Batch) -> None:
        for run in batch.over:
            remove_free(self.workspace.live / run)


def as_rows(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
