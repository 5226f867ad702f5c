"""One run's history of a million points, reduced to a thousand buckets as a plot shows them; and what it takes to fold.

The workspace holds four more such runs, and so does DuckDB's table; MLflow's database and SQLite hold the one alone.
MLflow's interface gives all points and leaves it to the caller to reduce them: that is not counted.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.model import OURS, Measure, Row
from benchmarks.peers import Peers
from benchmarks.store_floors import History
from benchmarks.store_ours import fold, write_histories
from benchmarks.store_service import Service
from benchmarks.store_sizes import on_disk, size_row, size_rows
from benchmarks.store_values import METRIC
from benchmarks.timing import BenchError, Outcome, interleave
from mfbench.api.workbench import Workbench
from mfbench.journal.sealing import seal
from mfbench.workspace.workspace import Workspace

POINTS = 1_000_000
COPIES = 5
BUCKETS = 1_000
ROUNDS = 15
TARGET_MS = 50.0
FLOORS = ("DuckDB", "SQLite, indexed")


def measure(peers: Peers | None, scratch: Path, share: float) -> list[Row]:
    """Rows of the fold, of the curve and of sizes; `share` of the usual points."""
    folder, count = scratch / "history", max(BUCKETS, int(POINTS * share))
    folder.mkdir()
    home, names = write_histories(folder / "ours", count, 1)
    seconds = fold(home)
    database = on_disk(home.database)
    more, _ = write_histories(folder / "ours", count, COPIES - 1)
    fold(more)
    floor = History(folder, count, COPIES)
    contestants = {
        OURS: partial(_timed, partial(_ours, home, names[0], count)),
        FLOORS[0]: partial(_timed, lambda: floor.curve().height),
        FLOORS[1]: partial(_timed, lambda: len(floor.curve_sqlite())),
    }
    outcomes = interleave(contestants, rounds=ROUNDS, warmup=2)
    mlflow_bytes = None
    if peers is not None:
        outcomes["mlflow"], mlflow_bytes = _mlflow(peers, folder, count)
    sizes = {"SQLite": floor.sqlite.stat().st_size, "DuckDB": floor.duckdb_bytes}
    return [
        Row(f"history of {count:,} points to {BUCKETS:,} buckets", "ms",
            outcomes[OURS].measure(OURS, _ms),
            peers=tuple(outcomes[name].measure(name, _ms) for name in ("mlflow",) if name in outcomes),
            floors=tuple(outcomes[name].measure(name, _ms) for name in FLOORS), target=TARGET_MS),
        Row(f"fold of {count:,} points", "points/s", Measure(OURS, count / seconds), higher_is_better=True),
        *size_rows(f"{count:,} points", home.run_folder(names[0]), database, mlflow_bytes, sizes),
        size_row(f"{count:,} points, journal sealed", _sealed(home.run_folder(names[0]), folder / "sealed")),
    ]  # fmt: skip


def _ours(home: Workspace, run: str, count: int) -> int:
    frame = Workbench(home).curve(run, METRIC, points=BUCKETS)
    if frame["n"].sum() != count:
        raise BenchError(f"the curve stands for {frame['n'].sum():,} points")
    return frame.height


def _timed(call: Callable[[], int]) -> float:
    start = time.perf_counter()
    buckets = call()
    seconds = time.perf_counter() - start
    if buckets != BUCKETS:
        raise BenchError(f"{buckets:,} buckets")
    return seconds


def _mlflow(peers: Peers, folder: Path, count: int) -> tuple[Outcome[float], int | None]:
    """Once: it takes half a minute."""
    try:
        with Service(peers.command("python"), "benchmarks.store_mlflow", str(folder)) as mlflow:
            size = mlflow.ask("long_run", count)
            seconds, found = mlflow.ask("history")
    except BenchError as error:
        return Outcome(error=str(error)), None
    if found != count:
        return Outcome(error=f"{found:,} points are there"), size
    return Outcome([float(seconds)]), size


def _sealed(run: Path, copy: Path) -> int:
    shutil.copytree(run, copy)
    seal(copy / "events")
    return on_disk(copy)


def _ms(seconds: float) -> float:
    return seconds * 1000.0
