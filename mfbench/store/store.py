"""Opening the projection: fold what is new, answer, close. Nobody keeps it open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from mfbench.core.errors import DamageError, UsageError
from mfbench.store.fold import fold, pending
from mfbench.store.schema import TABLES, VERSION, VIEWS
from mfbench.workspace.locks import locked
from mfbench.workspace.workspace import Workspace

STORAGE = "v1.5.0"  # such a file also opens in DuckDB 1.5
_SETTINGS = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "threads": "2"}


class Store:
    """Safe to use from many processes at once: readers share a lock, a fold takes it alone for its duration."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection to a projection that knows every event up to now."""
        for _ in range(2):
            with locked(self.workspace.store_lock, shared=True):
                if self.workspace.database.exists():
                    with self._open(read_only=True) as con:
                        if not pending(con, self.workspace):
                            yield con
                            return
            self.update()
        with locked(self.workspace.store_lock, shared=True), self._open(read_only=True) as con:
            yield con  # writers are faster than we fold: what was folded a moment ago is new enough

    def update(self) -> int:
        """Folds what is new; the number of events."""
        with locked(self.workspace.store_lock):
            fresh = not self.workspace.database.exists()
            with self._open(read_only=False) as con:
                if fresh:
                    con.execute(TABLES + VIEWS)
                    con.execute("INSERT INTO meta VALUES ('version', ?)", [str(VERSION)])
                return fold(con, self.workspace)

    def rows(self, query: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
        """A query's rows as dictionaries."""
        with self.reading() as con:
            return as_rows(con.execute(query, parameters or []))

    @contextmanager
    def _open(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        path = self.workspace.database
        con = duckdb.connect(":memory:", config=dict(_SETTINGS))
        try:
            mode = "READ_ONLY" if read_only else f"STORAGE_VERSION '{STORAGE}'"
            try:
                con.execute(f"ATTACH {_quoted(path)} AS store ({mode})")
                con.execute("USE store")
                self._check_version(con, path)
            except duckdb.Error as error:
                hint = "it is only a projection: delete the file, and the next command makes it anew"
                raise DamageError(f"the database cannot be opened: {error}", where=str(path), hint=hint) from None
            yield con
        finally:
            con.close()

    def _check_version(self, con: duckdb.DuckDBPyConnection, path: Path) -> None:
        made = con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'meta'").fetchone()
        row = con.execute("SELECT value FROM meta WHERE key = 'version'").fetchone() if made else None
        if row and int(row[0]) > VERSION:
            hint = "install a newer mfbench"
            raise UsageError(f"the database has schema {row[0]}, known is {VERSION}", where=str(path), hint=hint)


def as_rows(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
