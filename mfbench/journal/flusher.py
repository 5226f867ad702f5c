"""What runs behind the writers' backs: fsync, and signs of life.

A line is acknowledged once the kernel has it (it survives kill -9). What power loss can cost is the last flush
interval: one thread a process fsyncs what was written, each `INTERVAL` seconds (`MFBENCH_FLUSH_SECONDS`), and once
more at exit. A process that is killed flushes nothing more: what it wrote last is on the disk when another process
of its run has flushed after it, at the latest when the run ends, or when the kernel writes it back by itself.

The same thread touches the markers of the runs that this process leads, each `BEAT` seconds: other machines, which
do not see its locks, judge by that whether it lives.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from mfbench.core.files import fsync
from mfbench.workspace.disk import BEAT

INTERVAL = float(os.environ.get("MFBENCH_FLUSH_SECONDS", "1.0"))
MANY = 32  # folders that wait: from so many on, one call for the whole disk is quicker than one for each file
T = TypeVar("T")

# Reentrant: a signal handler may log in the middle of any of this. For the same reason the sets are emptied one by one.
_lock = threading.RLock()
dirty: set[int] = set()  # descriptors of open segments
_folders: set[str] = set()  # with a segment that was opened or closed; no descriptors, of which there are few
_markers: set[str] = set()
_thread: threading.Thread | None = None


def mark_dirty(descriptor: int) -> None:
    """Called once per segment and flush interval, not once per line."""
    with _lock:
        dirty.add(descriptor)
        _start()


def opened(folder: str) -> None:
    """A segment was made here: with the next round its name is as safe as its bytes."""
    with _lock:
        _folders.add(folder)


def close(descriptor: int, folder: str) -> None:
    """Closes a segment in `folder` now; its bytes are flushed with the next round."""
    with _lock:
        dirty.discard(descriptor)
        _folders.add(folder)
        _start()
    os.close(descriptor)


def beat(marker: Path) -> None:
    """Touches the marker of a run that this process leads from now on, until `still`."""
    with _lock:
        _markers.add(str(marker))
        _start()


def still(marker: Path) -> None:
    with _lock:
        _markers.discard(str(marker))


def flush() -> None:
    """fsyncs everything that is waiting, now.

    A full or vanished disk disturbs nobody: the lines themselves were acknowledged by write.
    """
    with _lock:
        waiting, folders = _drain(dirty), _drain(_folders)
    for descriptor in waiting:  # one that was closed meanwhile is in `_folders` again
        try:
            os.fsync(descriptor)
        except OSError:
            pass
    if len(folders) > MANY and _sync_disks(folders):
        return
    for folder in folders:
        _sync_folder(folder)


def _sync_folder(folder: str) -> None:
    """Every segment in it, those of forked children too, and the names that lead to it from `runs/` on."""
    run = os.path.dirname(folder)  # noqa: PTH120
    try:
        paths = [f"{folder}/{name}" for name in os.listdir(folder)]
    except OSError:
        return
    for path in (*paths, folder, run, os.path.dirname(run)):  # noqa: PTH120
        with suppress(OSError):
            fsync(path)


def _sync_disks(folders: list[str]) -> bool:
    """All that waits on the disks of `folders`; False where the system has no call for it."""
    import ctypes

    syncfs = getattr(ctypes.CDLL(None), "syncfs", None)
    if syncfs is None:
        return False
    done = set()
    for folder in folders:
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # gone
            continue
        try:
            disk = os.fstat(descriptor).st_dev
            if disk not in done and syncfs(descriptor) != 0:
                return False
            done.add(disk)
        finally:
            os.close(descriptor)
    return True


def _drain(items: set[T]) -> list[T]:
    return [items.pop() for _ in range(len(items))]


def _start() -> None:
    global _thread
    if _thread is None:
        _thread = threading.Thread(target=_loop, name="mfbench-flush", daemon=True)
        _thread.start()
        atexit.register(flush)


def _loop() -> None:
    flushed = beaten = time.monotonic()
    while True:
        time.sleep(min(INTERVAL, BEAT))
        now = time.monotonic()
        if now - flushed >= INTERVAL:
            flush()
            flushed = now
        if now - beaten >= BEAT:
            _beat_all()
            beaten = now


def _beat_all() -> None:
    with _lock:
        markers = list(_markers)
    for marker in markers:
        try:
            os.utime(marker)
        except OSError:  # the run has ended, or its disk is away
            pass


def _after_fork() -> None:
    """A child owns none of its parent's segments, leads none of its runs and has no such thread."""
    global _thread, _lock
    _lock = threading.RLock()
    dirty.clear()
    _folders.clear()
    _markers.clear()
    _thread = None


os.register_at_fork(after_in_child=_after_fork)
