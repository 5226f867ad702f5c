"""What a local worker takes: sampled with its children, held to its limit, and why it was killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import msgspec
import psutil
import pytest

from mfbench.executors import usage
from mfbench.executors.base import Exit, Usage
from mfbench.executors.local import LocalExecution, LocalExecutor
from mfbench.executors.usage import ProcessTree, Watch
from mfbench.testing.executors import finish, job
from mfbench.worker.job import read_job, write_job
from tests.children import kill, start
from tests.support import until

MB = 1_000_000


def started(folder: Path, code: str, memory: int | None = None) -> LocalExecution:
    """The execution of a step of this code."""
    (folder / "stepcode.py").write_text(f"import multiprocessing, os, time\n{code}", encoding="utf-8")
    run = job(folder, "stepcode")
    write_job(run, msgspec.structs.replace(read_job(run), memory=memory))
    return LocalExecutor().start(run, None)


def sampled(execution: LocalExecution) -> tuple[Exit, list[Usage]]:
    """(how it ended, its samples)."""
    samples: list[Usage] = []
    ended = None
    while ended is None:
        ended = execution.poll(0.05)
        found = execution.usage()
        if found is not None and (not samples or found is not samples[-1]):
            samples.append(found)
    return ended, samples


CHILDREN = """
def work():
    kept = bytearray(b"x" * 60_000_000)
    end = time.process_time() + 1.6
    while time.process_time() < end:
        pass

def run(ctx):
    children = [multiprocessing.get_context("fork").Process(target=work) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    time.sleep(1.3)
"""


def test_children_count(tmp_path: Path) -> None:
    ended, samples = sampled(started(tmp_path, CHILDREN))
    assert (ended.code, ended.cause) == (0, None)
    assert max(sample.memory for sample in samples) > 120 * MB
    assert max(sample.cpu for sample in samples) > 0.1
    assert samples[-1].peak >= max(sample.memory for sample in samples)


def test_the_time_of_a_child_that_has_ended_is_not_lost() -> None:
    parent = start(
        "import subprocess, sys\n"
        "code = 'import time\\nwhile time.process_time() < 0.5: pass'\n"
        "subprocess.run([sys.executable, '-c', code])\n"
        "print('done', flush=True)\nsys.stdin.read()"
    )
    assert parent.stdout is not None
    parent.stdout.readline()
    tree = ProcessTree(parent.pid)
    try:
        assert tree.find()
        assert tree.pids == {parent.pid}
        assert sum(map(tree._cpu, tree._processes)) >= 0.45
        tree.cores()
        assert tree.cores() < 0.5, "only what is new counts"
    finally:
        kill(parent)
    assert not tree.find()


def test_what_is_over_its_limit_is_killed_with_its_children(tmp_path: Path) -> None:
    code = """
def work():
    kept = []
    while True:
        kept.append(bytearray(b"x" * 10_000_000))
        time.sleep(0.01)

def run(ctx):
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    (ctx.folder / "child").write_text(str(child.pid))
    child.join()
"""
    execution = started(tmp_path, code, memory=250 * MB)
    ended, samples = sampled(execution)
    assert (ended.signal, ended.cause) == (signal.SIGKILL, "oom")
    assert ended.detail.startswith("it took ")
    assert samples[-1].peak > 250 * MB
    child = int((tmp_path / "run" / "work" / "only" / "child").read_text())
    until(lambda: not psutil.pid_exists(child))
    assert execution.stop(1.0) == ended


def test_what_processes_share_counts_once(tmp_path: Path) -> None:
    """In a process of its own: forked from this one, its children would copy what other tests have left here."""
    if not usage._pages(os.getpid()):
        pytest.skip("this system does not tell what processes share")
    parent = start(
        "import multiprocessing, sys, time\n"
        "kept = bytearray(150_000_000)\n"
        "kept[::4096] = b'x' * len(kept[::4096])\n"
        "context = multiprocessing.get_context('fork')\n"
        "children = [context.Process(target=time.sleep, args=(600,), daemon=True) for _ in range(6)]\n"
        "[child.start() for child in children]\n"
        "print('here', flush=True)\nsys.stdin.read()"
    )
    assert parent.stdout is not None
    try:
        parent.stdout.readline()
        tree = ProcessTree(parent.pid)
        assert tree.find()
        assert tree.resident() > 800 * MB
        until(lambda: tree.memory() < 400 * MB)  # while they began, each had a part of its own
        run = job(tmp_path, "mfbench.steps.noop")
        write_job(run, msgspec.structs.replace(read_job(run), memory=800 * MB))
        watch = Watch(parent.pid, run)
        until(lambda: watch.look() or watch.usage is not None)
        assert not watch.look()
        assert watch.usage is not None
        assert watch.usage.memory < 400 * MB
    finally:
        for child in psutil.Process(parent.pid).children():
            child.kill()
        kill(parent)


def test_a_short_job_is_not_sampled(tmp_path: Path) -> None:
    execution = LocalExecutor().start(job(tmp_path, "mfbench.steps.noop"), None)
    assert finish(execution)[0] == Exit(0)
    assert execution.usage() is None


@pytest.mark.parametrize(("killed", "cause"), [(True, "oom"), (False, None)])
def test_the_kernels_own_kills_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: bool, cause: str | None
) -> None:
    execution = started(tmp_path, "def run(ctx):\n    os.kill(os.getpid(), 9)\n")
    if killed:
        monkeypatch.setattr(usage, "kernel_kills", lambda: 10**9)
    ended, _ = finish(execution)
    assert (ended.signal, ended.cause) == (signal.SIGKILL, cause)


def test_a_child_that_the_kernel_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kills = 0
    monkeypatch.setattr(usage, "kernel_kills", lambda: kills)
    monkeypatch.setattr(usage, "EVERY", 0.0)
    monkeypatch.setattr(usage, "CLOSELY", 0.0)
    monkeypatch.setattr(usage, "SHARE", 10.0**9)
    parent = start(
        "import subprocess, sys\nchild = subprocess.Popen(['sleep', '60'])\nprint(child.pid, flush=True)\n"
        "child.wait()\nprint('gone', flush=True)\nsys.stdin.read()"
    )
    assert parent.stdout is not None
    try:
        child = int(parent.stdout.readline())
        watch = Watch(parent.pid, job(tmp_path, "mfbench.steps.noop"))
        assert not watch.look()
        os.kill(child, signal.SIGKILL)
        parent.stdout.readline()
        kills = 1
        assert not watch.look()
        assert watch.usage is not None
        assert watch.why(0)[0] == watch.why(1)[0] == "child"
    finally:
        kill(parent)


def test_kernel_kills_are_counted_where_the_kernel_tells() -> None:
    told = Path("/proc/vmstat")
    if not told.exists() or "oom_kill " not in told.read_text():
        assert usage.kernel_kills() == 0
    else:
        assert f"oom_kill {usage.kernel_kills()}\n" in told.read_text()
