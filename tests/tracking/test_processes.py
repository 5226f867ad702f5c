"""Runs in processes: pools, handlers that log, a folder that vanishes, a disk that is full."""

from __future__ import annotations

import os
import pickle
import shutil
import time

import pytest

import mfbench
from mfbench.core.errors import MfbenchError, UsageError
from mfbench.journal import flusher
from mfbench.journal.reader import read_events
from mfbench.store.runs import list_runs
from mfbench.workspace.workspace import Workspace
from tests.children import run

POOL = """
import multiprocessing, sys, mfbench
def work(number):
    run.log_metric("loss", number, step=number)
    return number
if __name__ == "__main__":
    with mfbench.start_run("r", workspace=sys.argv[1]) as run:
        with multiprocessing.get_context("fork").Pool(3) as pool:
            assert sorted(pool.map(work, range(60), chunksize=4)) == list(range(60))
        print(run.id)
"""


def test_a_pool_of_forked_processes_logs_to_the_run(workspace: Workspace) -> None:
    name = run(POOL, workspace.root).strip()
    events = read_events(workspace.run_folder(name) / "events")
    assert sorted(event[4] for event in events if event[2] == "m") == list(range(60))
    assert list_runs(workspace)[0][0]["status"] == "finished"


def test_a_run_does_not_travel_to_a_spawned_process(workspace: Workspace) -> None:
    with mfbench.start_run("r") as run, pytest.raises(UsageError, match="cannot be sent to another process"):
        pickle.dumps(run)


SPAWNED = """
import multiprocessing, sys, mfbench
if __name__ == "__main__":
    with mfbench.start_run("r", workspace=sys.argv[1]) as run:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            run.log_metrics((("abs", value, at) for at, value in enumerate(pool.map(abs, [-1, -2]))))
        print(run.id)
"""


def test_what_spawned_processes_find_is_logged_by_their_parent(workspace: Workspace) -> None:
    name = run(SPAWNED, workspace.root).strip()
    events = read_events(workspace.run_folder(name) / "events")
    assert [event[5] for event in events if event[2] == "m"] == [1.0, 2.0]


ENDING = """
import os, signal, sys, mfbench
run = mfbench.start_run("r", workspace=sys.argv[1])
def handler(*_):
    run.log_text("asked to stop")
    run.end("stopped")
signal.signal(signal.SIGTERM, handler)
real = os.write
def write(descriptor, data):
    os.write = real
    os.kill(os.getpid(), signal.SIGTERM)
    return real(descriptor, data)
os.write = write
if sys.argv[2] == "logging":
    try:
        run.log_metric("loss", 0.5)
    except mfbench.MfbenchError:
        pass
else:
    run.end()
print(run.id)
"""


@pytest.mark.parametrize(("what", "status"), [("logging", "stopped"), ("ending", "finished")])
def test_a_handler_may_end_the_run_in_the_middle_of_anything(workspace: Workspace, what: str, status: str) -> None:
    name = run(ENDING, workspace.root, what).strip()
    events = read_events(workspace.run_folder(name) / "events")
    assert [event[3] for event in events if event[2] == "run.ended"] == [status]
    assert [event[4] for event in events if event[2] == "log"] == ["asked to stop"]
    assert not workspace.is_alive(name)


def test_only_a_live_runs_marker_is_touched(workspace: Workspace) -> None:
    run = mfbench.start_run("r")
    marker = workspace.live / run.id
    os.utime(marker, (1, 1))
    flusher._beat_all()
    assert time.time() - marker.stat().st_mtime < 60
    run.end()
    assert str(marker) not in flusher._markers


def test_a_run_folder_that_vanished_is_told_at_the_end(workspace: Workspace) -> None:
    before = len(os.listdir("/dev/fd"))
    run = mfbench.start_run("r")
    shutil.rmtree(workspace.run_folder(run.id))
    run.log_metric("loss", 1)
    with pytest.raises(MfbenchError, match="was deleted while it was written"):
        run.end()
    run.end()
    assert len(os.listdir("/dev/fd")) <= before
    assert not workspace.is_alive(run.id)


FULL = """
import resource, sys, mfbench
run = mfbench.start_run("r", workspace=sys.argv[1])
journal = run.workspace.run_folder(run.id) / "events" / "main-1.jsonl"
logged = 0
resource.setrlimit(resource.RLIMIT_FSIZE, (journal.stat().st_size + 1000, -1))
try:
    while True:
        run.log_metric("loss", logged / 7)
        logged += 1
except mfbench.MfbenchError as error:
    print(logged, error.exit_code, "disk full" in error.message or "too large" in error.message)
for call in (run.end, lambda: run.log_params({"a": 1})):
    try:
        call()
    except mfbench.MfbenchError as error:
        print(error.exit_code)
resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
run.log_metric("loss", 0.5)
run.end()
"""


def test_a_full_disk_costs_what_was_refused_and_nothing_else(workspace: Workspace) -> None:
    first, *others = run(FULL, workspace.root).splitlines()
    logged = int(first.split()[0])
    assert first == f"{logged} 1 True"
    assert others == ["1", "1"]
    ((row,), _) = list_runs(workspace)
    assert row["status"] == "finished"
    points = [event for event in read_events(workspace.run_folder(row["run"]) / "events") if event[2] == "m"]
    assert [event[5] for event in points] == [*(number / 7 for number in range(logged)), 0.5]
