"""One contestant logging metrics one by one: ``python -m benchmarks.log_metrics WHO DIR N``.

Run as a process of its own, by mfbench's interpreter or the peers'. Its last line of
output is a JSON object: ``points_per_s`` (the loop, and with ``mfbench`` also what
closing the run still had to write), and the latency of a single call, ``p50_us`` and
``p99_us``, taken in a second loop so that reading the clock does not slow the first.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Protocol

WARMUP = 20


class LogMetric(Protocol):
    """The call that is measured, which all contestants share."""

    def __call__(self, key: str, value: float, /, *, step: int) -> object:
        """Log one point."""


def log_all(log: LogMetric, points: int) -> None:
    """Log that many points, one call each."""
    for step in range(points):
        log("loss", 0.5, step=step)


def latencies(log: LogMetric, points: int) -> dict[str, float]:
    """Percentiles of the time that one call takes, in microseconds."""
    clock = time.perf_counter_ns
    taken = []
    for step in range(points):
        start = clock()
        log("loss", 0.5, step=step)
        taken.append(clock() - start)
    taken.sort()
    return {f"p{p}_us": taken[len(taken) * p // 100] / 1000.0 for p in (50, 99)}


def with_mfbench(folder: Path, points: int) -> dict[str, float]:
    """mfbench: the loop and the closing of the run count, so that nothing is left unwritten."""
    mfbench: Any = importlib.import_module("mfbench")
    with mfbench.start_run("bench", workspace=folder) as run:
        log_all(run.log_metric, WARMUP)
    with mfbench.start_run("bench", workspace=folder) as run:
        start = time.perf_counter()
        log_all(run.log_metric, points)
    seconds = time.perf_counter() - start
    with mfbench.start_run("bench", workspace=folder) as run:
        percentiles = latencies(run.log_metric, points)
    return {"points_per_s": points / seconds, **percentiles}


def with_mlflow(folder: Path, points: int) -> dict[str, float]:
    """MLflow, its store an SQLite file: the loop alone counts, in MLflow's favour."""
    os.chdir(folder)  # artifacts would go to the current folder
    mlflow: Any = importlib.import_module("mlflow")
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.set_experiment("bench")
    with mlflow.start_run():
        log_all(mlflow.log_metric, WARMUP)
    with mlflow.start_run():
        start = time.perf_counter()
        log_all(mlflow.log_metric, points)
        seconds = time.perf_counter() - start
    with mlflow.start_run():
        percentiles = latencies(mlflow.log_metric, points)
    return {"points_per_s": points / seconds, **percentiles}


def with_floor(folder: Path, points: int) -> dict[str, float]:
    """The floor: one JSON line and one ``os.write`` a point, with nothing around them."""
    encode = importlib.import_module("msgspec.json").Encoder().encode
    target = os.open(folder / "floor.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    write, now = os.write, time.time

    def log(key: str, value: float, /, *, step: int) -> None:
        write(target, encode((key, value, step, now())) + b"\n")

    log_all(log, WARMUP)
    start = time.perf_counter()
    log_all(log, points)
    seconds = time.perf_counter() - start
    percentiles = latencies(log, points)
    os.close(target)
    return {"points_per_s": points / seconds, **percentiles}


CONTESTANTS = {"mfbench": with_mfbench, "mlflow": with_mlflow, "floor": with_floor}

if __name__ == "__main__":
    who, where, count = sys.argv[1:]
    print(json.dumps(CONTESTANTS[who](Path(where), int(count))))
