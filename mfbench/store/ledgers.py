"""The ledgers in the projection: this workspace's own, and those that came with a merge.

What was added since the last fold is appended where its chain goes on from what is known; else all is read anew.
"""

from __future__ import annotations

import os

import duckdb
import msgspec

from mfbench.core.errors import DamageError
from mfbench.journal.ledger import START, Entry, read_from
from mfbench.store.fold import append, forget
from mfbench.workspace.workspace import Workspace

_DELETED = """
INSERT INTO deleted_runs SELECT body ->> 'run' FROM t_ledger
WHERE ledger = ? AND kind IN ('run.deleted', 'run.restored') AND body ->> 'run' IS NOT NULL
GROUP BY 1 HAVING arg_max(kind, seq) = 'run.deleted'
"""


def changed_ledgers(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> list[str]:
    """The ids of the ledgers whose size is not the known one."""
    known = dict(con.execute("SELECT ledger, seen FROM ledgers").fetchall())
    sizes = _sizes(workspace)
    return sorted(name for name in {*known, *sizes} if known.get(name) != sizes.get(name))


def store_ledgers(con: duckdb.DuckDBPyConnection, workspace: Workspace, names: list[str]) -> None:
    """Folds them in one transaction. A damaged one stays as it was last seen whole: doctor tells of it."""
    sizes = _sizes(workspace)
    con.execute("BEGIN")
    before = con.execute("SELECT run FROM deleted_runs").fetchall()
    for name in names:
        if name in sizes:
            _store(con, workspace, name, sizes[name])
        else:
            con.execute("DELETE FROM ledgers WHERE ledger = ?", [name])
            con.execute("DELETE FROM t_ledger WHERE ledger = ?", [name])
    con.execute("DELETE FROM deleted_runs")
    con.execute(_DELETED, [workspace.id])
    after = con.execute("SELECT run FROM deleted_runs").fetchall()
    forget(con, sorted(run for (run,) in set(after) - set(before)))
    if set(before) - set(after):  # one came back: its folder may have been there before its entry was
        con.execute("DELETE FROM meta WHERE key = 'runs_changed'")
    con.execute("COMMIT")


def _store(con: duckdb.DuckDBPyConnection, workspace: Workspace, name: str, seen: int) -> None:
    path = workspace.ledgers / f"{name}.jsonl"
    rows = con.execute('SELECT "offset", head FROM ledgers WHERE ledger = ?', [name]).fetchall()
    at, head = rows[0] if rows else (0, START)
    entries: list[Entry] = []
    size = at
    try:
        try:
            entries, head, size = read_from(path, at, head)
        except DamageError:  # the chain does not go on from there: another file, or one that was mended
            entries, head, size = read_from(path)
            con.execute("DELETE FROM t_ledger WHERE ledger = ?", [name])
    except DamageError:
        pass
    append(con, "t_ledger", [(name, e.seq, e.time, e.kind, e.actor, e.reason, e.previous,
                              msgspec.json.encode(e.body).decode()) for e in entries])  # fmt: skip
    con.execute("DELETE FROM ledgers WHERE ledger = ?", [name])
    con.execute("INSERT INTO ledgers VALUES (?, ?, ?, ?)", [name, seen, size, head])


def _sizes(workspace: Workspace) -> dict[str, int]:
    try:
        with os.scandir(workspace.ledgers) as found:
            return {entry.name.removesuffix(".jsonl"): entry.stat().st_size
                    for entry in found if entry.name.endswith(".jsonl") and entry.name[0] != "."}  # fmt: skip
    except FileNotFoundError:
        return {}
