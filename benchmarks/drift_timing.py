"""What a contestant's process says of itself: one line of JSON. The standard library alone: the peers import it too."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable


def tell(work: Callable[[], object], warm: Callable[[], object] | None = None, times: int = 1) -> None:
    """Does the work and prints its seconds, its CPU seconds and the greatest memory of the process in MB.

    warm: the same on a few rows before, so that importing a library is nobody's cost. times: the quickest counts.
    """
    if warm is not None:
        warm()
    wall, cpu = min(_once(work) for _ in range(times))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"wall": wall, "cpu": cpu, "mb": peak / (1e6 if sys.platform == "darwin" else 1e3)}))


def _once(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu
