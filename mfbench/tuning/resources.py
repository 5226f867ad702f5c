"""What a model costs to use: an objective beside its quality."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfbench.flavors.base import Flavor
from mfbench.stats.metrics import RESOURCES as RESOURCES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CALLS = 30


def measure(names: list[str], flavor: Flavor, fitted: Any, x: NDArray[np.float64], task: str) -> dict[str, float]:
    """`latency_ms`: the median time of predicting one encoded row; `size_mb`: the saved model's files, 10**6 bytes."""
    found: dict[str, float] = {}
    if "latency_ms" in names:
        times = []
        for i in range(CALLS + 3):
            row = x[i % len(x) : i % len(x) + 1]
            began = time.perf_counter()
            flavor.predict(fitted, row, task)
            times.append(time.perf_counter() - began)
        found["latency_ms"] = sorted(times[3:])[CALLS // 2] * 1000  # the first calls warm up
    if "size_mb" in names:
        with tempfile.TemporaryDirectory(prefix="mfbench-") as folder:
            flavor.save(fitted, Path(folder) / "model")
            found["size_mb"] = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6
    return found
