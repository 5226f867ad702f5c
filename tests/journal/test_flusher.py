from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from mfbench.journal import flusher
from mfbench.journal.segment import SegmentWriter
from tests.children import run


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The descriptors that were fsynced; nothing is waiting at the beginning."""
    flusher.flush()
    descriptors: list[int] = []
    monkeypatch.setattr(os, "fsync", descriptors.append)
    return descriptors


def test_what_was_written_is_flushed_once_a_round(
    tmp_path: Path, synced: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flusher, "_start", lambda: None)  # no thread beside this test
    writer = SegmentWriter(tmp_path, "main", run="r")
    for _ in range(5):
        writer.write("log", 1)
    flusher.flush()
    assert len(synced) == 1
    flusher.flush()
    assert len(synced) == 1
    writer.write("log", 1)
    writer.close()
    flusher.flush()
    assert len(synced) == 2
    flusher.flush()
    assert len(synced) == 2


def test_a_closed_segment_that_is_gone_is_no_error(tmp_path: Path, synced: list[int]) -> None:
    writer = SegmentWriter(tmp_path, "main", run="r")
    writer.close()
    (tmp_path / "main-1.jsonl").unlink()
    flusher.flush()


def test_a_disk_that_cannot_flush_disturbs_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    writer = SegmentWriter(tmp_path, "main", run="r")
    writer.write("log", 1)
    flusher.flush()
    writer.close()
    flusher.flush()


def test_one_thread_serves_all_writers(tmp_path: Path) -> None:
    writers = [SegmentWriter(tmp_path, f"w{number}", run="r") for number in range(5)]
    for writer in writers:
        writer.write("log", 1)
    assert [thread.name for thread in threading.enumerate()].count("mfbench-flush") == 1
    for writer in writers:
        writer.close()


FLUSHED = """
import os, sys, time
from pathlib import Path
count = 0
def fsync(descriptor):
    global count
    count += 1
os.fsync = fsync
from mfbench.journal.segment import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]), "main", run="r")
def waited(goal):
    deadline = time.monotonic() + 20
    while count < goal and time.monotonic() < deadline:
        time.sleep(0.005)
    return count >= goal
assert waited(1)
writer.write("log", 1)
assert waited(2)
read, write = os.pipe()
if os.fork() == 0:
    count = 0
    writer.write("log", "in the child")  # it has a flush thread of its own
    os.write(write, b"y" if waited(1) else b"n")
    os._exit(0)
assert os.read(read, 1) == b"y"
import atexit, mfbench.journal.flusher as flusher
flusher.INTERVAL = 1000
time.sleep(0.1)
writer.write("log", 2)
before = count
atexit._run_exitfuncs()
assert count == before + 1, (before, count)
"""


def test_the_thread_flushes_behind_the_writers_in_forks_too_and_at_exit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MFBENCH_FLUSH_SECONDS", "0.02")
    run(FLUSHED, tmp_path)
