"""Facts about this machine and who acts on it."""

from __future__ import annotations

import getpass
import os
from functools import cache
from pathlib import Path

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_MAX_THREADS", "POLARS_MAX_THREADS")


def available_cpus() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def cpu_model() -> str:
    """The processor's name: libraries choose their instructions by it, and round differently."""
    try:
        with Path("/proc/cpuinfo").open() as lines:
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return os.uname().machine


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


def thread_limits(cpus: int) -> dict[str, str]:
    """The environment under which the libraries of a new process use so many threads."""
    return dict.fromkeys(_THREADS, str(cpus))
