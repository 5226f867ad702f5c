"""fsync behind the writers' backs.

A line is acknowledged once the kernel has it (it survives kill -9). What power loss can cost is the last
flush interval: one thread a process fsyncs every segment that was written to, each `INTERVAL` seconds
(`MFBENCH_FLUSH_SECONDS`), and once more at exit.
"""

from __future__ import annotations

import atexit
import os
import threading
import time

INTERVAL = float(os.environ.get("MFBENCH_FLUSH_SECONDS", "1.0"))

_lock = threading.Lock()
dirty: set[int] = set()  # descriptors of open segments
_closed: list[str] = []  # closed segments, by path: a script of many small runs must not run out of descriptors
_thread: threading.Thread | None = None


def mark_dirty(descriptor: int) -> None:
    """Called once per segment and flush interval, not once per line."""
    with _lock:
        dirty.add(descriptor)
        _start()


def close(descriptor: int, path: str) -> None:
    """Closes a segment now; its bytes are flushed with the next round."""
    with _lock:
        dirty.discard(descriptor)
        _closed.append(path)
        _start()
    os.close(descriptor)


def flush() -> None:
    """fsyncs everything that is waiting, now."""
    with _lock:
        waiting, closed = list(dirty), list(_closed)
        dirty.clear()
        _closed.clear()
    # A full or vanished disk raises here; the lines themselves were acknowledged by write. A descriptor that
    # was closed meanwhile is in `_closed` again, as a path.
    for descriptor in waiting:
        try:
            os.fsync(descriptor)
        except OSError:
            pass
    for path in closed:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError:
            pass


def _start() -> None:
    global _thread
    if _thread is None:
        _thread = threading.Thread(target=_loop, name="mfbench-flush", daemon=True)
        _thread.start()
        atexit.register(flush)


def _loop() -> None:
    while True:
        time.sleep(INTERVAL)
        flush()


def _after_fork() -> None:
    """A child owns none of its parent's segments and has no flush thread."""
    global _thread, _lock
    _lock = threading.Lock()
    dirty.clear()
    _closed.clear()
    _thread = None


os.register_at_fork(after_in_child=_after_fork)
