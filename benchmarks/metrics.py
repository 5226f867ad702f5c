"""Logging metrics one by one: points a second, and what one call takes.

Each contestant logs in a process of its own (see ``log_metrics``); the processes take
turns. MLflow gets a few hundred points only, for it would take minutes otherwise.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path

from benchmarks.model import OURS, Row
from benchmarks.peers import Peers
from benchmarks.timing import BenchError, interleave, run

ROUNDS = 5
POINTS = 100_000
MLFLOW_POINTS = 300
TARGET_POINTS_PER_S = 200_000.0
TARGET_P50_US = 5.0
FLOOR = "msgspec + os.write"

Figures = dict[str, float]


def measure(peers: Peers | None, scratch: Path) -> list[Row]:
    """Three rows: the rate, and the median and the 99th percentile of one call."""
    contestants = {
        FLOOR: _contestant(sys.executable, "floor", scratch, POINTS),
        OURS: _contestant(sys.executable, OURS, scratch, POINTS),
    }
    if peers is not None:
        contestants["mlflow"] = _contestant(peers.command("python"), "mlflow", scratch, MLFLOW_POINTS)
    outcomes = interleave(contestants, rounds=ROUNDS, warmup=1)

    def row(what: str, unit: str, key: str, target: float | None = None) -> Row:
        return Row(
            what=what,
            unit=unit,
            ours=outcomes[OURS].measure(OURS, itemgetter(key)),
            peers=tuple(outcomes[name].measure(name, itemgetter(key)) for name in ("mlflow",) if name in outcomes),
            floors=(outcomes[FLOOR].measure(FLOOR, itemgetter(key)),),
            target=target,
            higher_is_better=unit == "points/s",
        )

    return [
        row("metrics one by one", "points/s", "points_per_s", TARGET_POINTS_PER_S),
        row("one metric call, p50", "µs", "p50_us", TARGET_P50_US),
        row("one metric call, p99", "µs", "p99_us"),
    ]


def _contestant(python: str, who: str, scratch: Path, points: int) -> Callable[[], Figures]:
    folder = scratch / f"metrics-{who}"

    def once() -> Figures:
        folder.mkdir(exist_ok=True)
        command = [python, "-m", "benchmarks.log_metrics", who, str(folder), str(points)]
        _, output = run(command)
        try:
            figures = json.loads(output.strip().splitlines()[-1])
            return {key: float(value) for key, value in figures.items()}
        except (ValueError, IndexError, AttributeError) as error:
            raise BenchError(f"no figures in its output: {error}") from error

    return once
