from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path

import pytest

from mfbench.core.errors import MfbenchError, UsageError
from mfbench.journal.cursor import Cursor, Event
from mfbench.journal.reader import Tail, read_events
from mfbench.journal.segment import SegmentWriter
from tests.children import kill, run, start


def _bodies(folder: Path) -> list[list[object]]:
    return [event[2:] for event in read_events(folder) if event[2] != "header"]


def test_the_first_line_is_a_header_that_names_the_segment_before(tmp_path: Path) -> None:
    for _ in range(2):
        writer = SegmentWriter(tmp_path, "worker", run="r1", attempt=2)
        writer.write("log", "info", "hello")
        writer.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["worker-1.jsonl", "worker-2.jsonl"]
    for name, previous in (("worker-1.jsonl", None), ("worker-2.jsonl", "worker-1.jsonl")):
        header, event = Cursor(str(tmp_path / name)).read()
        host = os.uname().nodename
        assert header[0] == 0
        assert header[2:] == ["header", {"format": 1, "run": "r1", "writer": "worker", "attempt": 2, "host": host,
                                         "pid": os.getpid(), "previous": previous}]  # fmt: skip
        assert event[0] == 1
        assert 0 <= event[1] - header[1] < 60_000_000
        assert abs(event[1] / 1e6 - time.time()) < 60


def test_an_event_is_there_when_write_returns(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "main", run="r")
    for number in range(3):
        writer.write("log", number)
        assert _bodies(tmp_path)[-1] == ["log", number]
    writer.write_many("m", [("a", 0, 1.0), ("b", 0, 2.0)])
    assert _bodies(tmp_path)[-2:] == [["m", "a", 0, 1.0], ["m", "b", 0, 2.0]]


def test_threads_share_a_writer_without_losing_order(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "main", run="r")

    def work(name: int) -> None:
        for number in range(300):
            if number % 3:
                writer.write("log", name, number)
            else:
                writer.write_many("log", [(name, number), (name, number)])

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tail = Tail(tmp_path)
    events = tail.poll()
    assert [event[0] for event in events] == list(range(1 + 6 * 400))
    assert tail.damages == []
    for name in range(6):
        assert [event[4] for event in events[1:] if event[3] == name] == sorted([*range(300), *range(0, 300, 3)])


FORK = """
import os, sys, threading
from pathlib import Path
from mfbench.journal.segment import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]), "main", run="r")
writer.write("log", "before")
stop = threading.Event()
def busy():
    while not stop.is_set():
        writer.write("busy")
thread = threading.Thread(target=busy)
thread.start()
children = []
for number in range(8):
    pid = os.fork()
    if pid == 0:
        writer.write("log", "child", number)
        if os.fork() == 0:
            writer.write("log", "grandchild", number)
            os._exit(0)
        os.wait()
        os._exit(0)
    children.append(pid)
assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 8
stop.set()
thread.join()
writer.write("log", "after")
"""


def test_a_fork_opens_its_own_segment_even_while_threads_write(tmp_path: Path) -> None:
    run(FORK, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1 + 8 + 8
    tail = Tail(tmp_path)
    events = tail.poll()
    assert tail.damages == []
    told = [event[3:] for event in events if event[2] == "log"]
    assert sorted(told) == sorted(
        [["before"], ["after"], *([who, n] for who in ("child", "grandchild") for n in range(8))]
    )
    main = Cursor(str(tmp_path / "main-1.jsonl")).read()
    assert [event[0] for event in main] == list(range(len(main)))


KILLED = """
import os, sys
from pathlib import Path
from mfbench.journal.segment import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]), "main", run="r")
count = 0
while True:
    if count % 5:
        writer.write("log", count)
        count += 1
    else:
        writer.write_many("log", [(count + i,) for i in range(6)])
        count += 6
    os.write(1, b"%d\\n" % count)
"""


def test_kill_9_loses_nothing_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(5)
    for _ in range(6):
        child = start(KILLED, tmp_path)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0, 0.05))
        told = kill(child).splitlines()
        acknowledged = int(told[-1]) if told else 6
        path = max(tmp_path.iterdir(), key=lambda path: int(path.stem.rpartition("-")[2]))
        cursor = Cursor(str(path))
        numbers = [event[3] for event in cursor.read()[1:]]
        assert cursor.damages == []
        assert numbers == list(range(len(numbers)))
        assert len(numbers) >= acknowledged


FULL = """
import resource, sys
from pathlib import Path
from mfbench.core.errors import MfbenchError
from mfbench.journal.segment import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]), "main", run="r")
writer.write("log", "kept")
def limit(more):
    size = (Path(sys.argv[1]) / "main-1.jsonl").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + more if more is not None else -1, -1))
def refused(*call):
    try:
        call[0](*call[1:])
    except MfbenchError as error:
        print(error.message)
    else:
        raise SystemExit("nothing was raised")
limit(10)
refused(writer.write, "log", "torn")
refused(writer.write, "log", "no room at all")
limit(None)
writer.write("log", "after the torn one")
limit(len(b'[0,1700000000000000,"log","x"]\\t12345678\\n') * 2 + 12)
refused(writer.write_many, "log", [("x",)] * 5)
limit(None)
writer.write_many("log", [("y",)] * 2)
limit(len(b'[0,1700000000000000,"log","no newline"]\\t12345678'))
refused(writer.write, "log", "no newline")
limit(None)
writer.write("log", "last")
"""


def test_a_short_write_raises_and_the_next_starts_on_a_new_line(tmp_path: Path) -> None:
    told = run(FULL, tmp_path).splitlines()
    assert "0 of 1 events were written" in told[0]
    assert "File too large" in told[1]
    assert "2 of 5 events were written" in told[2]
    cursor = Cursor(str(tmp_path / "main-1.jsonl"))
    events = cursor.read()
    bodies = ["kept", "after the torn one", "x", "x", "y", "y", "no newline", "last"]
    assert [event[3] for event in events[1:]] == bodies
    assert [event[0] for event in events] == list(range(9))  # nobody's number is used twice, none is missing
    assert [damage.missing for damage in cursor.damages] == [None, None]


def test_a_disk_that_takes_nothing_says_so_and_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SegmentWriter(tmp_path, "main", run="r")
    writer.write("log", 1)

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(MfbenchError, match="No space left on device") as caught:
        writer.write("log", 2)
    assert caught.value.exit_code == 1
    with pytest.raises(MfbenchError, match="No space left"):
        SegmentWriter(tmp_path, "other", run="r")
    monkeypatch.undo()
    writer.write("log", 3)
    assert _bodies(tmp_path) == [["log", 1], ["log", 3]]


def test_a_segment_whose_header_was_torn_takes_no_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SegmentWriter(tmp_path, "main", run="r")
    writer._forked()  # as after a fork: the next write opens a segment
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:10]))
    with pytest.raises(MfbenchError, match="disk full"):
        writer.write("log", 1)
    monkeypatch.undo()
    writer.write("log", 2)
    headers = [event[2] for path in sorted(tmp_path.iterdir()) for event in Cursor(str(path)).read()[:1]]
    assert headers == ["header", "header"]
    assert _bodies(tmp_path) == [["log", 2]]


@pytest.mark.parametrize("value", [object(), {1, 2}.__iter__(), "\ud800"])
def test_what_json_cannot_hold_is_refused_and_leaves_no_gap(tmp_path: Path, value: object) -> None:
    writer = SegmentWriter(tmp_path, "main", run="r")
    with pytest.raises(UsageError, match="cannot be written"):
        writer.write("log", value)
    with pytest.raises(UsageError, match="cannot be written"):
        writer.write_many("log", [(1,), (value,)])
    writer.write("log", "fine")
    tail = Tail(tmp_path)
    assert [event[0] for event in tail.poll()] == [0, 1]
    assert tail.damages == []


def test_after_close_nothing_can_be_written(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "main", run="r1")
    writer.close()
    writer.close()
    with pytest.raises(UsageError, match="run r1 has ended"):
        writer.write("log", 1)
    with pytest.raises(UsageError, match="run r1 has ended"):
        writer.write_many("log", [(1,)])
    assert len(list(tmp_path.iterdir())) == 1


def test_many_small_runs_hold_no_descriptors(tmp_path: Path) -> None:
    before = len(os.listdir("/dev/fd"))
    for number in range(300):
        writer = SegmentWriter(tmp_path, f"w{number}", run="r")
        writer.write("log", 1)
        writer.close()
    assert len(os.listdir("/dev/fd")) <= before + 2


def test_a_vanished_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(MfbenchError, match="No such file"):
        SegmentWriter(tmp_path / "gone", "main", run="r")


def test_kinds_that_nobody_knows_are_read_like_any_other(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "main", run="r")
    writer.write("from.the.future", {"deep": [1, None, True]}, "more")
    event: Event = read_events(tmp_path)[-1]
    assert event[2:] == ["from.the.future", {"deep": [1, None, True]}, "more"]


HANDLER = """
import itertools, os, signal, sys
from pathlib import Path
from mfbench.journal.segment import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]), "main", run="r")
real, at, count = os.write, 0, itertools.count()
def handler(*_):  # one that may be interrupted by another
    number = next(count)
    writer.write("log", "handler", number)
    if number % 3 == 0:
        writer.write_many("log", [("handler", next(count)) for _ in range(2)])
signal.signal(signal.SIGUSR1, handler)
signal.signal(signal.SIGALRM, handler)
def write(descriptor, data):  # the signal comes right before or right after the line is in the file
    global at
    at += 1
    mine = at
    if mine % 7 == 0:
        os.kill(os.getpid(), signal.SIGUSR1)
    written = real(descriptor, data)
    if mine % 5 == 0:
        os.kill(os.getpid(), signal.SIGUSR1)
    return written
os.write = write
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
for number in range(3000):
    writer.write("log", "main", number)
signal.setitimer(signal.ITIMER_REAL, 0)
writer.close()
print(next(count))
"""


def test_a_signal_handler_may_log_in_the_middle_of_a_write(tmp_path: Path) -> None:
    count = int(run(HANDLER, tmp_path))
    tail = Tail(tmp_path)
    events = [event[3:] for event in tail.poll() if event[2] == "log"]
    assert tail.damages == []
    assert [number for who, number in events if who == "main"] == list(range(3000))
    assert sorted(number for who, number in events if who == "handler") == list(range(count))
    assert count > 500
    for name in os.listdir(tmp_path):
        read = Cursor(str(tmp_path / name)).read()
        assert [event[0] for event in read] == list(range(len(read)))  # no number twice


INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from mfbench.journal.segment import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]), "main", run="r")
real = os.write
def write(descriptor, data):
    written = real(descriptor, data)
    os.kill(os.getpid(), signal.SIGINT)  # Ctrl-C once the line is in the file, before anybody has taken note of it
    return written
os.write = write
try:
    writer.write("log", 1)
except KeyboardInterrupt:
    print("interrupted")
os.write = real
writer.write("log", 2)
writer.write_many("log", [(3,), (4,)])
writer.close()
try:
    writer.write("log", 5)
except Exception as error:
    print(type(error).__name__)
"""


def test_ctrl_c_in_the_middle_of_a_write_costs_no_event_and_no_number(tmp_path: Path) -> None:
    assert run(INTERRUPTED, tmp_path).split() == ["interrupted", "UsageError"]
    assert _bodies(tmp_path) == [["log", 1], ["log", 2], ["log", 3], ["log", 4]]
    for name in os.listdir(tmp_path):
        read = Cursor(str(tmp_path / name)).read()
        assert [event[0] for event in read] == list(range(len(read)))


def test_a_journal_that_was_deleted_under_its_writer_is_told_at_the_end(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "main", run="r1")
    writer.write("log", 1)
    (tmp_path / "main-1.jsonl").unlink()
    writer.write("log", 2)
    with pytest.raises(MfbenchError, match="journal of run r1 was deleted"):
        writer.close()
    writer.close()


def test_a_journal_that_was_moved_is_not_deleted(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "main", run="r1")
    (tmp_path / "main-1.jsonl").rename(tmp_path / "elsewhere")
    writer.write("log", 1)
    writer.close()
    assert (tmp_path / "elsewhere").read_bytes().count(b"\n") == 2


LOCKED = """
import os, sys, threading
from pathlib import Path
from mfbench.core import ids
from mfbench.journal import flusher
from mfbench.journal.segment import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]), "main", run="r")
held, done = threading.Event(), threading.Event()
def hold():
    with writer.lock, flusher._lock, ids._lock:
        held.set()
        done.wait(60)
thread = threading.Thread(target=hold)
thread.start()
held.wait()
if os.fork() == 0:  # while another thread holds every lock there is
    writer.write("log", "child", len(ids.new_id()) > 5)
    writer.close()
    os._exit(0)
assert os.wait()[1] == 0
done.set()
thread.join()
writer.close()
if os.fork() == 0:
    try:
        writer.write("log", "after its end")
    except Exception as error:
        print(type(error).__name__, flush=True)
    os._exit(0)
os.wait()
"""


def test_a_fork_inherits_no_lock_and_no_life_after_the_end(tmp_path: Path) -> None:
    assert run(LOCKED, tmp_path).split() == ["UsageError"]
    assert _bodies(tmp_path) == [["log", "child", True]]


DENIED = """
import os, sys
from pathlib import Path
from mfbench.core.errors import MfbenchError
from mfbench.journal.segment import SegmentWriter
import mfbench.core.machine, encodings.idna
mfbench.core.machine.host()
os.chdir(sys.argv[1])  # a place that the user below could not reach by its path
Path("events").mkdir(mode=0o555)
if os.getuid() == 0:
    os.setuid(65534)
try:
    SegmentWriter("events", "main", run="r")
except MfbenchError as error:
    print(error.message, error.where)
"""


def test_a_folder_that_takes_no_files_is_told(tmp_path: Path) -> None:
    assert run(DENIED, tmp_path).strip() == "an event of run r could not be written: Permission denied events"


def test_a_clock_that_is_set_back_changes_no_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SegmentWriter(tmp_path, "main", run="r")
    for number, now in enumerate((50, 20, 90, -5)):
        monkeypatch.setattr("mfbench.journal.segment.time_ns", lambda now=now: now * 1000)
        writer.write("log", number)
        writer.write_many("log", [(number,)])
    assert [event[3] for event in read_events(tmp_path)[1:]] == [0, 0, 1, 1, 2, 2, 3, 3]
