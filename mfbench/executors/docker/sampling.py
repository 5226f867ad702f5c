"""What a container takes, out of what the engine tells every second."""

from __future__ import annotations

from typing import Any

from mfbench.executors.base import Usage


class Samples:
    """`latest` is None before the first. `was_full`: whether it ever had as many processes as it may."""

    def __init__(self) -> None:
        self.latest: Usage | None = None
        self.was_full = False
        self.limit = 0
        self._before: tuple[float, float] | None = None

    def take(self, found: dict[str, Any]) -> None:
        """One sample as the engine gives it. One that lacks something (the container is ending) is left out."""
        processes = found.get("pids_stats") or {}
        self.limit = processes.get("limit") or 0
        self.was_full = self.was_full or bool(self.limit and processes.get("current", 0) >= self.limit)
        memory, cpu = found.get("memory_stats") or {}, found.get("cpu_stats") or {}
        if "usage" not in memory or "system_cpu_usage" not in cpu:
            return
        detail = memory.get("stats") or {}
        # Pages of files that were read count too, until somebody needs the memory: they are no need of the worker.
        idle = detail.get("inactive_file", detail.get("total_inactive_file", 0))
        used = max(0, memory["usage"] - idle)
        at = cpu["cpu_usage"]["total_usage"], cpu["system_cpu_usage"] / (cpu.get("online_cpus") or 1)  # nanoseconds
        was = self._before or (0.0, at[1] - 1e9)
        self._before = at
        cores = max(0.0, at[0] - was[0]) / max(at[1] - was[1], 1.0)
        self.latest = Usage(cores, used, max(used, self.latest.peak if self.latest else 0))
