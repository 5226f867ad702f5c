"""Workspaces that earlier versions left behind. Each lies in `workspaces/` as its version wrote it."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest

from mfbench.core.errors import MfbenchError
from mfbench.store import migrate
from mfbench.store.engine import attached
from mfbench.store.schema import SCHEMA, VERSION
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace
from tests.store.model import expected, stored

KEPT = Path(__file__).parent / "workspaces"
VIEWS = ("runs", "params", "metrics", "run_metrics", "artifacts", "events", "models", "model_history", "drift_reports",
         "ledger")  # fmt: skip


@pytest.fixture(params=range(1, VERSION))
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Workspace:
    with tarfile.open(KEPT / f"v{request.param}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    return Workspace(tmp_path / ".mfbench")


def _everything(workspace: Workspace) -> dict[str, Any]:
    return {view: Store(workspace).rows(f"SELECT * FROM {view} ORDER BY ALL") for view in VIEWS}


def test_a_workspace_of_each_version_is_kept() -> None:
    assert [(KEPT / f"v{version}.tar.gz").exists() for version in range(1, VERSION)] == [True] * (VERSION - 1)


def test_an_old_database_is_brought_forward_and_holds_what_one_made_anew_holds(
    old: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = old.database.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("mfbench.store.store.make", lambda *_: pytest.fail("made anew instead of migrated"))
        migrated = _everything(old)
    assert stored(old) == expected(old)
    with attached(old.database, read_only=True) as con:
        assert migrate.version_of(con) == SCHEMA
    old.database.unlink()
    assert str(_everything(old)) == str(migrated)  # NaN is no equal of itself
    (backup,) = old.root.glob("store.duckdb.v*")
    assert len(backup.read_bytes()) == len(before)


def test_what_no_migration_can_bring_forward_is_made_anew(old: Workspace) -> None:
    with attached(old.database, read_only=False) as con:
        con.execute("ALTER TABLE segments RENAME TO lost")
    assert stored(old) == expected(old)


def test_a_migration_that_fails_half_way_leaves_the_old_database(
    old: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = old.database.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfile", full)
        with pytest.raises((OSError, MfbenchError)):
            Store(old).rows("SELECT 1")
    assert len(old.database.read_bytes()) == len(before)
    assert stored(old) == expected(old)
