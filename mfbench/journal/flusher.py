"""fsync behind the writers' backs.

A line is acknowledged once the kernel has it (it survives kill -9). What power loss can cost is the last
flush interval: one thread a process fsyncs every segment that was written to, each `INTERVAL` seconds
(`MFBENCH_FLUSH_SECONDS`), and once more at exit.
"""

from __future__ import annotations

import atexit
import os
import threading

INTERVAL = float(os.environ.get("MFBENCH_FLUSH_SECONDS", "1.0"))

_lock = threading.Lock()
dirty: set[int] = set()
_closing: set[int] = set()
_thread: threading.Thread | None = None
_wake = threading.Event()


def mark_dirty(descriptor: int) -> None:
    """Called once per segment and flush interval, not once per line."""
    global _thread
    with _lock:
        dirty.add(descriptor)
        if _thread is None:
            _thread = threading.Thread(target=_loop, name="mfbench-flush", daemon=True)
            _thread.start()
            atexit.register(flush)


def close_after_flush(descriptor: int) -> None:
    """Hands the descriptor over: it is closed once its bytes are on disk."""
    mark_dirty(descriptor)
    with _lock:
        _closing.add(descriptor)


def flush() -> None:
    """fsyncs everything that is waiting, now."""
    with _lock:
        waiting, closing = set(dirty), set(_closing)
        dirty.clear()
        _closing.clear()
    for descriptor in waiting:
        try:
            os.fsync(descriptor)
        except OSError:  # a full or vanished disk: the lines themselves were acknowledged by write
            continue
        finally:
            if descriptor in closing:
                os.close(descriptor)


def _loop() -> None:
    while True:
        _wake.wait(INTERVAL)
        flush()


def _after_fork() -> None:
    """A child owns none of its parent's segments and has no flush thread."""
    global _thread, _lock
    _lock = threading.Lock()
    for descriptor in _closing:
        os.close(descriptor)
    dirty.clear()
    _closing.clear()
    _thread = None


os.register_at_fork(after_in_child=_after_fork)
