"""Opening the projection: fold what is new, answer, close. Nobody keeps it open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from mfbench.core.errors import StoreBusyError, UsageError
from mfbench.store.backlog import Backlog, backlog
from mfbench.store.engine import attached
from mfbench.store.fold import fold
from mfbench.store.schema import SCHEMA, TABLES, VERSION, VIEWS
from mfbench.workspace.locks import locked
from mfbench.workspace.workspace import Workspace


class Store:
    """Safe to use from many processes at once: readers share a lock, a fold takes it alone for a batch."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    @contextmanager
    def reading(self, *, keep: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection to a projection that knows every event that was written before the call.

        keep: as for `attached`.
        """
        path = self.workspace.database
        for folded in (False, True, True):
            with locked(self.workspace.store_lock, shared=True):
                if path.exists():
                    with attached(path, read_only=True, keep=keep) as con:
                        if self._is_current(con) and (folded or backlog(con, self.workspace) is None):
                            yield con
                            return
            self.update()
        raise StoreBusyError("the database goes away again and again while it is read", where=str(path))

    def update(self) -> None:
        """Folds what is new, in bounded batches between which others have their turn."""
        todo: Backlog | None = None
        done = False
        while not done:
            with locked(self.workspace.store_lock):
                if self._make():
                    todo = None  # what was folded before lay in a database that is gone
                with attached(self.workspace.database, read_only=False) as con:
                    todo = todo or backlog(con, self.workspace)
                    done = todo is None or fold(con, self.workspace, todo)

    def rows(self, query: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
        """A query's rows as dictionaries."""
        with self.reading() as con:
            return as_rows(con.execute(query, parameters or []))

    def _make(self) -> bool:
        """Makes the database where it is missing or of an earlier schema; whether it did."""
        path = self.workspace.database
        if path.exists():
            with attached(path, read_only=True) as con:
                if self._is_current(con):
                    return False
        staged = path.with_name(f"{path.name}.new")
        log = path.with_name(f"{path.name}.wal")  # of a database that was deleted, or is about to be
        for old in (staged, staged.with_name(f"{staged.name}.wal"), log):
            old.unlink(missing_ok=True)
        with attached(staged, read_only=False) as con:
            con.execute(f"BEGIN; {TABLES} {VIEWS}")
            con.execute("INSERT INTO meta VALUES ('schema', ?)", [SCHEMA])
            con.execute("COMMIT")
        staged.replace(path)
        return True

    def _is_current(self, con: duckdb.DuckDBPyConnection) -> bool:
        """Whether this program made it. Raises UsageError where a later one did."""
        try:
            rows = con.execute("SELECT value FROM meta WHERE key = 'schema'").fetchall()
        except duckdb.CatalogException:
            return False
        version = rows[0][0].split()[0] if rows else "0"
        if int(version) > VERSION:
            where, hint = str(self.workspace.database), "install a newer mfbench"
            raise UsageError(f"the database has schema {version}, known is {VERSION}", where=where, hint=hint)
        return rows == [(SCHEMA,)]


def as_rows(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
