"""What using a bundle costs: the time of one answer, and its size."""

from __future__ import annotations

import time
from collections.abc import Callable

from mfbench.bundle.manifest import Manifest

WARM_UP, CALLS = 10, 200


def latency_ms(answer: Callable[[int], object], calls: int = CALLS) -> float:
    """The 95th percentile of the time of one call of `answer`, in milliseconds, once it is warm.

    `answer` is handed the number of the call, so that it need not be asked for the same row each time.
    """
    took = []
    for number in range(WARM_UP + calls):
        began = time.perf_counter()
        answer(number)
        took.append(time.perf_counter() - began)
    ordered = sorted(took[WARM_UP:])
    return 1000 * ordered[min(calls - 1, int(0.95 * calls))]


def size_mb(manifest: Manifest) -> float:
    """Of all its files together, in millions of bytes."""
    return sum(file.bytes for file in manifest.files.values()) / 1e6
