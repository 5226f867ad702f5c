"""Children that are killed: forked from a process that has loaded everything, so that hundreds of them cost little.

`Children.start` runs a function of `tests.faults.work` in a process group of its own; `kill` ends the group with
kill -9. A child that dies of anything else fails the test with its traceback.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["pytest", "tests.faults.work", "tests.faults.care_work"])
# What a kill can fall before or after: what changes a file, a lock or the database, and what reads a journal.
DEADLY = {
    "append_rows", "chmod", "close", "connect", "execute", "flock", "fsync", "ftruncate", "link", "listdir", "mkdir",
    "open", "read", "remove", "rename", "replace", "rmdir", "scandir", "truncate", "unlink", "utime", "write",
    "write_batch",
}  # fmt: skip
KILLED = -signal.SIGKILL


class Children:
    """The processes of one test. `killed` counts those that kill -9 has ended, by us or by themselves."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._alive: list[tuple[BaseProcess, Path]] = []
        self.killed = 0

    def start(self, work: Callable[..., object], *words: Any, die_at: int = 0, **named: Any) -> BaseProcess:
        """`work(*words)` in a child, which kills itself at its `die_at`-th deadly call; 0: at none."""
        told = self._folder / f"{len(os.listdir(self._folder))}.told"
        told.touch()
        child = _CONTEXT.Process(target=_run, args=(partial(work, *words, **named), str(told), die_at))
        child.start()
        self._alive.append((child, told))
        return child

    def kill(self, child: BaseProcess) -> None:
        """kill -9 of the child and all that it has forked."""
        assert child.pid
        deadline = time.monotonic() + 30
        while child.is_alive() and time.monotonic() < deadline:  # until it has a group of its own, which is at once
            try:
                os.killpg(child.pid, signal.SIGKILL)
                break
            except ProcessLookupError:
                time.sleep(0.001)
        self.wait(child)

    def wait(self, child: BaseProcess, seconds: float = 90.0) -> int:
        """Its end, which has to be a good one or kill -9: the exit code."""
        child.join(seconds)
        told = next(told for known, told in self._alive if known is child)
        code = child.exitcode
        if code is None:
            where = told.read_text()
            self.end_all()
            raise AssertionError(f"a child hangs\n{where}")
        assert code in (0, KILLED), f"a child ended with {code}\n{told.read_text()}"
        self._alive = [pair for pair in self._alive if pair[0] is not child]
        self.killed += code == KILLED
        return code

    def wait_all(self) -> list[int]:
        return [self.wait(child) for child, _ in list(self._alive)]

    def points(self, work: Callable[..., object], *words: Any) -> int:
        """Lets `work` end, and counts the deadly calls on its way."""
        child = self.start(work, *words, die_at=-1)
        told = self._alive[-1][1]
        assert self.wait(child) == 0
        return int(told.read_text().split()[-1])

    def end_all(self) -> None:
        for child, _ in self._alive:
            if child.pid and child.is_alive():
                try:
                    os.killpg(child.pid, signal.SIGKILL)
                except ProcessLookupError:
                    child.kill()
            child.join(10)
        self._alive.clear()


def _run(work: Callable[[], object], told: str, die_at: int) -> None:
    os.setsid()
    counted = [0]

    def count(frame: Any, event: str, what: Any) -> None:
        if event in ("c_call", "c_return") and what.__name__ in DEADLY:
            counted[0] += 1
            if counted[0] == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        if die_at:
            threading.setprofile(count)
            sys.setprofile(count)
        try:
            work()
        finally:
            sys.setprofile(None)
        Path(told).write_text(str(counted[0]))
    except BaseException:
        Path(told).write_text(traceback.format_exc())
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)  # as a script that ends, but without what pytest has registered
