"""What an executor is: a place where a worker runs.

Ownership: the driver owns the run; an executor sees a job's folder and nothing of the store or registry. It
finds or makes the environment, starts one worker in it, yields its state and what it prints, and ends it when told.
`start` may be called from one thread only; an Execution is used by the driver's loop alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from mfbench.executors.environment import Asked, Environment
from mfbench.executors.warm import WarmWorker

Tell = Callable[[str], None]
Cause = Literal["oom", "child", "engine", "disk"]


@dataclass(frozen=True)
class Exit:
    """How a worker ended: `code`, or `signal` where it was killed by one.

    `cause`: what the executor knows of the reason. oom: it took more memory than it may; child: one of its children
    was killed for that; engine: what it ran on has stopped; disk: that has no space left. `detail` is one line more.
    """

    code: int
    signal: int | None = None
    cause: Cause | None = None
    detail: str = ""

    def __str__(self) -> str:
        return f"killed by signal {self.signal}" if self.signal else f"exit code {self.code}"


@dataclass(frozen=True)
class Usage:
    """What a worker with all its children takes: `cpu` in cores since the last sample, memory in bytes."""

    cpu: float
    memory: int
    peak: int


@dataclass(frozen=True)
class Leftover:
    """Something that an executor has made and nobody needs any more.

    kind: "container", "image", "environment". `name` is how its engine calls it, `run` the run it was made for. `used`
    is the time of its last use in seconds since 1970, None where it is not known.
    """

    kind: str
    name: str
    what: str
    bytes: int = 0
    run: str | None = None
    used: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Execution(Protocol):
    def poll(self, timeout: float) -> Exit | None:
        """Waits at most `timeout` seconds; how the worker ended, or None while it runs."""

    def printed(self) -> list[str]:
        """Whole lines that the worker has printed since the last call."""

    def usage(self) -> Usage | None:
        """The latest sample, None before the first. Cheap: it waits for nothing."""

    def stop(self, grace: float) -> Exit:
        """Ends the worker and everything it started: asked first, killed after `grace` seconds.

        Returns how it ended; once it has, that is all that this does. Nothing of it is left behind.
        """


class Executor(Protocol):
    """`installs`: whether it makes environments; one that does not runs in this interpreter's.

    `sealed`: whether it keeps its workers from all but their run's folder; then what they leave there is not trusted.
    """

    name: str
    installs: bool
    sealed: bool

    def find(self, asked: Asked) -> Environment | None:
        """The environment that is asked for; None where it has to be made first. Takes milliseconds.

        Raises EngineError where there is nothing to run on: what was tried, what to do.
        """

    def make(self, asked: Asked, tell: Tell, stopping: Callable[[], bool]) -> Environment:
        """Makes the environment, line by line told; two at once make it once. Raises InstallError that shows the
        installer's own last lines, StoppedError soon after `stopping()` has become true."""

    def start(self, folder: Path, warm: WarmWorker | None) -> Execution:
        """Runs the job in `folder`, in the environment that its JobSpec names.

        `warm` is a process of this machine that has the libraries of the recipe's check loaded already; an
        executor that runs elsewhere dismisses it.
        """

    def leftovers(self, workspace: str, alive: Callable[[str], bool]) -> list[Leftover]:
        """What crashes and time have left behind of this workspace (by its id): containers of runs that are not
        `alive`, environments with the time of their last use. Nothing is started for it; no engine, no leftovers."""

    def remove(self, leftover: Leftover) -> None:
        """Takes one away. Raises EngineError where that cannot be; one that is gone already is fine."""
