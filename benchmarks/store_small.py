"""Many small runs through the public interface, until a reader sees all of them: runs a second.

A run has ten params and ten metrics, logged in one call each. The floor writes the same as JSON lines, a file a run,
and folds nothing.
"""

from __future__ import annotations

import itertools
import time
from functools import partial
from pathlib import Path

from benchmarks.model import OURS, Row
from benchmarks.peers import Peers
from benchmarks.store_service import Service
from benchmarks.store_values import runs
from benchmarks.timing import BenchError, interleave

RUNS = 2_000
MLFLOW_RUNS = 40
ROUNDS = 5
TARGET_RUNS_PER_S = 2_000.0
FLOOR = "JSON lines, a file a run"


def measure(peers: Peers | None, scratch: Path, share: float) -> Row:
    """One row; `share` of the usual runs."""
    folder = scratch / "small"
    folder.mkdir()
    count, few = max(10, int(RUNS * share)), max(5, int(MLFLOW_RUNS * share))
    numbers = itertools.count()
    contestants = {OURS: lambda: _ours(folder / f"ours-{next(numbers)}", count),
                   FLOOR: lambda: _floor(folder / f"floor-{next(numbers)}", count)}  # fmt: skip
    if peers is None:
        outcomes = interleave(contestants, rounds=ROUNDS, warmup=1)
    else:
        with Service(peers.command("python"), "benchmarks.store_mlflow", str(folder)) as mlflow:
            contestants["mlflow"] = partial(_mlflow, mlflow, few)
            outcomes = interleave(contestants, rounds=ROUNDS, warmup=1)
    return Row(
        what="small runs (10 params, 10 metrics), until visible",
        unit="runs/s",
        ours=outcomes[OURS].measure(OURS, float),
        peers=tuple(outcomes[name].measure(name, float) for name in ("mlflow",) if name in outcomes),
        floors=(outcomes[FLOOR].measure(FLOOR, float),),
        target=TARGET_RUNS_PER_S,
        higher_is_better=True,
    )


def _ours(folder: Path, count: int) -> float:
    """A new workspace, which a first listing makes ready."""
    from mfbench.api.workbench import Workbench
    from mfbench.tracking.run import start_run

    bench = Workbench.create(folder)
    bench.list_runs(limit=1)
    stock = list(runs(count))
    start = time.perf_counter()
    for run in stock:
        with start_run(run.name, workspace=folder) as active:
            active.log_params(run.params)
            active.log_metrics(run.metrics, step=0)
    _, visible = bench.list_runs("metrics.m9 >= 0 and params.p9 >= 0 and status = 'finished'", limit=1)
    seconds = time.perf_counter() - start
    if visible != count:
        raise BenchError(f"{visible:,} of {count:,} runs are visible")
    return count / seconds


def _mlflow(service: Service, count: int) -> float:
    return count / float(service.ask("small_runs", count))


def _floor(folder: Path, count: int) -> float:
    import msgspec

    folder.mkdir()
    encode = msgspec.json.Encoder().encode
    stock = list(runs(count))
    start = time.perf_counter()
    for number, run in enumerate(stock):
        lines = [encode((number, run.name, run.started))]
        lines += [encode(("param", key, value)) for key, value in run.params.items()]
        lines += [encode(("m", key, 0, value)) for key, value in run.metrics.items()]
        (folder / f"{number}.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    return count / (time.perf_counter() - start)
