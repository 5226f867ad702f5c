"""The store: eight writers, small runs, pages, tables, histories, the fold, and what lies on the disk.

Each part is described in a module of its own (``store_eight``, ``store_small``, ``store_pages``, ``store_history``).
``python -m benchmarks.store 0.01`` measures mfbench and the floors on a hundredth of everything, to see it work.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from benchmarks import report, store_eight, store_history, store_news, store_pages, store_small
from benchmarks.model import OURS, Measure, Row
from benchmarks.peers import Peers
from benchmarks.store_floors import DuckDB, SQLite
from benchmarks.store_ours import fold, write_runs
from benchmarks.store_pages import Stock
from benchmarks.store_service import Service
from benchmarks.store_sizes import on_disk, size_rows
from benchmarks.timing import BenchError, run

FEW = 10_000
MANY = 100_000
PAGE_MS = 10.0
TABLE_MS = 100.0
COMMAND_MS = 300.0


def measure(peers: Peers | None, scratch: Path, share: float = 1.0) -> list[Row]:
    """All rows of the store; `share` of the usual sizes."""
    few, many = int(FEW * share), int(MANY * share)
    parts: list[tuple[str, Callable[[], list[Row]]]] = [
        ("eight processes", lambda: [store_eight.measure(peers, scratch, share)]),
        ("small runs", lambda: [store_small.measure(peers, scratch, share)]),
        (f"{few:,} runs", lambda: _few(peers, scratch / "few", few)),
        (f"{many:,} runs", lambda: _many(scratch / "many", many)),
        ("histories", lambda: store_history.measure(peers, scratch, share)),
    ]
    rows: list[Row] = []
    for name, part in parts:
        print(f"measuring store: {name} ...", file=sys.stderr)
        try:
            rows += part()
        except Exception as error:  # ours is measured in this process: what fails there ends its part alone
            told = str(error).partition("\n")[0] or type(error).__name__
            rows.append(Row(f"store: {name}", "ms", Measure(OURS, error=told)))
    return rows


def _few(peers: Peers | None, folder: Path, count: int) -> list[Row]:
    folder.mkdir()
    if peers is None:
        return _few_beside(None, None, folder, count)
    with Service(peers.command("python"), "benchmarks.store_mlflow", str(folder)) as mlflow:
        try:
            size = mlflow.ask("stock", count)
        except BenchError:  # told again by whoever asks it next
            size = None
        return _few_beside(mlflow, size, folder, count)


def _few_beside(mlflow: Service | None, mlflow_bytes: int | None, folder: Path, count: int) -> list[Row]:
    stock, _ = _stock(folder, count, mlflow)
    sizes = {"SQLite, long tables": on_disk(stock.sqlite.path), "DuckDB, wide table": on_disk(stock.duckdb.path)}
    return [
        store_pages.pages(stock, PAGE_MS),
        store_pages.tables(stock, TABLE_MS),
        *size_rows(f"{count:,} runs", stock.home.runs, on_disk(stock.home.database), mlflow_bytes, sizes),
    ]


def _many(folder: Path, count: int) -> list[Row]:
    """Without MLflow, which would take minutes to fill and half a minute to list."""
    folder.mkdir()
    stock, seconds = _stock(folder, count, None)
    rows = [
        store_pages.pages(stock, None),
        store_pages.tables(stock, None),
        store_pages.commands(stock, COMMAND_MS),
        *store_news.measure(stock.home, count),
        Row(f"fold of {count:,} runs from nothing", "runs/s", Measure(OURS, count / seconds), higher_is_better=True),
    ]
    run(["rm", "-rf", str(folder)])  # of 300,000 names, Python takes away a third as many a second
    return rows


def _stock(folder: Path, count: int, mlflow: Service | None) -> tuple[Stock, float]:
    home = write_runs(folder / "ours", count)
    seconds = fold(home)
    return Stock(count, home, DuckDB(folder / "wide.duckdb", count), SQLite(folder / "long.db", count), mlflow), seconds


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="mfbench-bench-") as scratch:
        report.print_table(measure(None, Path(scratch), float(sys.argv[1])), Console(width=160))
