"""Identifiers that sort by time and are safe as a file name anywhere."""

from __future__ import annotations

import os
import threading
import time

_lock = threading.RLock()  # a signal handler may begin a run too
_last = 0
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u


def random_text(length: int) -> str:
    return "".join(_ALPHABET[byte & 31] for byte in os.urandom(length))


def new_id(now: float | None = None) -> str:
    """'20261123-071512123-k3f9a': UTC to the millisecond, then 25 random bits."""
    global _last
    with _lock:  # one process never makes two in one millisecond, so that its runs sort as they began
        stamp = _last = max(int((time.time() if now is None else now) * 1000), _last + 1 if now is None else 0)
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(stamp // 1000))}{stamp % 1000:03d}-{random_text(5)}"


def _after_fork() -> None:
    """Another thread may have held the lock when this process was forked: it would never be given back here."""
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_after_fork)
