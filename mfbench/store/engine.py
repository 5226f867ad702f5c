"""DuckDB, with the workspace's database attached for a moment.

Making an instance takes 13 ms, attaching a file to one less than 1 ms: an idle instance is kept for the next
time. It holds no file while it is idle.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from mfbench.core.errors import DamageError, DiskError, MfbenchError, StoreBusyError

BUSY = 2.0  # seconds to wait for another program to close the file
ROW_GROUP = 32_768  # rows that are written anew when one of them changes: a quarter of DuckDB's own
STORAGE = "v1.5.0"  # such a file also opens in DuckDB 1.5
_SETTINGS = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "threads": "2"}
_idle: list[duckdb.DuckDBPyConnection] = []

_FULL = (
    "No space left",
    "Could not write",
    "Could not sync",
    "quota exceeded",
    "CHECKPOINT during",
)  # in what DuckDB says
# What a query may do wrong; everything else that DuckDB raises is the database's or the machine's trouble.
ASKED_WRONG = (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError, duckdb.PermissionException)


class GoneError(DamageError):
    """The file was deleted before it could be opened."""


@contextmanager
def attached(path: Path, *, read_only: bool, keep: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of this thread's own to the database at `path`, which is made when missing and not read-only.

    keep: whether the instance may serve again; not after its settings were changed. Raises StoreBusyError where
    another program has the file open, GoneError where it is to be read and not there, DamageError where it is no
    database or turns out not to be a whole one.
    """
    deadline = time.monotonic() + BUSY
    con = (keep and _idle_one()) or duckdb.connect(":memory:", config=dict(_SETTINGS))
    try:
        mode = "READ_ONLY" if read_only else f"STORAGE_VERSION '{STORAGE}', ROW_GROUP_SIZE {ROW_GROUP}"
        while not _attach(con, f"ATTACH {_quoted(path)} AS store ({mode})", deadline):
            time.sleep(0.02)
        con.execute("USE store")
        yield con
        if keep:
            con.execute("USE memory; DETACH store")
            _idle.append(con)
        else:
            con.close()
    except BaseException as error:
        con.close()
        if isinstance(error, duckdb.Error) and not isinstance(error, ASKED_WRONG):
            raise _told(error, path) from error
        raise


def _idle_one() -> duckdb.DuckDBPyConnection | None:
    try:
        return _idle.pop()
    except IndexError:  # there is none, or another thread was quicker
        return None


def _attach(con: duckdb.DuckDBPyConnection, statement: str, deadline: float) -> bool:
    """False where another program has the file open and may yet close it."""
    try:
        con.execute(statement)
    except duckdb.IOException as error:
        if "Could not set lock" not in str(error) or time.monotonic() > deadline:
            raise
        return False
    return True


def _told(error: duckdb.Error, path: Path) -> MfbenchError:
    first = str(error).splitlines()[0]
    if "Could not set lock" in first:
        hint = "close the program that has the database open"
        return StoreBusyError("another program holds the database", where=str(path), hint=hint)
    if any(sign in str(error) for sign in _FULL):
        hint = "free some space: what was logged is safe in the journals"
        return DiskError(f"the disk does not take the database: {_reason(str(error))}", where=str(path), hint=hint)
    if "database does not exist" in first:
        return GoneError("the database is not there", where=str(path))
    hint = "it is only a projection and can be made anew: mfbench doctor --repair"
    return DamageError(f"the database cannot be used: {first}", where=str(path), hint=hint)


def _reason(text: str) -> str:
    """What the system said, at the end of what DuckDB makes of it."""
    return text.strip().rpartition(": ")[2]


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _close_idle() -> None:
    """A forked child would wait for ever for the threads of an instance that it has inherited."""
    while con := _idle_one():
        con.close()


os.register_at_fork(before=_close_idle)
