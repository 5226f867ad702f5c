"""Facts about this machine and who acts on it."""

from __future__ import annotations

import getpass
import os
from functools import cache


def available_cpus() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def host() -> str:
    return os.uname().nodename


def actor() -> str:
    """Who acts: MFBENCH_ACTOR, else user@host."""
    return os.environ.get("MFBENCH_ACTOR") or _login(os.getuid())


@cache
def _login(user: int) -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container user without a name
        name = str(user)
    return f"{name}@{host()}"
