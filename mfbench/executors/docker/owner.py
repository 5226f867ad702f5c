"""Who made a container, so that others can tell whether anybody still waits for it."""

from __future__ import annotations

import os

from mfbench.core.machine import host
from mfbench.workspace.disk import boot

SLACK = 60.0  # seconds that clocks may differ by: the engine's, and the one by which processes are dated


def me() -> str:
    """This process, as the value of the label OWNER: "host:boot:pid"."""
    return f"{host()}:{boot()}:{os.getpid()}"


def is_of_here(owner: str) -> bool:
    """Whether the owner is a process of this machine, which can be judged."""
    return owner.partition(":")[0] == host()


def is_dead(owner: str, made: float) -> bool:
    """Whether the owner of what was made at `made` (seconds since 1970) is certainly gone.

    That of another machine, or of another container on this one, cannot be judged: it counts as alive.
    """
    started, _, pid = owner.partition(":")[2].rpartition(":")
    if not is_of_here(owner) or not pid.isdigit():
        return False
    if started != boot():
        return True
    return not _lives(int(pid), made)


def _lives(pid: int, made: float) -> bool:
    """Whether the process that had this number then still has it: one that began later is another one."""
    import psutil

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= made + SLACK
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:  # of another user
        return True
