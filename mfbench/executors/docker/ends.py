"""From what the engine says of an ended container to how the worker ended."""

from __future__ import annotations

import signal
from typing import Any

from mfbench.executors.base import Exit
from mfbench.executors.docker.sampling import Samples

STOPPED = 130  # an exit code of ours, though signals have the numbers above 128


def exit_of(code: int, state: dict[str, Any], no_space: bool, samples: Samples) -> Exit:
    """code: as the container's first process ended; it says 128 + n for a worker that signal n killed.

    state: as `docker inspect` tells it. no_space: whether the worker has said that a disk is full.
    """
    number = code - 128 if 128 < code < 128 + signal.NSIG and code != STOPPED else None
    oom = bool(state.get("OOMKilled"))
    detail = str(state.get("Error") or "")
    if oom and number == signal.SIGKILL:
        return Exit(-number, number, "oom", detail)
    if oom:
        detail = detail or "one of its processes was killed: it took more memory than it may"
        return Exit(-number if number else code, number, "child", detail)
    if code and (no_space or "no space left" in detail.lower()):
        return Exit(code, None, "disk", detail)
    if code and samples.was_full:
        detail = f"it had as many processes as it may: {samples.limit}"
    return Exit(-number if number else code, number, None, detail)


def lost(why: str) -> Exit:
    """The engine is gone, and with it whatever ran on it."""
    return Exit(1, None, "engine", why)
