"""What an executor is: a place where a worker runs.

Ownership: the driver owns the run; an executor sees a job's folder and nothing of the store or registry. It
starts one worker, yields its state and what it prints, and ends it when told. `start` may be called from one
thread only; an Execution is used by the driver's loop alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mfbench.executors.warm import WarmWorker


@dataclass(frozen=True)
class Exit:
    """How a worker ended: `code`, or `signal` where it was killed by one."""

    code: int
    signal: int | None = None

    def __str__(self) -> str:
        return f"killed by signal {self.signal}" if self.signal else f"exit code {self.code}"


class Execution(Protocol):
    def poll(self, timeout: float) -> Exit | None:
        """Waits at most `timeout` seconds; how the worker ended, or None while it runs."""

    def printed(self) -> list[str]:
        """Whole lines that the worker has printed since the last call."""

    def stop(self, grace: float) -> Exit:
        """Ends the worker and everything it started: asked first, killed after `grace` seconds.

        Returns how it ended; once it has, that is all that this does.
        """


class Executor(Protocol):
    name: str

    def start(self, folder: Path, warm: WarmWorker | None) -> Execution:
        """Runs the job in `folder`.

        `warm` is a process of this machine that has the libraries of the recipe's check loaded already; an
        executor that runs elsewhere leaves it alone.
        """
