"""One of several processes that log at once: ``python -m benchmarks.store_writers WHO DIR NUMBER``.

It answers two questions (see ``store_service``): ``open`` makes it begin a run, or a file or a connection; ``log N``
logs N points one by one and tells when it began and ended, by the clock that all processes of a machine share. Closing
counts for mfbench, so that nothing is left unwritten; for the others it does not.
"""

from __future__ import annotations

import importlib
import os
import sqlite3
import sys
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.log_metrics import LogMetric, log_all
from benchmarks.store_service import serve

Opened = tuple[LogMetric, Callable[[], object]]  # what logs a point, and what ends it all
INSERT = "INSERT INTO metrics VALUES (?, ?, ?, ?, ?)"


def open_mfbench(folder: Path, number: int) -> Opened:
    """A run of its own in the workspace that all share."""
    mfbench: Any = importlib.import_module("mfbench")
    run = mfbench.start_run(f"writer-{number}", workspace=folder)
    return run.log_metric, run.end


def open_mlflow(folder: Path, number: int) -> Opened:
    """A run of its own in the SQLite file that all share."""
    os.chdir(folder)
    mlflow: Any = importlib.import_module("mlflow")
    mlflow.end_run()
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.set_experiment("bench")
    mlflow.start_run(run_name=f"writer-{number}")
    return mlflow.log_metric, _nothing


def open_sqlite(folder: Path, number: int) -> Opened:
    """SQLite as quick as several processes can have it: WAL, no fsync at a commit; each point is committed."""
    con = sqlite3.connect(folder / "floor.db", timeout=60.0, isolation_level=None)
    con.execute("PRAGMA journal_mode = WAL")
    con.execute("PRAGMA synchronous = NORMAL")
    con.execute("CREATE TABLE IF NOT EXISTS metrics (run INTEGER, key TEXT, step INTEGER, time REAL, value REAL)")
    execute, now = con.execute, time.time

    def log(key: str, value: float, /, *, step: int) -> None:
        execute(INSERT, (number, key, step, now(), value))

    return log, con.close


def open_floor(folder: Path, number: int) -> Opened:
    """The floor: a file of its own, one JSON line and one ``os.write`` a point."""
    encode: Callable[[object], bytes] = importlib.import_module("msgspec.json").Encoder().encode
    target = os.open(folder / f"{number}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    write, now = os.write, time.time

    def log(key: str, value: float, /, *, step: int) -> None:
        write(target, encode((key, value, step, now())) + b"\n")

    return log, lambda: os.close(target)


def open_line(folder: Path, number: int) -> Opened:
    """What our line costs alone: the floor with a sequence, a kind and a checksum in each line."""
    encode: Callable[[object], bytes] = importlib.import_module("msgspec.json").Encoder().encode
    target = os.open(folder / f"{number}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    write, now, checksum = os.write, time.time_ns, zlib.crc32

    def log(key: str, value: float, /, *, step: int) -> None:
        body = encode((step, now() // 1000, "m", key, step, value))
        write(target, b"%b\t%08x\n" % (body, checksum(body)))

    return log, lambda: os.close(target)


def _nothing() -> None:
    pass


OPEN: dict[str, Callable[[Path, int], Opened]] = {
    "mfbench": open_mfbench,
    "mlflow": open_mlflow,
    "sqlite": open_sqlite,
    "floor": open_floor,
    "line": open_line,
}


class Writer:
    """The answers of one process."""

    def __init__(self, who: str, folder: Path, number: int) -> None:
        self._open = partial(OPEN[who], folder, number)
        self._close_counts = who == "mfbench"
        self._opened: Opened | None = None

    def open(self) -> None:
        """Get ready to log."""
        self._opened = self._open()

    def log(self, points: int) -> tuple[float, float]:
        """Log so many points; when that began and ended, in seconds."""
        assert self._opened is not None
        log, close = self._opened
        start = time.monotonic()
        log_all(log, points)
        if self._close_counts:
            close()
        end = time.monotonic()
        if not self._close_counts:
            close()
        return start, end


if __name__ == "__main__":
    who, where, number = sys.argv[1:]
    writer = Writer(who, Path(where), int(number))
    serve({"open": writer.open, "log": writer.log})
