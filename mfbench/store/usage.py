"""What a run has taken of its machine: the samples of its `sys` events, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from mfbench.store.store import Store, as_rows
from mfbench.workspace.workspace import Workspace

# Both numbers of a sample are written at once, so they have the same time.
_SAMPLES = """
SELECT time, epoch_us(time) / 1e6 AS at, max(value) FILTER (key = 'cpu') AS cpu,
    try_cast(max(value) FILTER (key = 'memory') AS BIGINT) AS memory,
    try_cast(max(value) FILTER (key = 'memory.peak') AS BIGINT) AS peak
FROM system WHERE run = ? AND isfinite(value) GROUP BY time ORDER BY time
"""
_STEPS = """
SELECT step, epoch_us(ended) / 1e6 - seconds AS began, epoch_us(ended) / 1e6 AS ended
FROM steps WHERE run = ? AND NOT cached AND seconds > 0
"""
_LONGEST = 11.0  # seconds between two samples of one worker: more lie between two attempts
_FIRST = 1.0  # seconds that a sample stands for which has none before it


@dataclass(frozen=True)
class Sample:
    """Of the `seconds` before `time`: how many cores were busy on average, and the most bytes."""

    time: datetime
    at: float  # the same in seconds since 1970
    seconds: float
    cpu: float
    memory: int


@dataclass(frozen=True)
class RunUsage:
    """peak: the most bytes at any time. steps: [{step, mean_cpu, peak_memory}] of those that have samples."""

    samples: list[Sample]
    peak: int
    steps: list[dict[str, Any]]

    def summary(self) -> dict[str, Any]:
        return {"peak_memory": self.peak, "mean_cpu": _mean(self.samples)}

    def as_dict(self) -> dict[str, Any]:
        samples = [{"time": one.time, "cpu": one.cpu, "memory": one.memory} for one in self.samples]
        return {**self.summary(), "steps": self.steps, "samples": samples}


def run_usage(workspace: Workspace, run: str) -> RunUsage | None:
    """None where nothing was sampled: a run of less than a second, a cached one, a script's."""
    with Store(workspace).reading() as con:
        return usage_of(con, run)


def usage_of(con: duckdb.DuckDBPyConnection, run: str) -> RunUsage | None:
    rows = as_rows(con.execute(_SAMPLES, [run]))
    peaks = [value for row in rows for value in (row["memory"], row["peak"]) if value is not None]
    samples: list[Sample] = []
    for row in rows:
        if row["cpu"] is not None and row["memory"] is not None:
            gap = row["at"] - samples[-1].at if samples else _LONGEST
            seconds = gap if 0 < gap < _LONGEST else _FIRST
            samples.append(Sample(row["time"], row["at"], seconds, row["cpu"], row["memory"]))
    if not samples:
        return None
    return RunUsage(samples, max(peaks), _by_step(samples, as_rows(con.execute(_STEPS, [run]))))


def _by_step(samples: list[Sample], steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A sample counts for the step that has most of its time; short steps have none."""
    found: dict[str, list[Sample]] = {}
    for sample in samples:
        shares = [(_overlap(sample, step), step["step"]) for step in steps]
        share, name = max(shares, default=(0.0, ""))
        if share > 0:
            found.setdefault(name, []).append(sample)
    return [
        {"step": name, "mean_cpu": _mean(part), "peak_memory": max(sample.memory for sample in part)}
        for name, part in found.items()
    ]


def _overlap(sample: Sample, step: dict[str, Any]) -> float:
    """Seconds that a sample and a step have in common; negative: that lie between them."""
    return float(min(sample.at, step["ended"]) - max(sample.at - sample.seconds, step["began"]))


def _mean(samples: list[Sample]) -> float:
    seconds = sum(sample.seconds for sample in samples)
    return float(round(sum(sample.cpu * sample.seconds for sample in samples) / seconds, 3))
