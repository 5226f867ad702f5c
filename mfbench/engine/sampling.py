"""What a worker takes, as `sys` events of its run: cpu and memory while it works, the most memory at its end."""

from __future__ import annotations

import time

from mfbench.executors.base import Usage
from mfbench.journal.segment import SegmentWriter

AFTER = 1.0  # seconds: nothing is told of a worker that is done before
OFTEN, SELDOM = 2.0, 10.0  # seconds between two events, in the worker's first minute and later
CPU, MEMORY, PEAK = "cpu", "memory", "memory.peak"  # cores, bytes, bytes


class Sampling:
    """Given the latest sample again and again, it writes an event now and then.

    An event covers the time since the one before: the mean of the cores that were busy, the most of the memory.
    """

    def __init__(self, writer: SegmentWriter) -> None:
        self._writer = writer
        self._began = time.monotonic()
        self._due = self._began + AFTER
        self._last: Usage | None = None
        self._cores: list[float] = []
        self._memory = 0

    def take(self, usage: Usage | None) -> None:
        if usage is None or usage is self._last:
            return
        self._last = usage
        self._cores.append(usage.cpu)
        self._memory = max(self._memory, usage.memory)
        now = time.monotonic()
        if now >= self._due:
            self._write()
            self._due = now + (OFTEN if now - self._began < 60 else SELDOM)

    def end(self, usage: Usage | None) -> None:
        """Nothing more comes; `usage` knows the peak."""
        self.take(usage)
        if self._last is not None and time.monotonic() - self._began >= AFTER:
            if self._cores:
                self._write()
            self._writer.write("sys", PEAK, self._last.peak)

    def _write(self) -> None:
        rows = [(CPU, round(sum(self._cores) / len(self._cores), 3)), (MEMORY, self._memory)]
        self._writer.write_many("sys", rows)
        self._cores, self._memory = [], 0
