"""Drivers and workers that are killed: the run is resumed, and in the end there is one model of one version."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable

from mfbench.care.deletion import delete_runs
from mfbench.care.doctor import examine
from mfbench.care.repair import mend
from mfbench.core.errors import UsageError
from mfbench.journal.deletions import deletions
from mfbench.journal.ledger import read_ledger
from mfbench.registry.models import Registry
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace
from tests.faults.checks import assert_exact
from tests.support import Project, until

Rounds = Callable[[int], range]


def _leader(workspace: Workspace) -> tuple[str, int] | None:
    """The run that lives, and the process that leads it."""
    for marker in workspace.live.iterdir() if workspace.live.exists() else ():
        if marker.name[0] != "." and workspace.is_alive(marker.name):
            try:
                return marker.name, json.loads(marker.read_text())["pid"]
            except (OSError, ValueError):  # just made, or just gone
                return None
    return None


def _offspring(pid: int) -> list[int]:
    try:
        words = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
    except OSError:
        return []
    return [int(word) for word in words.split()]


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


def _settled(workspace: Workspace) -> None:
    """Nobody is left who works here."""
    until(lambda: _leader(workspace) is None)


def test_killed_drivers_and_workers_are_resumed_to_the_same_model(
    project: Project, chance: random.Random, rounds: Rounds
) -> None:
    """The first run shows how long it takes; each of the others is killed once or twice, then resumed to its end."""
    face = project.start("run", "tiny.toml")
    until(lambda: project.workspace.root.exists() and _leader(project.workspace) is not None)
    started = time.monotonic()
    _settled(project.workspace)
    seconds = time.monotonic() - started
    face.communicate(timeout=60)
    [first] = Registry(project.workspace).model("tiny").versions.values()
    kills = 0
    for number in rounds(2):
        # Another seed for the search of what is cached, the same model: only the steps before run again.
        for path in project.workspace.cache.glob("*.json"):
            path.unlink()
        words: tuple[str, ...] = ("run", "tiny.toml")
        runs = set(project.runs())
        for _ in range(chance.choice([1, 1, 2])):
            face = project.start(*words)
            until(lambda face=face: _leader(project.workspace) is not None or face.poll() is not None)
            time.sleep(chance.uniform(0, 0.8) * seconds)
            found = _leader(project.workspace)
            if found:
                worker = _offspring(found[1]) if chance.random() < 0.3 else []
                kills += sum(map(_kill, worker or [found[1]]))
            face.communicate(timeout=60)
            _settled(project.workspace)
            [run, *_] = sorted(set(project.runs()) - runs) or [""]
            if not run or _status(project, run) == "finished":
                break
            words = ("runs", "resume", run)
        new = sorted(set(project.runs()) - runs)
        for run in new:
            if _status(project, run) == "finished":
                continue
            done = project.mfbench("runs", "resume", run)
            if done.returncode == 2:
                assert "broke off before it began" in done.stderr, f"round {number}: {done.stderr}"
                mend(project.workspace)
            else:
                assert done.returncode == 0, f"round {number}: {done.stderr}"
                assert _status(project, run) == "finished"
        models = Registry(project.workspace).models()
        assert [(model.name, list(model.versions)) for model in models.values()] == [("tiny", [1])]
        assert models["tiny"].versions[1] == first
    assert kills
    assert {one.code for one in examine(project.workspace)} <= {"workspace.disk"}
    assert_exact(project.workspace)


def _status(project: Project, run: str) -> str:
    return next(row["status"] for row in Store(project.workspace).rows("SELECT * FROM runs") if row["run"] == run)


def test_a_run_is_deleted_while_it_is_resumed(project: Project, chance: random.Random, rounds: Rounds) -> None:
    """Either it goes on, or it is deleted: never both."""
    face, run = project.slow_run()
    found = _leader(project.workspace)
    assert found
    _kill(found[1])
    face.communicate(timeout=30)
    _settled(project.workspace)
    refused = 0
    for _ in rounds(1):
        delay = chance.random() * 1.2
        outcome: list[bool] = []
        deleting = threading.Thread(target=lambda d=delay, o=outcome: o.append(_delete(project.workspace, run, d)))
        deleting.start()
        resumed = project.start("runs", "resume", run, SLOW_SECONDS="1.5")
        deleting.join()
        resumed.communicate(timeout=60)
        _settled(project.workspace)
        deleted = run in deletions(read_ledger(project.workspace.ledger))
        assert deleted == outcome[0]
        assert deleted != project.workspace.run_folder(run).exists()
        assert (resumed.returncode == 0) != deleted
        if deleted:
            assert project.mfbench("runs", "restore", run).returncode == 0
        else:
            refused += 1
            break  # it is finished: there is nothing to resume any more
    assert {one.code for one in examine(project.workspace)} <= {"run.lost", "workspace.disk"}
    assert_exact(project.workspace)


def _delete(workspace: Workspace, run: str, delay: float) -> bool:
    time.sleep(delay)
    try:
        return bool(delete_runs(workspace, [run]))
    except UsageError:
        return False
