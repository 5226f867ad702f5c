from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from mfbench.journal import flusher
from mfbench.journal.segment import SegmentWriter
from tests.children import run

Synced = list[str]


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> Synced:
    """The names of files that were fsynced; nothing is waiting at the beginning, and no thread beside the test."""
    monkeypatch.setattr(flusher, "_start", lambda: None)
    flusher.flush()
    names: Synced = []
    monkeypatch.setattr(os, "fsync", lambda fd: names.append(Path(f"/proc/self/fd/{fd}").readlink().name))
    return names


def test_what_was_written_is_flushed_once_a_round(tmp_path: Path, synced: Synced) -> None:
    folder = tmp_path / "runs" / "r1" / "events"
    folder.mkdir(parents=True)
    writer = SegmentWriter(folder, "main", run="r")
    for _ in range(5):
        writer.write("log", 1)
    flusher.flush()
    assert synced == ["main-1.jsonl", "main-1.jsonl", "events", "r1", "runs"]  # the names that lead to it, too
    synced.clear()
    flusher.flush()
    assert synced == []
    writer.write("log", 1)
    flusher.flush()
    assert synced == ["main-1.jsonl"]


def test_with_its_end_all_segments_of_a_run_are_flushed(tmp_path: Path, synced: Synced) -> None:
    writer = SegmentWriter(tmp_path, "main", run="r")
    flusher.flush()
    synced.clear()
    (tmp_path / "main.7-1.jsonl").write_bytes(b"of a forked child that is gone")
    writer.close()
    flusher.flush()
    assert sorted(synced[:2]) == ["main-1.jsonl", "main.7-1.jsonl"]
    synced.clear()
    flusher.flush()
    assert synced == []


def test_many_runs_are_flushed_with_one_call(tmp_path: Path, synced: Synced, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(flusher.MANY + 1):
        (tmp_path / str(number)).mkdir()
        SegmentWriter(tmp_path / str(number), "main", run="r").close()
    flusher.flush()
    assert synced == [] or sys.platform != "linux"
    monkeypatch.setattr(flusher, "_sync_disks", lambda _: False)  # where the system has no such call
    for number in range(flusher.MANY + 1):
        SegmentWriter(tmp_path / str(number), "main", run="r").close()
    flusher.flush()
    assert synced.count("main-2.jsonl") == flusher.MANY + 1


def test_the_markers_of_this_processs_runs_are_touched(tmp_path: Path, synced: Synced) -> None:
    for name in ("mine", "over", "gone", "another's"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1, 1))
    for name in ("mine", "over", "gone"):
        flusher.beat(tmp_path / name)
    flusher.still(tmp_path / "over")
    flusher.still(tmp_path / "never began")
    (tmp_path / "gone").unlink()
    flusher._beat_all()
    flusher.still(tmp_path / "mine")
    flusher.still(tmp_path / "gone")
    assert time.time() - (tmp_path / "mine").stat().st_mtime < 60
    assert {name: (tmp_path / name).stat().st_mtime for name in ("over", "another's")} == {"over": 1, "another's": 1}
    assert not (tmp_path / "gone").exists()


def test_a_closed_segment_that_is_gone_is_no_error(tmp_path: Path, synced: Synced) -> None:
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
synced = []
os.fsync = synced.append
from mfbench.journal import flusher
flusher.BEAT = 0.02
from mfbench.journal.segment import SegmentWriter
folder, marker = Path(sys.argv[1]), Path(sys.argv[2])
def waited(condition):
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()
writer = SegmentWriter(folder, "main", run="r")
descriptor = writer._descriptor
assert waited(lambda: descriptor in synced)
synced.clear()
writer.write("log", 1)
assert waited(lambda: descriptor in synced)
flusher.beat(marker)
assert waited(lambda: marker.stat().st_mtime > 1)
read, write = os.pipe()
if os.fork() == 0:
    synced.clear()
    writer.write("log", "in the child")  # it has a flush thread of its own, and leads no run
    flushed = waited(lambda: writer._descriptor in synced)
    os.write(write, b"y" if flushed and not flusher._markers else b"n")
    os._exit(0)
assert os.read(read, 1) == b"y"
flusher.still(marker)
flusher.INTERVAL = flusher.BEAT = 1000
time.sleep(0.1)
synced.clear()
writer.write("log", 2)
import atexit
atexit._run_exitfuncs()
assert synced == [descriptor], synced
"""


def test_the_thread_flushes_behind_the_writers_in_forks_too_and_at_exit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MFBENCH_FLUSH_SECONDS", "0.02")
    (tmp_path / "marker").touch()
    os.utime(tmp_path / "marker", (1, 1))
    (tmp_path / "events").mkdir()
    run(FLUSHED, tmp_path / "events", tmp_path / "marker")
