"""The projection beside others: what readers wait for, read-only workspaces, disks that machines share."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

from mfbench.core.errors import StaleWarning, UsageError, WorkspaceError
from mfbench.journal.cursor import Cursor, Event
from mfbench.journal.ledger import open_ledger
from mfbench.journal.line import encode_line
from mfbench.journal.sealed import SEALED
from mfbench.journal.sealing import seal
from mfbench.store import batch
from mfbench.store import store as store_module
from mfbench.store.runs import list_runs
from mfbench.store.store import Store
from mfbench.tracking.run import Run, start_run
from mfbench.workspace import disk
from mfbench.workspace.locks import locked
from mfbench.workspace.workspace import Workspace, create
from tests.children import kill, output, start
from tests.store.model import expected, stored


def _run(workspace: Workspace, points: int = 3) -> Run:
    with start_run("r", workspace=workspace.root) as run:
        run.log_metrics([("loss", 1.0, step) for step in range(points)])
    return run


def _count(workspace: Workspace) -> int:
    return list_runs(workspace)[1]


def test_a_reader_does_not_wait_long_for_anothers_fold(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    _run(workspace)
    assert _count(workspace) == 1
    _run(workspace)
    monkeypatch.setattr(store_module, "PATIENCE", 0.05)
    with locked(workspace.fold_lock), pytest.warns(StaleWarning, match="may not be shown"):
        assert _count(workspace) == 1
    assert _count(workspace) == 2


def test_a_reader_of_nothing_new_needs_no_fold(workspace: Workspace) -> None:
    _run(workspace)
    _count(workspace)
    with locked(workspace.fold_lock), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _count(workspace) == 1


def test_a_long_query_holds_up_nobody(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    _run(workspace)
    monkeypatch.setattr(store_module, "PATIENCE", 0.05)
    with Store(workspace).reading() as con:
        _run(workspace)
        with pytest.warns(StaleWarning):
            assert _count(workspace) == 1
        assert con.execute("SELECT count(*) FROM runs").fetchall() == [(1,)]
    assert _count(workspace) == 2


def test_while_a_backlog_is_decoded_others_read(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    _run(workspace)
    _count(workspace)
    _run(workspace)
    seen = []
    real = batch.Batch.fill

    def looked_at(self: batch.Batch, *words: object) -> None:
        with locked(workspace.store_lock, shared=True, timeout=0):
            seen.append(True)
        real(self, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(batch.Batch, "fill", looked_at)
    assert _count(workspace) == 2
    assert seen == [True]


def test_a_database_that_goes_away_between_reading_and_writing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [_run(workspace) for _ in range(3)]
    _count(workspace)
    _run(workspace)
    real = batch.Batch.fill
    times = iter(range(2))

    def deleted(self: batch.Batch, *words: object) -> None:
        real(self, *words)  # type: ignore[arg-type]
        if next(times, None) is not None:
            workspace.database.unlink()

    monkeypatch.setattr(batch.Batch, "fill", deleted)
    assert _count(workspace) == len(runs) + 1
    assert stored(workspace) == expected(workspace)


def _tail_of_one(workspace: Workspace, run: Run) -> Path:
    return workspace.run_folder(run.id) / "events" / "main-1.jsonl"


@pytest.mark.parametrize("how", ["cut", "replaced", "gone"])
def test_a_segment_that_is_another_one_is_read_anew(workspace: Workspace, how: str) -> None:
    """A copy that was taken while the run wrote may hold less than the database beside it."""
    run = start_run("r", workspace=workspace.root)
    run.log_metrics([("loss", float(step), step) for step in range(20)])
    assert stored(workspace)["points"].total() == 20
    path = _tail_of_one(workspace, run)
    lines = path.read_bytes().splitlines(keepends=True)
    if how == "cut":
        path.write_bytes(b"".join(lines[:10]))
    elif how == "replaced":
        other = start_run("other", workspace=workspace.root)
        other.log_metrics([("loss", 0.5, step) for step in range(40)])
        path.write_bytes(_tail_of_one(workspace, other).read_bytes())
    else:
        path.unlink()
    os.close(run._marker)
    assert stored(workspace) == expected(workspace)
    assert stored(workspace)["points"].total() == {"cut": 8, "replaced": 80, "gone": 0}[how]


@pytest.mark.parametrize("newer", ["database", "journal"])
def test_a_copy_whose_database_and_journals_are_of_different_moments(
    workspace: Workspace, tmp_path: Path, newer: str
) -> None:
    run, _ = _run(workspace, 20), _run(workspace)
    if newer == "journal":
        _count(workspace)
        shutil.copy(workspace.database, tmp_path / "old")
        with _tail_of_one(workspace, run).open("ab") as stream:
            stream.write(encode_line((23, 1, "m", "late", 0, 1.0)))
    assert _count(workspace) == 2
    copy = Workspace(Path(shutil.copytree(workspace.root, tmp_path / "copy" / ".mfbench")))
    if newer == "database":
        path = _tail_of_one(copy, run)
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:10]))
    else:
        shutil.copy(tmp_path / "old", copy.database)
    assert stored(copy) == expected(copy)
    assert stored(copy)["points"].total() == {"database": 8 + 3, "journal": 21 + 3}[newer]


def test_a_run_folder_that_was_removed_or_moved_in_by_hand(workspace: Workspace, tmp_path: Path) -> None:
    first, second = _run(workspace), _run(workspace)
    assert _count(workspace) == 2
    shutil.move(workspace.run_folder(first.id), tmp_path / "away")
    assert [row["run"] for row in list_runs(workspace)[0]] == [second.id]
    assert Store(workspace).rows("SELECT count(*) AS n FROM metrics") == [{"n": 3}]
    shutil.move(tmp_path / "away", workspace.run_folder(first.id))
    assert stored(workspace) == expected(workspace)
    assert _count(workspace) == 2


def _tell(workspace: Workspace, kind: str, run: str) -> None:
    with open_ledger(workspace.ledger) as ledger:
        ledger.append(kind, {"run": run})


def test_the_ledger_decides_what_is_deleted_wherever_the_folder_lies(workspace: Workspace) -> None:
    kept, gone = _run(workspace), _run(workspace)
    assert _count(workspace) == 2
    _tell(workspace, "run.deleted", gone.id)
    assert [row["run"] for row in list_runs(workspace)[0]] == [kept.id]
    assert Store(workspace).rows("SELECT count(*) AS n FROM metrics") == [{"n": 3}]
    workspace.database.unlink()
    assert _count(workspace) == 1
    assert Store(workspace).rebuild() == 1
    shutil.move(workspace.run_folder(gone.id), workspace.root / "trash" / gone.id)
    assert _count(workspace) == 1
    shutil.move(workspace.root / "trash" / gone.id, workspace.run_folder(gone.id))
    assert _count(workspace) == 1
    _tell(workspace, "run.restored", gone.id)
    assert _count(workspace) == 2
    assert stored(workspace) == expected(workspace)


def test_other_ledgers_are_shown_but_not_obeyed(workspace: Workspace, tmp_path: Path) -> None:
    run = _run(workspace)
    other = create(tmp_path / "other")
    with open_ledger(other.ledger) as ledger:
        ledger.append("run.deleted", {"run": run.id})
        ledger.append("model.version", {"model": "m", "version": 1, "digest": "d", "run": "r", "metrics": {}})
    shutil.copy(other.ledger, workspace.ledgers)
    assert _count(workspace) == 1
    assert Store(workspace).rows("SELECT ledger, kind FROM ledger ORDER BY seq") == [
        {"ledger": other.id, "kind": "run.deleted"}, {"ledger": other.id, "kind": "model.version"}
    ]  # fmt: skip
    assert Store(workspace).rows("SELECT * FROM models") == []


def test_a_ledger_is_read_on_from_where_it_was_and_anew_where_it_was_changed(workspace: Workspace) -> None:
    def kinds() -> list[str]:
        return [row["kind"] for row in Store(workspace).rows("SELECT kind FROM ledger ORDER BY seq")]

    for number in range(5):
        _tell(workspace, f"some.{number}", "r")
        assert kinds() == [f"some.{at}" for at in range(number + 1)]
    whole = workspace.ledger.read_bytes()
    workspace.ledger.write_bytes(whole.replace(b"some.1", b"same.1"))
    _append = workspace.ledger.open("ab")
    _append.write(b"[half")
    _append.close()
    assert kinds() == [f"some.{at}" for at in range(5)]  # damaged: as it was last seen whole
    workspace.ledger.unlink()
    for number in range(7):
        _tell(workspace, f"other.{number}", "r")
    assert kinds() == [f"other.{at}" for at in range(7)]


def test_a_ledger_that_is_shorter_than_it_was_is_read_anew(workspace: Workspace) -> None:
    """Restored from an earlier copy, or repaired."""
    run = _run(workspace)
    _tell(workspace, "some.0", "r")
    earlier = workspace.ledger.read_bytes()
    _tell(workspace, "run.deleted", run.id)
    assert _count(workspace) == 0
    workspace.ledger.write_bytes(earlier)
    assert _count(workspace) == 1
    assert Store(workspace).rows("SELECT kind FROM ledger") == [{"kind": "some.0"}]


def test_a_deletion_that_names_no_run_hinders_nobody(workspace: Workspace) -> None:
    _run(workspace)
    with open_ledger(workspace.ledger) as ledger:
        ledger.append_all([("run.deleted", {}, ""), ("run.deleted", {"run": None}, "")])
    assert _count(workspace) == 1


def test_a_run_that_goes_away_while_it_is_read_and_comes_back_is_read_whole(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _run(workspace, 40)
    folder, away = workspace.run_folder(run.id), workspace.root / "trash" / run.id
    monkeypatch.setattr(batch, "CHUNK", 300)
    real = Cursor.read
    reads = iter(range(1, 5))

    def moved(cursor: Cursor, limit: int | None = None) -> list[Event]:
        number = next(reads, 0)
        if number == 3:
            folder.rename(away)
        found = real(cursor, limit)
        if number == 3:
            away.rename(folder)
        return found

    monkeypatch.setattr(Cursor, "read", moved)
    Store(workspace).update()
    assert Store(workspace).rows("SELECT n FROM run_metrics") == [{"n": 40}]
    assert stored(workspace) == expected(workspace)


def test_a_rebuild_serves_readers_meanwhile_and_survives_a_kill(workspace: Workspace) -> None:
    for _ in range(3):
        _run(workspace)
    before = stored(workspace)
    code = """
import sys
from pathlib import Path
from typing import Any
from mfbench.journal.sealed import SEALED
from mfbench.journal.sealing import seal
from mfbench.store import batch
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace
batch.RUNS = 1
def told(*_):
    print("half", flush=True)
    sys.stdin.read()
Store(Workspace(Path(sys.argv[1]))).rebuild(told)
"""
    child = start(code, workspace.root)
    assert child.stdout is not None
    assert child.stdout.readline() == "half\n"
    assert _count(workspace) == 3
    kill(child)
    assert Store(workspace).rebuild() == 3
    assert stored(workspace) == before
    assert [path.name for path in workspace.root.glob("store.duckdb*")] == ["store.duckdb"]


@pytest.fixture
def read_only(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Judged as the system would for somebody without the right to write: root has it everywhere."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(disk, "is_writable", lambda _: False)
    _run(workspace)
    return Workspace(workspace.root)


def test_a_read_only_workspace_is_readable_and_left_as_it_is(read_only: Workspace, tmp_path: Path) -> None:
    before = sorted((str(path), path.stat().st_mtime_ns) for path in read_only.root.rglob("*"))
    for _ in range(2):
        assert _count(read_only) == 1
        assert stored(read_only) == expected(read_only)
    assert sorted((str(path), path.stat().st_mtime_ns) for path in read_only.root.rglob("*")) == before
    assert read_only.database.is_relative_to(tmp_path / "cache")
    assert read_only.database.exists()
    with pytest.raises(WorkspaceError, match="read-only: it cannot delete runs"):
        read_only.require_writable("delete runs")


def test_a_read_only_workspace_that_others_write_to_is_followed(
    read_only: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their fold takes the marker away before this one has seen the end."""
    run = start_run("r", workspace=read_only.root)
    assert {row["status"] for row in list_runs(read_only)[0]} == {"finished", "running"}
    run.log_metric("loss", 1.0)
    run.end()
    with monkeypatch.context() as patch:
        patch.setattr(disk, "is_writable", lambda _: True)
        assert _count(Workspace(read_only.root)) == 2
    assert not (read_only.live / run.id).exists()
    assert stored(read_only) == expected(read_only)


def test_on_a_shared_disk_a_run_of_another_machine_lives_while_its_marker_is_touched(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (workspace.root / "config.toml").write_text("[workspace]\nshared = true\n")
    shared = Workspace(workspace.root)
    run = start_run("r", workspace=workspace.root)
    os.close(run._marker)  # its lock is not seen here
    marker = workspace.live / run.id
    holder = json.loads(marker.read_text())
    assert not shared.is_alive(run.id)  # of this machine and not held: dead
    marker.write_text(json.dumps(holder | {"host": "elsewhere", "boot": "another"}))
    assert shared.is_alive(run.id)
    assert list_runs(shared)[0][0]["status"] == "running"
    with pytest.raises(UsageError, match="is running"):
        shared.hold_run(run.id, {"host": "here"})
    old = time.time() - disk.DEAD - 5
    os.utime(marker, (old, old))
    assert not shared.is_alive(run.id)
    assert list_runs(shared)[0][0]["status"] == "lost"
    assert not Workspace(workspace.root).database.is_relative_to(workspace.root)


def test_a_full_disk_leaves_what_was_there_and_is_told(workspace: Workspace) -> None:
    """The size limit of a process stands for a disk that takes no more."""
    _run(workspace)
    assert _count(workspace) == 1
    code = """
import resource, signal, sys, warnings
from pathlib import Path
from typing import Any
from mfbench.core.errors import MfbenchError
from mfbench.store.runs import list_runs
from mfbench.workspace.workspace import Workspace
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
workspace = Workspace(Path(sys.argv[1]))
size = workspace.database.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    print(list_runs(workspace)[1], told[0].message)
"""
    for _ in range(5):
        _run(workspace, 20_000)
    child = start(code, workspace.root)
    assert re.fullmatch(r"[16] what was written last may not be shown: the disk does not take .*\n", output(child))
    assert stored(workspace) == expected(workspace)
    assert _count(workspace) == 6
    assert signal.getsignal(signal.SIGXFSZ) is not None
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_run_that_is_sealed_while_it_is_read_counts_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _run(workspace, 50)
    folder = workspace.run_folder(run.id) / "events"
    real = batch.Batch._follow

    def sealed(self: batch.Batch, *words: Any) -> bool:
        read = real(self, *words)
        if not (folder / SEALED).exists():
            seal(folder)
        return read

    monkeypatch.setattr(batch.Batch, "_follow", sealed)
    assert stored(workspace) == expected(workspace)
    assert Store(workspace).rows("SELECT n FROM run_metrics") == [{"n": 50}]
    assert Store(workspace).rows("SELECT count(*) AS n FROM segments") == [{"n": 0}]
