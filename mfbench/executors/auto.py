"""Which executor is meant by `auto`: Docker where an engine of this machine answers, else this machine itself."""

from __future__ import annotations

import os

AUTO = "auto"
VARIABLE = "MFBENCH_EXECUTOR"


def choose(wanted: str) -> tuple[str, str | None]:
    """(an executor's name, why it was chosen; None where it was named). `wanted` is a name or 'auto'."""
    if wanted != AUTO:
        return wanted, None
    named = os.environ.get(VARIABLE) or AUTO
    if named != AUTO:
        return named, f"{VARIABLE} says so"
    from mfbench.executors.docker.endpoints import answers  # sockets and addresses: 4 ms for who needs none

    there, told = answers()
    return ("docker", f"an engine answers at {told}") if there else ("local", told)
