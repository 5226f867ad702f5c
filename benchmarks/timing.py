"""Running processes and timing them: whole-process wall time, interleaved rounds."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from benchmarks.model import Measure

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_S = 600.0
T = TypeVar("T")

# Settings of the caller's shell that would change what is measured.
_DROPPED = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONDEVMODE", "PYTHONOPTIMIZE")
_SET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1"}


class BenchError(Exception):
    """A contestant could not be measured; the message says why."""


@dataclass
class Outcome(Generic[T]):
    """What the rounds of one contestant gave; ``error`` is set where one of them failed."""

    values: list[T] = field(default_factory=list)
    error: str | None = None

    def measure(self, name: str, of: Callable[[T], float]) -> Measure:
        """The median over the rounds of one number taken ``of`` each of them."""
        if self.error is not None:
            return Measure(name, error=self.error)
        samples = [of(value) for value in self.values]
        extra = {"min": min(samples), "max": max(samples), "n": len(samples), "samples": samples}
        return Measure(name, statistics.median(samples), extra=extra)


def child_env(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of every measured process: bytecode is cached, nothing phones home."""
    env = {key: value for key, value in os.environ.items() if key not in _DROPPED}
    return {**env, **_SET, **(extra or {})}


def run(
    command: Sequence[str], *, cwd: Path = ROOT, env: Mapping[str, str] | None = None, timeout: float = TIMEOUT_S
) -> tuple[float, str]:
    """Run a command to its end; return its wall time in seconds and its output."""
    environment = child_env(env)
    start = time.perf_counter()
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"unfinished after {timeout:.0f} s") from error
    except OSError as error:
        raise BenchError(str(error)) from error
    wall = time.perf_counter() - start
    if done.returncode != 0:
        raise BenchError(f"exit status {done.returncode}: {_gist(done.stderr or done.stdout)}")
    return wall, done.stdout


def _gist(output: str) -> str:
    """The last line of a program's complaint that has words in it, not only a frame."""
    lines = [line.strip() for line in output.splitlines() if any(map(str.isalnum, line))]
    return lines[-1] if lines else "no output"


def interleave(contestants: Mapping[str, Callable[[], T]], *, rounds: int, warmup: int = 0) -> dict[str, Outcome[T]]:
    """Run the contestants in turn (A B C A B C ...), so that a noisy spell hits all of them.

    The warm-up rounds are run and thrown away. One that fails is out from there on;
    the others go on.
    """
    outcomes: dict[str, Outcome[T]] = {name: Outcome() for name in contestants}
    for number in range(warmup + rounds):
        for name, contestant in contestants.items():
            outcome = outcomes[name]
            if outcome.error is not None:
                continue
            try:
                value = contestant()
            except BenchError as error:
                outcome.error = str(error)
                continue
            if number >= warmup:
                outcome.values.append(value)
    return outcomes


def mfbench_command() -> list[str]:
    """How mfbench is started: the console script of this interpreter's environment."""
    return [str(Path(sys.executable).parent / "mfbench")]
