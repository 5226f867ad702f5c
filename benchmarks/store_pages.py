"""Runs in lists: a page of 100, filtered and ordered, and all of them as a table, at 10,000 and at 100,000 runs.

Everything is warm: the contestants are asked in processes that are up, MLflow in one of its own. Each page has to show
the same runs in the same order.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.model import OURS, Row
from benchmarks.store_floors import WIDE_PAGE, DuckDB, SQLite
from benchmarks.store_service import Service
from benchmarks.store_values import PAGE, WHERE, expected_page
from benchmarks.timing import BenchError, Outcome, interleave, mfbench_command, run
from mfbench.api.workbench import Workbench
from mfbench.workspace.workspace import Workspace

ROUNDS = 15
TABLE_ROUNDS = 5
MLFLOW_TABLE_ROUNDS = 2  # it takes ten seconds each
COMMAND_ROUNDS = 7
SORT = "-metrics.m0"
FLOORS = ("DuckDB, wide table", "SQLite, long tables")
FLOOR_COMMAND = "python + DuckDB, wide table"


@dataclass(frozen=True)
class Stock:
    """The same runs, held by each contestant."""

    count: int
    home: Workspace
    duckdb: DuckDB
    sqlite: SQLite
    mlflow: Service | None = None


def pages(stock: Stock, target: float | None) -> Row:
    """A page of 100 in milliseconds."""
    expected = expected_page(stock.count)
    bench = Workbench(stock.home)

    def ours() -> list[str]:
        return [row["name"] for row in bench.list_runs(WHERE, SORT, PAGE)[0]]

    def checked(names: list[str]) -> None:
        if names != expected:
            raise BenchError("the page shows other runs")

    contestants: dict[str, Callable[[], float]] = {
        OURS: partial(_timed, ours, checked),
        FLOORS[0]: partial(_timed, stock.duckdb.page, checked),
        FLOORS[1]: partial(_timed, stock.sqlite.page, checked),
    }
    if stock.mlflow is not None:
        contestants["mlflow"] = partial(_asked, stock.mlflow, checked, "page")
    outcomes = interleave(contestants, rounds=ROUNDS, warmup=2)
    return _row(f"page of {PAGE} of {stock.count:,} runs", outcomes, target)


def tables(stock: Stock, target: float | None) -> Row:
    """All runs as a Polars frame (MLflow: pandas) in milliseconds."""
    bench = Workbench(stock.home)

    def checked(found: object) -> None:
        rows = found if isinstance(found, int) else len(found)  # type: ignore[arg-type]
        if rows != stock.count:
            raise BenchError(f"the table has {rows:,} rows")

    contestants: dict[str, Callable[[], float]] = {
        OURS: partial(_timed, bench.runs, checked),
        FLOORS[0]: partial(_timed, stock.duckdb.table, checked),
        FLOORS[1]: partial(_timed, stock.sqlite.table, checked),
    }
    outcomes = interleave(contestants, rounds=TABLE_ROUNDS, warmup=1)
    if stock.mlflow is not None:
        asked = partial(_asked, stock.mlflow, checked, "table", stock.count)
        outcomes |= interleave({"mlflow": asked}, rounds=MLFLOW_TABLE_ROUNDS)
    return _row(f"all {stock.count:,} runs to a table", outcomes, target)


def commands(stock: Stock, target: float) -> Row:
    """The same page on the command line, the whole process, in milliseconds."""
    words = ["runs", "--where", WHERE, "--sort", SORT, "--limit", str(PAGE), "--workspace", str(stock.home.root)]
    opened = f"duckdb.connect({str(stock.duckdb.path)!r}, read_only=True)"
    bare = f"import duckdb; print({opened}.sql({WIDE_PAGE!r}).fetchall())"
    python = str(Path(mfbench_command()[0]).parent / "python")

    def once(command: list[str]) -> float:
        wall, output = run(command)
        if not output.strip():
            raise BenchError("it printed nothing")
        return wall

    contestants = {
        OURS: partial(once, [*mfbench_command(), *words]),
        FLOOR_COMMAND: partial(once, [python, "-c", bare]),
    }
    outcomes = interleave(contestants, rounds=COMMAND_ROUNDS, warmup=1)
    return _row(f"`mfbench runs`, a page of {stock.count:,} runs", outcomes, target)


def _timed(call: Callable[[], object], checked: Callable[..., None]) -> float:
    start = time.perf_counter()
    found = call()
    seconds = time.perf_counter() - start
    checked(found)
    return seconds


def _asked(service: Service, checked: Callable[..., None], *question: object) -> float:
    seconds, found = service.ask(*question)  # type: ignore[arg-type]
    checked(found)
    return float(seconds)


def _row(what: str, outcomes: dict[str, Outcome[float]], target: float | None) -> Row:
    floors = [name for name in outcomes if name not in (OURS, "mlflow")]
    return Row(
        what=what,
        unit="ms",
        ours=outcomes[OURS].measure(OURS, _ms),
        peers=tuple(outcomes[name].measure(name, _ms) for name in ("mlflow",) if name in outcomes),
        floors=tuple(outcomes[name].measure(name, _ms) for name in floors),
        target=target,
    )


def _ms(seconds: float) -> float:
    return seconds * 1000.0
