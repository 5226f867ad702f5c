"""The database's own schema: made, or brought forward from an earlier version after a backup.

It is only a projection, so a version that nothing here leads on from is made anew from the journals.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from mfbench.core.errors import MfbenchError, UsageError
from mfbench.core.ids import new_id
from mfbench.store import slots
from mfbench.store.engine import attached
from mfbench.store.fold import append
from mfbench.store.schema import MARKS, SCHEMA, TABLES, VERSION, VIEWS
from mfbench.workspace.workspace import Workspace

_TABLES_STAY = 'SELECT run, segment, "offset", next_seq, tail FROM segments LIMIT 0'
# From each version to the next. The views are made anew after the last.
MIGRATIONS = {
    1: f"""
    ALTER TABLE segments ADD COLUMN tail BLOB;
    CREATE TABLE ledgers (ledger VARCHAR PRIMARY KEY, seen UBIGINT, "offset" UBIGINT, head VARCHAR);
    CREATE TABLE deleted_runs (run VARCHAR PRIMARY KEY);
    DELETE FROM t_ledger;
    DELETE FROM meta WHERE key = 'ledger_size';
    INSERT INTO meta VALUES ('made', '1');
    {slots.MIGRATION}
    """,
    2: _TABLES_STAY,  # one view more
    3: f"""
    {_TABLES_STAY};
    ALTER TABLE run_rows ADD COLUMN note VARCHAR;
    ALTER TABLE run_rows ADD COLUMN pinned BOOLEAN DEFAULT false;
    CREATE TABLE foreign_runs (run VARCHAR);
    {MARKS}
    DELETE FROM t_ledger;
    DELETE FROM ledgers;
    """,
}

FOREIGN_KNOWN = 4  # the version from which on a database knows which runs came from elsewhere


def version_of(con: duckdb.DuckDBPyConnection) -> str:
    """The schema as the database names it: a number and a hash; '' where it has none."""
    try:
        rows = con.execute("SELECT value FROM meta WHERE key = 'schema'").fetchall()
    except duckdb.CatalogException:
        return ""
    return rows[0][0] if rows else ""


def is_current(con: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Whether this program's schema made it. Raises UsageError where a later one did."""
    found = version_of(con)
    number = found.partition(" ")[0]
    if number.isdecimal() and int(number) > VERSION:
        hint = "install a newer mfbench, or make the database anew for this one: mfbench doctor --rebuild"
        raise UsageError(f"the database has schema {number}, known is {VERSION}", where=str(path), hint=hint)
    return found == SCHEMA


def make(path: Path, workspace: Workspace) -> None:
    """An empty database at `path`, in place of what is there."""
    staged = staging(path)
    with attached(staged, read_only=False) as con:
        con.execute(f"BEGIN; {TABLES} {VIEWS}")
        con.execute("INSERT INTO meta VALUES ('made', ?), ('workspace', ?)", [new_id(), workspace.id])
        con.execute("INSERT INTO meta VALUES ('schema', ?)", [SCHEMA])
        con.execute("COMMIT")
    replace(staged, path)


def replace(staged: Path, path: Path) -> None:
    """Puts a closed database in the place of another. A log that lies there belongs to the other."""
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    staged.replace(path)


def migrate(path: Path, workspace: Workspace, found: str) -> bool:
    """Brings a database of schema `found` forward; False where no migration leads on from it.

    The old file stays beside it as `<name>.v<version>` until gc takes it.
    """
    number = found.partition(" ")[0]
    version = int(number) if number.isdecimal() else 0
    if not all(step in MIGRATIONS for step in range(version, VERSION)) or version == VERSION:
        return False
    with attached(path, read_only=False):
        pass  # what stands in its log goes into the file
    staged = staging(path)
    shutil.copyfile(path, staged)
    try:
        with attached(staged, read_only=False) as con:
            con.execute("BEGIN")
            for (view,) in con.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall():
                con.execute(f'DROP VIEW "{view}"')
            for step in range(version, VERSION):
                con.execute(MIGRATIONS[step])
            if version < FOREIGN_KNOWN:
                _find_foreign(con, workspace)
            con.execute(VIEWS)
            con.execute("INSERT OR REPLACE INTO meta VALUES ('schema', ?), ('workspace', ?)", [SCHEMA, workspace.id])
            con.execute("COMMIT")
    except (MfbenchError, duckdb.Error):
        staged.unlink(missing_ok=True)
        return False
    backup = path.with_name(f"{path.name}.v{version}")
    backup.unlink(missing_ok=True)
    backup.hardlink_to(path)
    replace(staged, path)
    return True


def _find_foreign(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    known = [run for (run,) in con.execute("SELECT run FROM run_base").fetchall()]
    append(con, "foreign_runs", [(run,) for run in known if workspace.is_foreign(run)])


def staging(path: Path) -> Path:
    """The name under which a new database is made, with nothing there."""
    staged = path.with_name(f"{path.name}.new")
    for old in (staged, staged.with_name(f"{staged.name}.wal")):
        old.unlink(missing_ok=True)
    return staged
