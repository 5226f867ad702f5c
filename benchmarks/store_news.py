"""What a reader waits before its answer: it looks for news first, and folds them.

In a workspace of many finished runs: when there is nothing new, one new point of a run that is going on, or one new
run that is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.model import OURS, Row
from benchmarks.timing import BenchError, interleave
from mfbench.store.store import Store
from mfbench.tracking.run import start_run
from mfbench.workspace.workspace import Workspace

ROUNDS = 15
WARMUP = 2


def measure(home: Workspace, count: int) -> list[Row]:
    """Three rows, in milliseconds; `count` runs are in the workspace."""
    store = Store(home)

    def look() -> float:
        start = time.perf_counter()
        with store.reading():
            return time.perf_counter() - start

    def run() -> float:
        with start_run("another", workspace=home.root) as another:
            another.log_metric("loss", 0.5)
        return look()

    with start_run("live", workspace=home.root) as live:

        def point() -> float:
            live.log_metric("news", 1.0)
            return look()

        look()
        contestants: dict[str, Callable[[], float]] = {
            "nothing new": look,
            "one new point": point,
            "one new run": run,
        }
        outcomes = interleave(contestants, rounds=ROUNDS, warmup=WARMUP)
        counts = "SELECT count(*) FILTER (run = ?) AS points, (SELECT count(*) FROM runs) AS runs FROM metrics"
        (found,) = store.rows(counts, [live.id])
    if found != {"points": ROUNDS + WARMUP, "runs": count + 1 + ROUNDS + WARMUP}:
        raise BenchError(f"not everything is there: {found}")
    return [
        Row(f"{name} in {count:,} runs, until it can be read", "ms", outcomes[name].measure(OURS, _ms))
        for name in contestants
    ]


def _ms(seconds: float) -> float:
    return seconds * 1000.0
