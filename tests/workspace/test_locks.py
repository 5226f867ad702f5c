from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from mfbench.core.errors import StoreBusyError, WorkspaceError
from mfbench.journal.ledger import open_ledger
from mfbench.workspace import disk
from mfbench.workspace.locks import hold, is_held, locked
from mfbench.workspace.workspace import create
from tests.children import kill, output, start


def test_a_held_file_is_held_until_its_descriptor_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "marker"
    assert not is_held(path)
    descriptor = hold(path, "who I am")
    assert path.read_text() == "who I am"
    assert is_held(path)
    assert is_held(path)  # looking takes nothing away
    os.close(descriptor)
    assert not is_held(path)
    assert [item.name for item in tmp_path.iterdir()] == ["marker"]


def test_a_name_that_is_taken_stays_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "marker"
    descriptor = hold(path, "first")
    before = len(os.listdir("/dev/fd"))
    with pytest.raises(FileExistsError):
        hold(path, "second")
    assert path.read_text() == "first"
    assert is_held(path)
    assert len(os.listdir("/dev/fd")) == before
    assert [item.name for item in tmp_path.iterdir()] == ["marker"]
    os.close(descriptor)


def test_the_kernel_gives_back_what_a_killed_process_held(tmp_path: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from mfbench.workspace.locks import hold, locked
hold(Path(sys.argv[1]) / "marker")
with locked(Path(sys.argv[1]) / "lock"):
    print("held", flush=True)
    time.sleep(60)
"""
    child = start(code, tmp_path)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    assert is_held(tmp_path / "marker")
    with pytest.raises(StoreBusyError) as caught, locked(tmp_path / "lock", timeout=0.05):
        pass
    assert str(tmp_path / "lock") in str(caught.value)
    kill(child)
    assert not is_held(tmp_path / "marker")
    with locked(tmp_path / "lock", timeout=0.05):
        pass


def test_a_forked_child_holds_what_it_may_still_write_to(tmp_path: Path) -> None:
    code = """
import os, sys, time
from pathlib import Path
from mfbench.workspace.locks import hold
hold(Path(sys.argv[1]))
pid = os.fork()
if pid == 0:
    sys.stdin.read()
    os._exit(0)
print(pid, flush=True)
os.execv(sys.executable, [sys.executable, "-c", "import os; os.wait()"])
"""
    child = start(code, tmp_path / "marker")
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(0.05)
    assert is_held(tmp_path / "marker")
    output(child)
    assert not is_held(tmp_path / "marker")


def test_sharers_share_and_exclude_the_sole(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    shared = locked(path, shared=True), locked(path, shared=True, timeout=0.05)
    with shared[0], shared[1], pytest.raises(StoreBusyError), locked(path, timeout=0.02):
        pass
    with locked(path), pytest.raises(StoreBusyError), locked(path, shared=True, timeout=0.02):
        pass


def test_a_busy_lock_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    taken = threading.Event()
    order: list[str] = []

    def first() -> None:
        with locked(path):
            taken.set()
            time.sleep(0.1)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    taken.wait()
    with locked(path, timeout=20):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_a_lock_is_released_by_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "lock"):
        _ = 1 / 0
    with locked(tmp_path / "lock", timeout=0.02):
        pass


def test_a_child_that_is_forked_meanwhile_does_not_go_on_holding_a_lock(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with locked(tmp_path / "lock"):
        child = os.fork()
        if child == 0:
            os.read(reading, 1)
            os._exit(0)
    try:
        with locked(tmp_path / "lock", timeout=0.0):
            pass
    finally:
        os.write(writing, b"x")
        os.waitpid(child, 0)
        os.close(reading)
        os.close(writing)


def test_a_child_that_leaves_the_block_does_not_end_its_parents_lock(tmp_path: Path) -> None:
    with ExitStack() as stack:
        stack.enter_context(locked(tmp_path / "lock"))
        child = os.fork()
        if child == 0:
            try:
                stack.close()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        with pytest.raises(StoreBusyError), locked(tmp_path / "lock", timeout=0.0):
            pass


def test_who_takes_over_is_not_refused_because_others_look(tmp_path: Path) -> None:
    path = tmp_path / "marker"
    path.touch()
    child = os.fork()
    if child == 0:
        while True:
            is_held(path)
    try:
        for _ in range(300):
            os.close(hold(path, anew=False))
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_a_disk_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger is refused there; a run is recorded, and lives as long as its marker is touched."""
    workspace = create(tmp_path)

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    run, descriptor = workspace.new_run({"host": "here"})
    assert workspace.is_alive(run)
    old = time.time() - disk.DEAD - 5
    os.utime(workspace.live / run, (old, old))
    assert not workspace.is_alive(run)
    os.close(descriptor)
    with pytest.raises(WorkspaceError, match="no working locks"), open_ledger(workspace.ledger):
        pass


def test_a_full_disk_keeps_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(os.listdir("/dev/fd"))

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            hold(tmp_path / "marker", "who")
    assert len(os.listdir("/dev/fd")) == before
    assert not is_held(tmp_path / "marker")
