"""MLflow with its store in an SQLite file, as a process that answers: ``python -m benchmarks.store_mlflow DIR``.

Its interface writes some fifty runs a second. A big stock is therefore made of one run that it has written itself,
cloned by SQL into its own tables with other ids and values; what is asked afterwards goes through its interface alone,
without a server between, which is in its favour.
"""

from __future__ import annotations

import importlib
import os
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.store_service import serve
from benchmarks.store_values import METRIC, PAGE, WHERE, points, runs


class MLflow:
    """The answers; each that measures gives the seconds first."""

    def __init__(self, folder: Path) -> None:
        os.chdir(folder)  # artifacts would go to the current folder
        self._path = folder / "mlflow.db"
        self._mlflow: Any = importlib.import_module("mlflow")
        self._mlflow.set_tracking_uri(f"sqlite:///{self._path}")
        self._mlflow.set_experiment("bench")
        self._client = self._mlflow.MlflowClient()
        self._run = ""

    def small_runs(self, count: int) -> float:
        """Write so many runs and see that they are there."""
        start = time.perf_counter()
        for run in runs(count):
            with self._mlflow.start_run(run_name=run.name):
                self._mlflow.log_params(run.params)
                self._mlflow.log_metrics(run.metrics, step=0)
        self._mlflow.search_runs(max_results=1, output_format="list")
        return time.perf_counter() - start

    def stock(self, count: int) -> int:
        """Make so many runs; the bytes of the database."""
        self._run = self._one_run()
        with sqlite3.connect(self._path) as con:
            con.execute("PRAGMA synchronous = OFF")
            for table, rows in self._clones(con, count):
                marks = ", ".join("?" * len(rows[0]))
                con.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
            self._forget(con)
        con.close()
        return self._path.stat().st_size

    def long_run(self, count: int) -> int:
        """Give one run a history of so many points; the bytes of the database."""
        self._run = self._one_run()
        with sqlite3.connect(self._path) as con:
            con.execute("PRAGMA synchronous = OFF")
            con.execute("DELETE FROM metrics")
            rows = ((METRIC, value, moment // 1000, self._run, step, False) for step, moment, value in points(count))
            con.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
        con.close()
        return self._path.stat().st_size

    def page(self) -> tuple[float, list[str]]:
        """A page of runs, filtered and ordered: their names."""
        start = time.perf_counter()
        found = self._mlflow.search_runs(
            filter_string=WHERE, order_by=["metrics.m0 DESC"], max_results=PAGE, output_format="list"
        )
        return time.perf_counter() - start, [run.info.run_name for run in found]

    def table(self, most: int) -> tuple[float, int]:
        """All runs as a pandas frame: how many."""
        start = time.perf_counter()
        frame = self._mlflow.search_runs(max_results=most)
        return time.perf_counter() - start, len(frame)

    def history(self) -> tuple[float, int]:
        """All points of the long run, not reduced yet: how many."""
        start = time.perf_counter()
        found = self._client.get_metric_history(self._run, METRIC)
        return time.perf_counter() - start, len(found)

    def _one_run(self) -> str:
        (run,) = runs(1)
        with self._mlflow.start_run(run_name=run.name) as active:
            self._mlflow.log_params(run.params)
            self._mlflow.log_metrics({METRIC: 0.5, **run.metrics}, step=0)
        return str(active.info.run_id)

    def _clones(self, con: sqlite3.Connection, count: int) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
        """The rows of `count` runs by table, each like the one that MLflow wrote, in the order of its columns."""
        stock = [(UUID(int=number + 1).hex, run) for number, run in enumerate(runs(count))]
        model = self._row(con, "runs")
        named = ((run, {"run_uuid": id_, "name": run.name, "start_time": run.started // 1000,
                        "end_time": run.started // 1000 + 20}) for id_, run in stock)  # fmt: skip
        yield "runs", [tuple({**model, **changed}.values()) for _, changed in named]
        tags = con.execute("SELECT * FROM tags WHERE run_uuid = ?", [self._run]).fetchall()
        yield "tags", [(key, run.name if key == "mlflow.runName" else value, id_)
                       for id_, run in stock for key, value, _ in tags]  # fmt: skip
        yield "params", [(key, value, id_) for id_, run in stock for key, value in run.params.items()]
        for table in ("metrics", "latest_metrics"):
            model = self._row(con, table)
            yield table, list(_metric_rows(model, stock))

    def _row(self, con: sqlite3.Connection, table: str) -> dict[str, Any]:
        found = con.execute(f"SELECT * FROM {table} WHERE run_uuid = ? LIMIT 1", [self._run])
        return dict(zip((column[0] for column in found.description), found.fetchone(), strict=True))

    def _forget(self, con: sqlite3.Connection) -> None:
        """Take away the run that was the model for the others."""
        for table in ("metrics", "latest_metrics", "params", "tags", "runs"):
            con.execute(f"DELETE FROM {table} WHERE run_uuid = ?", [self._run])


def _metric_rows(model: dict[str, Any], stock: Iterable[tuple[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for id_, run in stock:
        for key, value in run.metrics.items():
            changed = {"key": key, "value": value, "timestamp": run.started // 1000, "run_uuid": id_}
            yield tuple({**model, **changed}.values())


if __name__ == "__main__":
    peer = MLflow(Path(sys.argv[1]))
    names = ("small_runs", "stock", "long_run", "page", "table", "history")
    serve({name: getattr(peer, name) for name in names})
