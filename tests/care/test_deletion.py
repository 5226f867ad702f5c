"""Deleting runs and bringing them back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mfbench.api.workbench import Workbench
from mfbench.care import deletion
from mfbench.care.deletion import (
    delete_runs,
    deleted_runs,
    finish_moves,
    refuse_deleted,
    refuse_deletion,
    restore_runs,
)
from mfbench.care.gc import collect
from mfbench.core.errors import DiskError, MfbenchError, NotFoundError, UsageError, WorkspaceError
from mfbench.journal.deletions import deletions
from mfbench.journal.ledger import open_ledger, read_ledger
from mfbench.store.store import Store
from mfbench.tracking.run import start_run
from mfbench.workspace.workspace import Workspace, create
from tests.care.histories import age, assert_whole, dies_at, make_run, register
from tests.children import output, start
from tests.support import Project


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return create(tmp_path)


def _listed(workspace: Workspace) -> set[str]:
    return {row["run"] for row in Store(workspace).rows("SELECT run FROM runs")}


def _kinds(workspace: Workspace) -> list[tuple[str, str]]:
    return [(entry.kind, entry.body["run"]) for entry in read_ledger(workspace.ledger)]


def test_a_deleted_run_is_gone_until_it_is_restored(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFBENCH_ACTOR", "ada")
    one, two = make_run(workspace, [b"a"]), make_run(workspace)
    assert _listed(workspace) == {one, two}
    assert delete_runs(workspace, [one], "wrong data") == [one]
    assert _listed(workspace) == {two} == set(workspace.run_names())
    [row] = deleted_runs(workspace)
    assert (row["run"], row["actor"], row["reason"]) == (one, "ada", "wrong data")
    assert row["bytes"] == sum(path.stat().st_size for path in (workspace.root / "trash" / one / "events").iterdir())
    with pytest.raises(NotFoundError):
        workspace.find_run(one)
    assert restore_runs(workspace, [one[-5:]], "after all") == [one]
    assert _listed(workspace) == {one, two}
    assert deleted_runs(workspace) == []
    assert _kinds(workspace) == [("run.deleted", one), ("run.restored", one)]


def test_a_run_may_be_named_by_a_part_and_twice(workspace: Workspace) -> None:
    first, last = make_run(workspace), make_run(workspace)
    assert delete_runs(workspace, ["last", last, last[-5:]]) == [last]
    assert delete_runs(workspace, [first[:-1]]) == [first]
    assert delete_runs(workspace, []) == []
    assert _kinds(workspace) == [("run.deleted", last), ("run.deleted", first)]


def test_all_or_none(workspace: Workspace) -> None:
    runs = [make_run(workspace) for _ in range(3)]
    register(workspace, runs[1], b"model")
    before = workspace.ledger.read_bytes()
    for refused in (delete_runs, refuse_deletion):
        with pytest.raises(UsageError, match=f"m:1 came from run {runs[1]}; nothing was deleted"):
            refused(workspace, runs)
    refuse_deletion(workspace, [runs[0]])
    with pytest.raises(NotFoundError, match="there is no run 'nowhere'"):
        delete_runs(workspace, [runs[0], "nowhere"])
    with (
        start_run("alive", workspace=workspace.root) as run,
        pytest.raises(UsageError, match=f"run {run.id} is still running; nothing was deleted"),
    ):
        delete_runs(workspace, [runs[0], run.id])
    assert workspace.ledger.read_bytes() == before
    assert sorted(workspace.run_names()) == sorted([*runs, run.id])


def test_a_run_that_is_deleted_cannot_be_deleted_again(workspace: Workspace) -> None:
    run = make_run(workspace)
    delete_runs(workspace, [run])
    with pytest.raises(NotFoundError, match="is deleted already"):
        delete_runs(workspace, [run])
    with pytest.raises(NotFoundError, match=f"mfbench runs restore {run}"):
        workspace.find_run(run[-5:])


def test_a_version_of_a_deleted_and_restored_run_keeps_it(workspace: Workspace) -> None:
    run = make_run(workspace)
    delete_runs(workspace, [run])
    restore_runs(workspace, [run])
    register(workspace, run, b"model")
    with pytest.raises(UsageError, match="m:1 came from"):
        delete_runs(workspace, [run])


def test_restoring_what_is_not_in_the_trash(workspace: Workspace) -> None:
    run, other = make_run(workspace), make_run(workspace)
    delete_runs(workspace, [run, other])
    with pytest.raises(NotFoundError, match="no deleted run is 'never'"):
        restore_runs(workspace, [run, "never"])
    with pytest.raises(NotFoundError, match="means 2 deleted runs"):
        restore_runs(workspace, [run[:4]])
    age(workspace)
    collect(workspace)
    with pytest.raises(NotFoundError, match="gc has taken it from the trash"):
        restore_runs(workspace, [run])
    assert workspace.run_names() == []


def test_a_killed_deletion_is_a_deletion(workspace: Workspace) -> None:
    """The ledger has it, the folder still lies in runs/."""
    run, other = make_run(workspace), make_run(workspace)
    with open_ledger(workspace.ledger) as ledger:
        ledger.append("run.deleted", {"run": run})
    assert _listed(workspace) == {other}
    assert [row["run"] for row in deleted_runs(workspace)] == [run]
    delete_runs(workspace, [other])  # finishes the move of the one before
    assert workspace.run_names() == []
    assert sorted(restore_runs(workspace, [run, other])) == sorted([run, other])
    assert _listed(workspace) == {run, other}


def test_a_killed_deletion_can_be_taken_back_as_it_lies(workspace: Workspace) -> None:
    run = make_run(workspace)
    with open_ledger(workspace.ledger) as ledger:
        ledger.append("run.deleted", {"run": run})
    assert restore_runs(workspace, [run]) == [run]
    assert _listed(workspace) == {run}


def test_a_killed_restoration_is_still_deleted(workspace: Workspace) -> None:
    run = make_run(workspace)
    delete_runs(workspace, [run])
    (workspace.root / "trash" / run).rename(workspace.run_folder(run))
    assert _listed(workspace) == set()
    with open_ledger(workspace.ledger) as ledger:
        assert len(finish_moves(workspace, ledger.entries)) == 1
    assert [row["run"] for row in deleted_runs(workspace)] == [run]


def test_a_restoration_that_power_loss_undid_is_finished(workspace: Workspace) -> None:
    run = make_run(workspace)
    delete_runs(workspace, [run])
    restore_runs(workspace, [run])
    workspace.run_folder(run).rename(workspace.root / "trash" / run)
    age(workspace)
    collect(workspace)
    assert _listed(workspace) == {run}


def test_a_full_disk_deletes_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(workspace)
    monkeypatch.setattr("mfbench.journal.ledger.LedgerWriter._put", _no_space)
    with pytest.raises(DiskError):
        delete_runs(workspace, [run])
    monkeypatch.undo()
    assert _listed(workspace) == {run}
    delete_runs(workspace, [run])
    monkeypatch.setattr("mfbench.journal.ledger.LedgerWriter._put", _no_space)
    with pytest.raises(DiskError):
        restore_runs(workspace, [run])
    monkeypatch.undo()
    assert _listed(workspace) == set()
    restore_runs(workspace, [run])
    assert _listed(workspace) == {run}


def _no_space(*_: object) -> None:
    raise DiskError("full")


def test_a_run_that_is_taken_up_while_it_is_deleted_stays(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the markers and the ledger's write somebody resumes one of them."""
    runs = [make_run(workspace, end="failed") for _ in range(2)]
    refuse, held = deletion._refuse_registered, []

    def taken_up(*words: object) -> None:
        refuse(*words)  # type: ignore[arg-type]
        held.append(workspace.hold_run(runs[1], {"pid": os.getpid(), "host": "here"}))

    monkeypatch.setattr(deletion, "_refuse_registered", taken_up)
    with pytest.raises(UsageError, match="still running; nothing was deleted"):
        delete_runs(workspace, runs)
    assert deletions(read_ledger(workspace.ledger)) == {}
    os.close(held[0])
    assert _listed(workspace) == set(runs)


def test_a_deleted_run_cannot_be_taken_up(workspace: Workspace) -> None:
    """Whoever holds the marker looks into the ledger then: the other half of the handshake."""
    run = make_run(workspace, end="failed")
    with open_ledger(workspace.ledger) as ledger:
        ledger.append("run.deleted", {"run": run})
    marker = workspace.hold_run(run, {"pid": os.getpid(), "host": "here"})
    with pytest.raises(UsageError, match=f"run {run} is deleted"):
        refuse_deleted(workspace, run, marker)
    assert not workspace.is_alive(run)
    assert not (workspace.live / run).exists()


def test_names_from_a_forged_ledger_lead_nowhere(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    run = make_run(workspace)
    with open_ledger(workspace.ledger) as ledger:
        ledger.append_all([("run.deleted", {"run": name}, "") for name in ("../../precious", "..", "", "/", ".x", 7)])
        ledger.append("run.deleted", {})
    delete_runs(workspace, [run])
    age(workspace)
    collect(workspace)
    assert (tmp_path / "precious").is_dir()
    assert deleted_runs(workspace) == []


def test_a_link_among_the_runs_is_moved_and_not_followed(workspace: Workspace, tmp_path: Path) -> None:
    run = make_run(workspace)
    outside = tmp_path / "outside"
    workspace.run_folder(run).rename(outside)
    workspace.run_folder(run).symlink_to(outside)
    delete_runs(workspace, [run])
    collect(workspace, older_than=0)
    assert (outside / "events").is_dir()
    assert not os.path.lexists(workspace.root / "trash" / run)


def test_a_read_only_workspace_refuses(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(workspace)
    monkeypatch.setattr(Workspace, "writable", False)
    for work in (delete_runs, restore_runs):
        with pytest.raises(WorkspaceError, match="read-only"):
            work(workspace, [run])


@pytest.mark.parametrize("work", [delete_runs, restore_runs])
def test_kill_after_every_single_step(tmp_path: Path, work: Callable[..., list[str]]) -> None:
    """All of one deletion share their fate, and the next command sees nothing half done."""
    past = create(tmp_path / "past")
    runs = sorted(make_run(past, [b"%d" % i]) for i in range(3))
    if work is restore_runs:
        delete_runs(past, runs)
    steps, killed, seen = 0, True, set()
    while killed:
        steps += 1
        workspace = Workspace(Path(shutil.copytree(past.root, tmp_path / f"{steps}" / ".mfbench")))
        killed = dies_at(steps, lambda home=workspace: work(home, runs))  # type: ignore[misc]
        said = set(deletions(read_ledger(workspace.ledger)))
        assert said in (set(), set(runs))
        seen.add(len(said))
        if steps % 5 == 1:
            assert _listed(workspace) == set(runs) - said
        if said:
            assert restore_runs(workspace, runs) == runs
        else:
            assert delete_runs(workspace, runs) == runs
            restore_runs(workspace, runs)
        assert sorted(workspace.run_names()) == runs
        assert_whole(workspace)
        assert os.listdir(workspace.root / "trash") == []
        shutil.rmtree(workspace.root)
    assert steps > 7
    assert seen == {0, 3}


RACER = """
import sys
from pathlib import Path
from mfbench.care.deletion import delete_runs, restore_runs
from mfbench.core.errors import UsageError
from mfbench.workspace.workspace import Workspace
workspace, runs, done = Workspace(Path(sys.argv[1])), sys.argv[2:], 0
for _ in range(15):
    for work in (delete_runs, restore_runs):
        try:
            done += len(work(workspace, runs))
        except UsageError:
            pass
print(done)
"""


def test_two_at_once_do_not_cross(workspace: Workspace) -> None:
    runs = [make_run(workspace) for _ in range(3)]
    children = [start(RACER, workspace.root, *runs) for _ in range(3)]
    total = sum(int(output(child)) for child in children)
    kinds = _kinds(workspace)
    assert len(kinds) == total > 0
    for run in runs:
        said = [kind for kind, of in kinds if of == run]
        assert said == ["run.deleted", "run.restored"] * (len(said) // 2) + ["run.deleted"] * (len(said) % 2)
    with open_ledger(workspace.ledger) as ledger:
        assert finish_moves(workspace, ledger.entries) == []
    assert len(workspace.run_names()) + len(deleted_runs(workspace)) == 3


def test_a_rebuilt_database_resurrects_nothing(workspace: Workspace) -> None:
    run, other = make_run(workspace), make_run(workspace)
    delete_runs(workspace, [run])
    shutil.copytree(workspace.root / "trash" / run, workspace.run_folder(run))  # put back by hand
    workspace.database.unlink(missing_ok=True)
    assert _listed(workspace) == {other}


def test_the_workbench_deletes_and_restores(workspace: Workspace) -> None:
    run = make_run(workspace)
    bench = Workbench(workspace)
    assert bench.delete_runs([run], "r") == [run]
    assert bench.list_runs()[1] == 0
    assert bench.restore_runs([run]) == [run]
    assert bench.list_runs()[1] == 1


def test_the_commands(project: Project) -> None:
    home = create(project.folder)
    runs = [make_run(home, end="failed" if i else "finished") for i in range(3)]
    told = project.json("runs", "delete", runs[0], "--where", "status = 'failed'", "--dry-run")
    assert told == {"deleted": [], "would_delete": [runs[0], *sorted(runs[1:])]}
    refused = project.mfbench("runs", "delete", runs[0])
    assert refused.returncode == 2
    assert "add --yes" in refused.stderr
    assert len(project.runs()) == 3
    assert project.mfbench("runs", "delete").returncode == 2
    done = project.mfbench("runs", "delete", "--where", "status = 'failed'", "--yes", "--reason", "no good")
    assert done.stdout.split() == sorted(runs[1:])
    assert f"mfbench runs restore {' '.join(sorted(runs[1:]))}" in done.stderr
    rows = project.json("runs", "deleted")
    assert [(row["run"], row["reason"]) for row in rows] == [(run, "no good") for run in sorted(runs[1:])]
    assert project.json("runs", "restore", *runs[1:]) == {"restored": runs[1:]}
    assert project.mfbench("runs", "deleted").stderr == "no deleted run is in the trash\n"
    assert "1 run deleted" in project.mfbench("runs", "delete", "last", "--yes").stderr
    assert project.mfbench("runs", "restore", "nothing").returncode == 2


def test_an_error_of_the_disk_is_one_message(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(workspace)

    def refused(self: Path, target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(MfbenchError, match="could not be moved to trash/"):
        delete_runs(workspace, [run])
    monkeypatch.undo()
    assert _listed(workspace) == set()
    assert restore_runs(workspace, [run]) == [run]
