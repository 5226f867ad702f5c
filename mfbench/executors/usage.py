"""What a process of this machine takes with all its children: sampled now and then, and watched against a limit.

There is no thread: who waits for the process calls `look` meanwhile. psutil is imported with the first sample, so that
short runs do without it.
"""

from __future__ import annotations

import math
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mfbench.core.text import size
from mfbench.executors.base import Cause, Usage
from mfbench.worker.job import read_job

if TYPE_CHECKING:
    from psutil import Process

EVERY = 1.0  # seconds between two samples
RECENT = 2.0  # seconds within which what the kernel has killed may be why something ends
CLOSELY = 0.25  # between two looks where memory is limited
READINGS = 3  # of the memory, before something is killed for it
PAUSE = 0.02  # seconds between them
SHARE = 0.1  # of one core's time that looking may take: where it is dear, it is done less often
_NUMBER = re.compile(r"^(\w+): +(\d+) kB$", re.MULTILINE)
_KILLS = re.compile(rb"^oom_kill (\d+)$", re.MULTILINE)


class Watch:
    """`usage` is the latest sample. The limit is what the job in `folder` says."""

    def __init__(self, pid: int, folder: Path) -> None:
        self.usage: Usage | None = None
        self._pid, self._folder = pid, folder
        self._began = time.monotonic()
        self._due, self._sample_due = self._began + CLOSELY, self._began + EVERY
        self._limit: int | None = None
        self._tree: ProcessTree | None = None
        self._too_much = 0  # bytes
        self._kills, self._killed_at = kernel_kills(), -math.inf
        self._lost_child = False

    def look(self) -> bool:
        """Whether the processes take more memory than they may. Takes a sample where one is due."""
        now = time.monotonic()
        if now < self._due or self._too_much:
            return False
        if self._limit is None:
            self._limit = read_job(self._folder).memory or 0
        if self._limit or now >= self._sample_due:
            self._look(now)
        cost = time.monotonic() - now
        self._due = now + max(CLOSELY, cost / SHARE) if self._limit else max(self._sample_due, now + cost / SHARE)
        return self._too_much > 0

    def _look(self, now: float) -> None:
        if self._tree is None:
            self._tree = ProcessTree(self._pid)
        before, kills = self._tree.pids, kernel_kills()
        if not self._tree.find():
            return
        if kills > self._kills:
            self._kills, self._killed_at = kills, now
            self._lost_child |= not before <= self._tree.pids
        # What is cheap to know counts too much: pages that processes share, that files back, that were given back.
        # Processes are read one after another while they fork and end, so what counts is the least of several readings.
        if self._limit and self._tree.resident() > self._limit:
            self._too_much = self._surely_held()
        if self._too_much or now >= self._sample_due:
            memory = self._too_much or self._tree.memory()
            self.usage = Usage(self._tree.cores(), memory, max(memory, self.usage.peak if self.usage else 0))
            self._sample_due = now + EVERY

    def _surely_held(self) -> int:
        """Bytes, 0 within the limit."""
        assert self._tree is not None
        least, limit = self._tree.held(), self._limit or 0
        for _ in range(READINGS - 1):
            if least <= limit:
                return 0
            time.sleep(PAUSE)
            least = min(least, self._tree.held() if self._tree.find() else 0)
        return least if least > limit else 0

    def why(self, code: int) -> tuple[Cause | None, str]:
        """What is known of the reason why the process has ended: `code`, negative for a signal."""
        if self._too_much:
            return "oom", f"it took {size(self._too_much)}"
        # The kernel counts for the whole machine: what it has killed just before the end was most likely one of ours.
        killed = kernel_kills() > self._kills or time.monotonic() - self._killed_at < RECENT
        if killed and code == -signal.SIGKILL:
            return "oom", "the kernel killed the worker, because no memory was left"
        if (killed and code > 0) or (
            self._lost_child and not code
        ):  # one that was lost long before is not why it failed
            return "child", "the kernel killed it, because no memory was left"
        return None, ""

    def ended(self, most: int) -> None:
        """Nothing is sampled any more. most: the bytes that one process had at its worst, as the system tells."""
        if self.usage and most > self.usage.peak:
            self.usage = Usage(self.usage.cpu, self.usage.memory, most)


class ProcessTree:
    """A process with all its descendants, as `find` has last found them; of those that have ended, nothing."""

    def __init__(self, pid: int) -> None:
        import psutil

        self.pids: set[int] = set()
        self._error = psutil.Error
        self._root: Process | None = None
        self._processes: list[Process] = []
        self._seconds, self._at = 0.0, time.monotonic()
        try:
            self._root = psutil.Process(pid)
            self._at -= max(0.01, time.time() - self._root.create_time())
        except psutil.Error:
            pass

    def find(self) -> bool:
        """False when the process has ended."""
        if self._root is None:
            return False
        try:
            self._processes = [self._root, *self._root.children(recursive=True)]
        except self._error:
            return False
        self.pids = {process.pid for process in self._processes}
        return True

    def cores(self) -> float:
        """How many are busy: since the last call, at first since the process began.

        On Linux the time of children that have ended counts, too.
        """
        now, seconds = time.monotonic(), sum(map(self._cpu, self._processes))
        cores = max(0.0, seconds - self._seconds) / max(now - self._at, 1e-3)
        self._at, self._seconds = now, seconds
        return cores

    def memory(self) -> int:
        """Bytes. Of several processes each has its part of what they share, as far as the system tells.

        They are read one after another: when one ends meanwhile, its part falls to those that are read after it. So
        the less of two readings counts.
        """
        if len(self._processes) == 1:
            return self.resident()
        return min(sum(map(self._part, self._processes)) for _ in range(2))

    def resident(self) -> int:
        """Bytes; what several processes share counts several times. Cheap."""
        return sum(map(self._resident, self._processes))

    def held(self) -> int:
        """Bytes that nothing but its end would free: without what files back and what was given back lazily."""
        return sum(map(self._held, self._processes))

    def _cpu(self, process: Process) -> float:
        try:
            times = process.cpu_times()
        except self._error:
            return 0.0
        return float(times.user + times.system + times.children_user + times.children_system)

    def _resident(self, process: Process) -> int:
        try:
            return int(process.memory_info().rss)
        except self._error:
            return 0

    def _part(self, process: Process) -> int:
        return _pages(process.pid).get("Pss") or self._resident(process)

    def _held(self, process: Process) -> int:
        pages = _pages(process.pid)
        if "Pss_Anon" not in pages:
            return self._resident(process)
        return pages["Pss_Anon"] + pages.get("Pss_Shmem", 0) - pages.get("LazyFree", 0)


def _pages(pid: int) -> dict[str, int]:
    """Bytes of a process by kind, as Linux tells them; elsewhere nothing. 20 ms a GB."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return {}
    return {name: int(value) * 1024 for name, value in _NUMBER.findall(text)}


def kernel_kills() -> int:
    """How many processes the kernel has killed for want of memory since it started; 0 where it does not tell."""
    try:
        found = _KILLS.search(Path("/proc/vmstat").read_bytes())
    except OSError:
        return 0
    return int(found[1]) if found else 0
