"""What people said of runs (tags, notes, pins), as rows of the projection: one for each word of a ledger.

The last word counts; `REFRESH` lays it over what the run said of itself. A ledger from elsewhere may hold anything:
what is of another shape is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from mfbench.journal.ledger import Entry
from mfbench.journal.marks import NOTED, PINNED, TAGGED
from mfbench.store.fold import append


def store_marks(con: duckdb.DuckDBPyConnection, ledger: str, entries: Sequence[Entry]) -> set[str]:
    """Adds what these entries say: the runs that they speak of."""
    rows: list[tuple[object, ...]] = []
    runs: set[str] = set()
    for entry in entries:
        run = entry.body.get("run")
        if entry.kind in (TAGGED, NOTED, PINNED) and isinstance(run, str):
            rows += [(ledger, entry.seq, entry.time, run, *word) for word in _words(entry)]
            runs.add(run)
    append(con, "t_marks", rows)
    return runs


def forget_marks(con: duckdb.DuckDBPyConnection, ledger: str) -> set[str]:
    """Takes away what a ledger said: the runs that it spoke of."""
    rows = con.execute("SELECT DISTINCT run FROM t_marks WHERE ledger = ?", [ledger]).fetchall()
    con.execute("DELETE FROM t_marks WHERE ledger = ?", [ledger])
    return {run for (run,) in rows}


def _words(entry: Entry) -> Iterator[tuple[str, str, str | None]]:
    """(kind, key, value) of one entry; None takes away."""
    if entry.kind == TAGGED and isinstance(tags := entry.body.get("tags"), dict):
        yield from (("tag", key, value) for key, value in tags.items() if value is None or isinstance(value, str))
    elif entry.kind == NOTED and isinstance(note := entry.body.get("note"), str):
        yield "note", "", note or None
    elif entry.kind == PINNED and isinstance(pinned := entry.body.get("pinned"), bool):
        yield "pinned", "", "true" if pinned else None
