"""How a run begins and ends."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import mfbench
from mfbench.core.errors import MfbenchError, UsageError, WorkspaceError
from mfbench.journal.reader import read_events
from mfbench.store.runs import list_runs
from mfbench.workspace.workspace import Workspace
from tests.children import output, run, start


def _end(workspace: Workspace, run: str) -> list[Any]:
    return [event[3:] for event in read_events(workspace.run_folder(run) / "events") if event[2] == "run.ended"]


def test_a_run_says_what_and_where_it_is(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFBENCH_ACTOR", "ada")
    with mfbench.start_run("baseline", tags={"team": "ops", "n": 3}) as run:  # type: ignore[dict-item]
        assert run.name == "baseline"
        assert workspace.is_alive(run.id)
    assert not workspace.is_alive(run.id)
    about = read_events(workspace.run_folder(run.id) / "events")[1][3]
    assert about == {
        "name": "baseline", "recipe": None, "executor": "script", "tags": {"team": "ops", "n": "3"},
        "host": os.uname().nodename, "actor": "ada", "script": sys.argv[0],
        "python": ".".join(map(str, sys.version_info[:3])), "mfbench": mfbench.__version__,
    }  # fmt: skip


def test_a_workspace_is_found_or_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MFBENCH_WORKSPACE", raising=False)
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path)
    made = mfbench.start_run("a").workspace
    assert made.root == tmp_path / ".mfbench"
    monkeypatch.chdir(tmp_path / "deep")
    assert mfbench.start_run("b").workspace == made
    assert mfbench.start_run("c", workspace="other").workspace.root == tmp_path / "deep" / "other" / ".mfbench"
    monkeypatch.setenv("MFBENCH_WORKSPACE", str(tmp_path / "named"))
    assert mfbench.start_run("d").workspace.root == tmp_path / "named" / ".mfbench"


class Own(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (None, "finished", None),
        (SystemExit(), "finished", None),
        (SystemExit(0), "finished", None),
        (SystemExit(3), "failed", {"type": "SystemExit", "message": "3", "hint": None}),
        (SystemExit("no data"), "failed", {"type": "SystemExit", "message": "no data", "hint": None}),
        (KeyboardInterrupt(), "stopped", {"type": "KeyboardInterrupt", "message": "KeyboardInterrupt", "hint": None}),
        (Own("it\nbroke"), "failed", {"type": "Own", "message": "it\nbroke", "hint": None}),
        (Own(), "failed", {"type": "Own", "message": "Own", "hint": None}),
        (Own("\udcff"), "failed", {"type": "Own", "message": "?", "hint": None}),
    ],
)
def test_the_end_follows_from_how_the_block_was_left(
    workspace: Workspace, error: BaseException | None, status: str, told: object
) -> None:
    caught = None
    try:
        with mfbench.start_run("r") as run:
            if error:
                raise error
    except BaseException as raised:
        caught = raised
    assert caught is error
    assert _end(workspace, run.id) == [[status, told, None]]
    ((row,), _) = list_runs(workspace)
    assert (row["status"], row["error"]) == (status, told and told["message"])  # type: ignore[index]


def test_a_run_ends_once(workspace: Workspace) -> None:
    with mfbench.start_run("r") as run:
        run.end("stopped")
        run.end()
    run.end("failed")
    assert _end(workspace, run.id) == [["stopped", None, None]]
    with pytest.raises(UsageError, match="'done' is no end of a run"):
        mfbench.start_run("s").end("done")


def test_threads_that_end_it_at_once_end_it_once(workspace: Workspace) -> None:
    run = mfbench.start_run("r")
    threads = [threading.Thread(target=run.end) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(_end(workspace, run.id)) == 1


def test_after_its_end_nothing_can_be_logged(workspace: Workspace) -> None:
    with mfbench.start_run("r") as run:
        pass
    (workspace.root / "file").write_text("x")
    for call in (
        lambda: run.log_param("a", 1),
        lambda: run.log_params({"a": 1}),
        lambda: run.log_metric("a", 1),
        lambda: run.log_metrics({"a": 1}),
        lambda: run.log_artifact(workspace.root / "file"),
        lambda: run.log_text("a"),
    ):
        with pytest.raises(UsageError, match=f"run {run.id} has ended"):
            call()
    assert list_runs(workspace)[0][0]["params"] == {}


@pytest.mark.parametrize("name", ["", None, 3])
def test_a_run_has_a_name(workspace: Workspace, name: Any) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a run"):
        mfbench.start_run(name)
    assert workspace.run_names() == []


def test_a_run_that_cannot_begin_leaves_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(os.listdir("/dev/fd"))
    with pytest.raises(UsageError, match="cannot be written"):
        mfbench.start_run("\udcff")
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        if data.startswith(b"[0,"):
            raise OSError(28, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(MfbenchError, match="No space left"):
        mfbench.start_run("r")
    monkeypatch.undo()
    assert os.listdir(workspace.live) == []
    assert workspace.run_names() == []
    assert len(os.listdir("/dev/fd")) <= before + 1
    (workspace.root / "workspace.json").write_text("{}")
    with pytest.raises(WorkspaceError):
        mfbench.start_run("r", workspace=workspace.root)


def test_an_end_that_the_disk_refused_can_be_said_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    run = mfbench.start_run("r")

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(MfbenchError, match="No space left"):
        run.end()
    monkeypatch.undo()
    assert workspace.is_alive(run.id)
    run.end()
    assert _end(workspace, run.id) == [["finished", None, None]]


def test_two_processes_log_to_one_workspace(workspace: Workspace) -> None:
    code = """
import sys, mfbench
for number in range(20):
    with mfbench.start_run(f"{sys.argv[2]}-{number}", workspace=sys.argv[1]) as run:
        run.log_params({"n": number})
        for step in range(10):
            run.log_metric("loss", step / 10)
"""
    for child in [start(code, workspace.root, name) for name in "ab"]:
        output(child)
    rows, total = list_runs(workspace, "status = 'finished' and metrics.loss = 0.9", limit=None)
    assert total == 40
    assert {row["name"] for row in rows} == {f"{name}-{number}" for name in "ab" for number in range(20)}


FORKS = """
import os, sys, mfbench
run = None
try:
    with mfbench.start_run("parent", workspace=sys.argv[1]) as run:
        run.log_metric("before", 1)
        children = []
        for how in ("leave", "raise", "end", "exit"):
            pid = os.fork()
            if pid == 0:
                run.log_metric(how, 1)
                run.log_metric(how, 2)
                if how == "raise":
                    raise ZeroDivisionError
                if how == "end":
                    run.end("failed")
                if how == "exit":
                    os._exit(0)
                break
            children.append(pid)
        else:
            for pid in children:
                os.waitpid(pid, 0)
            run.log_metric("after", 1)
            print(run.id)
except ZeroDivisionError:
    pass
"""


def test_a_forked_child_logs_to_its_parents_run_and_never_ends_it(workspace: Workspace) -> None:
    name = run(FORKS, workspace.root).strip()
    assert _end(workspace, name) == [["finished", None, None]]
    ((row,), _) = list_runs(workspace)
    assert row["metrics"] == {"before": 1.0, "leave": 2.0, "raise": 2.0, "end": 2.0, "exit": 2.0, "after": 1.0}
    assert len(os.listdir(workspace.run_folder(name) / "events")) == 5
