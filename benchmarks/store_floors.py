"""The bare databases that people would build such a store on: DuckDB with a wide table, SQLite with long ones.

Both are filled and asked in the measuring process, over a connection that stays open. The wide table knows its keys
beforehand, which no tracking store does; long tables are what they come to when keys are free.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from benchmarks.store_values import METRIC, METRIC_NAMES, PAGE, PARAM_NAMES, points, runs

if TYPE_CHECKING:
    import polars as pl

WIDE_PAGE = f"SELECT * FROM runs WHERE m3 > 0.5 AND p0 = 'Ridge' ORDER BY m0 DESC LIMIT {PAGE}"
LONG = """
CREATE TABLE runs (run INTEGER PRIMARY KEY, name TEXT, status TEXT, started INTEGER);
CREATE TABLE params (run INTEGER, key TEXT, value TEXT, PRIMARY KEY (run, key)) WITHOUT ROWID;
CREATE TABLE metrics (run INTEGER, key TEXT, value REAL, PRIMARY KEY (run, key)) WITHOUT ROWID;
"""
LONG_PAGE = f"""
SELECT r.* FROM runs r
JOIN metrics a ON a.run = r.run AND a.key = 'm3' AND a.value > 0.5
JOIN params b ON b.run = r.run AND b.key = 'p0' AND b.value = 'Ridge'
JOIN metrics c ON c.run = r.run AND c.key = 'm0'
ORDER BY c.value DESC LIMIT {PAGE}
"""
BUCKETS = """
SELECT step * 1000 // $n AS bucket, min(step) AS step, arg_min(value, step) AS first, arg_max(value, step) AS last,
    min(value) AS min, max(value) AS max, avg(value) AS mean, count(*) AS n
FROM points WHERE run = $run AND key = $key GROUP BY bucket ORDER BY bucket
"""


class DuckDB:
    """A wide table of runs in a DuckDB file."""

    def __init__(self, path: Path, count: int) -> None:
        import polars as pl

        self.path = path
        frame = pl.DataFrame(
            [(run.name, "finished", run.started, *run.params.values(), *run.metrics.values()) for run in runs(count)],
            schema=["name", "status", "started", *PARAM_NAMES, *METRIC_NAMES],
            orient="row",
        ).cast(dict.fromkeys(PARAM_NAMES[1:], pl.Float64))
        with duckdb.connect(str(path)) as con:
            con.register("frame", frame)
            con.execute("CREATE TABLE runs AS SELECT * FROM frame")
        self._con = duckdb.connect(str(path), read_only=True)

    def page(self) -> list[str]:
        """The names on the first page; the rows are fetched whole."""
        return [row[0] for row in self._con.execute(WIDE_PAGE).fetchall()]

    def table(self) -> pl.DataFrame:
        """All runs."""
        frame: pl.DataFrame = self._con.sql("SELECT * FROM runs").pl()
        return frame


class SQLite:
    """Long tables of runs in an SQLite file with a write-ahead log."""

    def __init__(self, path: Path, count: int) -> None:
        self.path = path
        self._con = sqlite3.connect(path)
        self._con.execute("PRAGMA journal_mode = WAL")
        self._con.executescript(LONG)
        with self._con:
            rows = list(enumerate(runs(count)))
            self._con.executemany(
                "INSERT INTO runs VALUES (?, ?, 'finished', ?)", ((i, run.name, run.started) for i, run in rows)
            )
            for table in ("params", "metrics"):
                self._con.executemany(
                    f"INSERT INTO {table} VALUES (?, ?, ?)",
                    ((i, key, value) for i, run in rows for key, value in getattr(run, table).items()),
                )
        self._con.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def page(self) -> list[str]:
        """The names on the first page; their params and metrics are fetched too."""
        found = self._con.execute(LONG_PAGE).fetchall()
        self._maps(f"WHERE run IN ({', '.join(str(row[0]) for row in found)})")
        return [row[1] for row in found]

    def table(self) -> pl.DataFrame:
        """All runs, with a column for each key."""
        import polars as pl

        maps = self._maps("")
        return pl.DataFrame(
            [{"name": row[1], "status": row[2], "started": row[3], **maps[row[0]]}
             for row in self._con.execute("SELECT * FROM runs")]
        )  # fmt: skip

    def _maps(self, condition: str) -> dict[int, dict[str, Any]]:
        maps: dict[int, dict[str, Any]] = {}
        for table in ("params", "metrics"):
            for run, key, value in self._con.execute(f"SELECT run, key, value FROM {table} {condition}"):
                maps.setdefault(run, {})[key] = value
        return maps


class History:
    """Points of long runs in DuckDB, and of one in SQLite."""

    def __init__(self, folder: Path, count: int, copies: int) -> None:
        import polars as pl

        self.duckdb, self.sqlite = folder / "points.duckdb", folder / "points.db"
        self._count = count
        frame = pl.DataFrame(list(points(count)), schema=["step", "time", "value"], orient="row")
        with duckdb.connect(str(self.duckdb)) as con:
            con.register("frame", frame)
            con.execute("CREATE TABLE points (run VARCHAR, key VARCHAR, step BIGINT, time BIGINT, value DOUBLE)")
            con.execute(f"INSERT INTO points SELECT 'run-0', '{METRIC}', step, time, value FROM frame")
            con.execute("CHECKPOINT")
            self.duckdb_bytes = self.duckdb.stat().st_size
            for number in range(1, copies):
                con.execute(f"INSERT INTO points SELECT 'run-{number}', '{METRIC}', step, time, value FROM frame")
        self._con = duckdb.connect(str(self.duckdb), read_only=True)
        with sqlite3.connect(self.sqlite) as file:
            file.execute("CREATE TABLE points (run TEXT, key TEXT, step INTEGER, time INTEGER, value REAL)")
            file.executemany(f"INSERT INTO points VALUES ('run-0', '{METRIC}', ?, ?, ?)", points(count))
            file.execute("CREATE INDEX by_run ON points (run, key, step)")
        file.close()

    def curve(self) -> pl.DataFrame:
        """A thousand buckets."""
        frame: pl.DataFrame = self._con.sql(BUCKETS, params={"n": self._count, "run": "run-0", "key": METRIC}).pl()
        return frame

    def curve_sqlite(self) -> list[tuple[Any, ...]]:
        """A thousand buckets, without their first and last values, of which SQLite knows no cheap way."""
        query = f"""
            SELECT step * 1000 / {self._count} AS bucket, min(step), min(value), max(value), avg(value), count(*)
            FROM points WHERE run = 'run-0' AND key = '{METRIC}' GROUP BY bucket ORDER BY bucket
        """
        with sqlite3.connect(self.sqlite) as con:
            rows = con.execute(query).fetchall()
        con.close()
        return rows
