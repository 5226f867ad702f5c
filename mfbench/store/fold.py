"""Bringing the projection up to date with the journals.

Exact under any interruption: the offset of each segment is committed in the same transaction as the rows that
come from before it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

import duckdb

from mfbench.store.backlog import Backlog
from mfbench.store.batch import Batch
from mfbench.store.schema import MERGE, OF_A_RUN, POINTS, REFRESH, TOUCHED
from mfbench.store.slots import VALUES, take_slots

FEW = 100  # runs that are named in a query; more are joined
MANY = 5_000  # wide rows that are made at once


def store(con: duckdb.DuckDBPyConnection, batch: Batch, todo: Backlog) -> None:
    """One transaction: what the batch has read, and once all is read what is gone. Closes nothing."""
    con.execute("BEGIN")
    if batch.states:
        _store_runs(con, batch)
    if not todo.runs:
        forget(con, todo.gone)
        con.execute("INSERT OR REPLACE INTO meta VALUES ('runs_inode', ?), ('runs_changed', ?)", list(todo.folder))
    con.execute("COMMIT")


def forget(con: duckdb.DuckDBPyConnection, runs: list[str], tables: Sequence[str] = OF_A_RUN) -> None:
    """Takes every row of some runs away, within the caller's transaction."""
    for table in tables if runs else ():
        con.execute(f"DELETE FROM {table} WHERE run IN {_listed(runs)}")


def _listed(runs: Iterable[str]) -> str:
    """What follows IN. Of constants, unlike a subquery, DuckDB skips the row groups that cannot hold them."""
    return "(" + ", ".join("'" + run.replace("'", "''") + "'" for run in runs) + ")"


def append(con: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[object, ...]]) -> None:
    if rows:
        with con.appender(table) as appender:
            appender.append_rows(rows)


def _store_runs(con: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    forget(con, sorted(batch.anew))
    tables = batch.take()
    forget(con, [run for run in batch.states if run in batch.seen.states], ("run_base", "run_rows"))
    places = [[run for run, _ in batch.cursors], [segment for _, segment in batch.cursors]]
    con.execute("DELETE FROM segments WHERE (run, segment) IN (SELECT unnest(?), unnest(?))", places)
    points = tables.pop("fresh", None)
    metrics = (point[2] for point in points or () if point[1] is None)
    slots = take_slots(con, (param[1] for param in tables.get("t_params", ())), metrics)
    with _named(con, batch.states) as runs:
        for table, rows in tables.items():
            append(con, table, rows)
        if points:
            con.execute(POINTS)
            append(con, "fresh", points)
            con.execute(MERGE.format(runs=runs))
            con.execute("DROP TABLE fresh")
        con.execute(REFRESH.format(runs=runs, slots=VALUES), slots)


def refresh(con: duckdb.DuckDBPyConnection, runs: Sequence[str]) -> None:
    """Makes the wide rows of some runs anew, within the caller's transaction."""
    slots = take_slots(con, (), ())
    for start in range(0, len(runs), MANY):
        with _named(con, runs[start : start + MANY]) as named:
            con.execute(f"DELETE FROM run_rows WHERE run IN {named}")
            con.execute(REFRESH.format(runs=named, slots=VALUES), slots)


@contextmanager
def _named(con: duckdb.DuckDBPyConnection, runs: Collection[str]) -> Iterator[str]:
    """What follows IN to mean these runs."""
    if len(runs) <= FEW:
        yield _listed(runs)
        return
    con.execute(TOUCHED)
    append(con, "touched", [(run,) for run in runs])
    yield "(SELECT run FROM touched)"
    con.execute("DROP TABLE touched")
