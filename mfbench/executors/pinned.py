"""What decides about results and is the same for every worker that runs in an environment of its own."""

from __future__ import annotations

from mfbench.core.machine import thread_limits


def pinned(cpus: int) -> dict[str, str]:
    """The variables of such a worker: threads, hash seed, time zone, locale; and how it talks."""
    return {
        **thread_limits(cpus),
        "OMP_WAIT_POLICY": "PASSIVE",  # beside other work, threads that spin at a barrier cost ten times their gain
        "PYTHONHASHSEED": "0",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
    }
