"""Filling a workspace with finished runs: their journals as mfbench itself writes them, and then a fold.

Only the files are written directly, without the calls of the public interface and without fsync, so that a hundred
thousand runs take seconds. What those calls cost is measured in rows of its own.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from benchmarks.store_values import METRIC, points, runs
from mfbench.core.ids import new_id
from mfbench.journal.line import FORMAT, encode_line
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace, create

ABOUT = {"recipe": None, "executor": "script", "tags": {"team": "ops"}, "host": "here", "actor": "me@here",
         "script": "train.py", "python": "3.11", "mfbench": "0"}  # fmt: skip


def write_runs(folder: Path, count: int) -> Workspace:
    """A workspace with so many finished runs, nothing folded."""
    home = create(folder)
    for run in runs(count):
        name, now = new_id(run.started / 1e6), run.started
        events: list[tuple[Any, ...]] = [_header(name), ("run.started", {"name": run.name, **ABOUT})]
        events += [("param", key, value) for key, value in run.params.items()]
        events += [("m", key, 0, value) for key, value in run.metrics.items()]
        events.append(("run.ended", "finished", None, None))
        lines = [encode_line((seq, now + seq, *event)) for seq, event in enumerate(events)]
        _write(home, name, b"".join(lines))
    return home


def write_histories(folder: Path, count: int, copies: int) -> tuple[Workspace, list[str]]:
    """A workspace with `copies` finished runs of one metric with `count` points, nothing folded; and their ids."""
    home = create(folder)
    names = [new_id(1_790_000_000 + number) for number in range(copies)]
    lines = [encode_line((1, 1_790_000_000_000_000, "run.started", {"name": "long", **ABOUT}))]
    seq = 2
    for step, moment, value in points(count):
        lines.append(encode_line((seq, moment, "m", METRIC, step, value)))
        seq += 1
    lines.append(encode_line((seq, 1_790_000_000_000_000 + count * 1000, "run.ended", "finished", None, None)))
    body = b"".join(lines)
    for name in names:
        _write(home, name, encode_line((0, 1_790_000_000_000_000, *_header(name))) + body)
    return home, names


def fold(home: Workspace) -> float:
    """Fold what is new; return the seconds that it took."""
    start = time.perf_counter()
    Store(home).update()
    return time.perf_counter() - start


def _header(run: str) -> tuple[str, dict[str, Any]]:
    about = {"format": FORMAT, "run": run, "writer": "main", "attempt": 1, "host": "here", "pid": 1, "previous": None}
    return "header", about


def _write(home: Workspace, run: str, content: bytes) -> None:
    folder = f"{home.runs}/{run}"
    os.mkdir(folder)  # noqa: PTH102  a hundred thousand: paths as text
    os.mkdir(f"{folder}/events")  # noqa: PTH102
    with open(f"{folder}/events/main-1.jsonl", "wb", buffering=0) as stream:  # noqa: PTH123
        stream.write(content)
