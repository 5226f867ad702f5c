"""The ledgers in the projection: this workspace's own, and those that came with a merge.

What was added since the last fold is appended where its chain goes on from what is known; else all is read anew.
"""

from __future__ import annotations

import os

import duckdb
import msgspec

from mfbench.core.errors import DamageError
from mfbench.journal.ledger import REPAIRED, START, Entry, read_from
from mfbench.store.fold import append, forget, refresh
from mfbench.store.marks import forget_marks, store_marks
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
    marked: set[str] = set()
    for name in names:
        if name in sizes:
            marked |= _store(con, workspace, name, sizes[name])
        else:
            con.execute("DELETE FROM ledgers WHERE ledger = ?", [name])
            con.execute("DELETE FROM t_ledger WHERE ledger = ?", [name])
            marked |= forget_marks(con, name)
    con.execute("DELETE FROM deleted_runs")
    con.execute(_DELETED, [workspace.id])
    after = con.execute("SELECT run FROM deleted_runs").fetchall()
    forget(con, sorted(run for (run,) in set(after) - set(before)))
    refresh(con, sorted(marked))
    if set(before) - set(after):  # one came back: its folder may have been there before its entry was
        con.execute("DELETE FROM meta WHERE key = 'runs_changed'")
    con.execute("COMMIT")


def _store(con: duckdb.DuckDBPyConnection, workspace: Workspace, name: str, seen: int) -> set[str]:
    """The runs of which people say something else now."""
    path = workspace.ledgers / f"{name}.jsonl"
    rows = con.execute('SELECT "offset", head FROM ledgers WHERE ledger = ?', [name]).fetchall()
    at, head = rows[0] if rows else (0, START)
    entries: list[Entry] = []
    marked: set[str] = set()
    size = at
    try:
        try:
            entries, head, size = read_from(path, at, head)
        except DamageError:  # the chain does not go on from there: another file, or one that was mended
            entries, head, size = read_from(path)
            _compare(con, name, at, rows[0][1] if rows else START, entries)
            con.execute("DELETE FROM t_ledger WHERE ledger = ?", [name])
            marked = forget_marks(con, name)
    except DamageError:
        pass
    _forgive(con, name, {head, *(entry.previous for entry in entries)})
    append(con, "t_ledger", [(name, e.seq, e.time, e.kind, e.actor, e.reason, e.previous,
                              msgspec.json.encode(e.body).decode()) for e in entries])  # fmt: skip
    con.execute("DELETE FROM ledgers WHERE ledger = ?", [name])
    con.execute("INSERT INTO ledgers VALUES (?, ?, ?, ?)", [name, seen, size, head])
    return marked | store_marks(con, name, entries)


def _compare(con: duckdb.DuckDBPyConnection, name: str, at: int, head: str, entries: list[Entry]) -> None:
    """Keeps in mind that a ledger is not the one that it was, for the doctor. A repair has said so itself."""
    query = "SELECT count(*) FROM t_ledger WHERE ledger = ? AND kind = ?"
    ((repairs,),) = con.execute(query, [name, REPAIRED]).fetchall()
    if at and sum(entry.kind == REPAIRED for entry in entries) <= repairs:
        con.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [_was(name), f"{at} {head}"])


def _forgive(con: duckdb.DuckDBPyConnection, name: str, heads: set[str]) -> None:
    """One whose chain holds again what it had lost is the one that it was."""
    for (value,) in con.execute("SELECT value FROM meta WHERE key = ?", [_was(name)]).fetchall():
        if value.partition(" ")[2] in heads:
            con.execute("DELETE FROM meta WHERE key = ?", [_was(name)])


def _was(name: str) -> str:
    return f"ledger_was/{name}"


def replaced_ledgers(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Of ledgers that are not what was read before: the id, and how many bytes were read then."""
    rows = con.execute("SELECT key, value FROM meta WHERE starts_with(key, 'ledger_was/')").fetchall()
    return {key.partition("/")[2]: int(value.partition(" ")[0]) for key, value in rows}


def _sizes(workspace: Workspace) -> dict[str, int]:
    try:
        with os.scandir(workspace.ledgers) as found:
            return {entry.name.removesuffix(".jsonl"): entry.stat().st_size
                    for entry in found if entry.name.endswith(".jsonl") and entry.name[0] != "."}  # fmt: skip
    except FileNotFoundError:
        return {}
