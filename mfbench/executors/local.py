"""Runs the worker as a process of this machine."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mfbench.core.machine import available_cpus
from mfbench.executors.base import Exit, Leftover, Tell, Usage
from mfbench.executors.environment import Asked, Environment, here
from mfbench.executors.usage import Watch
from mfbench.executors.warm import WarmWorker


class LocalExecutor:
    name = "local"
    installs = False
    sealed = False

    def find(self, asked: Asked) -> Environment:
        return here()

    def make(self, asked: Asked, tell: Tell, stopping: Callable[[], bool]) -> Environment:
        return here()

    def leftovers(self, workspace: str, alive: Callable[[str], bool]) -> list[Leftover]:
        return []

    def remove(self, leftover: Leftover) -> None:
        raise NotImplementedError  # it leaves nothing

    def start(self, folder: Path, warm: WarmWorker | None) -> LocalExecution:
        worker = warm or WarmWorker(bytes, available_cpus())
        worker.order(folder)
        return LocalExecution(worker.pid, worker.printed, folder, worker.early, worker)


class LocalExecution:
    """A child process with a group of its own, seen from the driver.

    printed: the pipe that it prints to, early: what was read of it before. keep: what has to live as long as this.
    secrets: a folder that goes when the worker has ended.
    """

    def __init__(
        self,
        pid: int,
        printed: int,
        folder: Path,
        early: bytes = b"",
        keep: object = None,
        secrets: Path | None = None,
    ) -> None:
        self.pid = pid
        self._secrets = secrets
        self._keep = keep  # such as the pipe of a worker that ends when that closes
        self._printed = printed
        self._partial = early
        self._open = True
        self._ended: Exit | None = None
        self._watch = Watch(pid, folder)
        os.set_blocking(self._printed, False)

    def poll(self, timeout: float) -> Exit | None:
        deadline = time.monotonic() + timeout
        if self._ended is None and self._watch.look():
            self._end_group(signal.SIGKILL)
        while self._ended is None:
            pid, status, resources = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self._watch.ended(resources.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
                code = os.waitstatus_to_exitcode(status)
                self._end_group(signal.SIGKILL)  # children that it left behind
                self._forget_secrets()
                self._ended = Exit(code, -code if code < 0 else None, *self._watch.why(code))
                break
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            # Short naps: a worker that runs empty steps is done within milliseconds.
            select.select([self._printed] if self._open else [], [], [], min(left, 0.002))
            if self._open and select.select([self._printed], [], [], 0)[0]:
                return None
        return self._ended

    def printed(self) -> list[str]:
        while self._open:
            try:
                chunk = os.read(self._printed, 65536)
            except BlockingIOError:
                break
            self._open = bool(chunk)
            self._partial += chunk
        *lines, self._partial = self._partial.split(b"\n")
        if not self._open and self._partial:
            lines, self._partial = [*lines, self._partial], b""
        return [line.decode(errors="replace") for line in lines]

    def usage(self) -> Usage | None:
        return self._watch.usage

    def stop(self, grace: float) -> Exit:
        if self._ended is not None:
            return self._ended
        self._end_group(signal.SIGTERM)
        ended = self.poll_silently(grace)
        if ended is None:
            self._end_group(signal.SIGKILL)
            ended = self.poll_silently(30.0)
        return ended or Exit(-9, 9)

    def poll_silently(self, seconds: float) -> Exit | None:
        """Waits for the end while what is printed piles up in the pipe's buffer, which is read on."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ended = self.poll(0.02)
            if ended:
                return ended
            self.printed()
        return None

    def _forget_secrets(self) -> None:
        """A worker that was killed could not do it itself."""
        if self._secrets is not None:
            import shutil

            shutil.rmtree(self._secrets, ignore_errors=True)

    def _end_group(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass
