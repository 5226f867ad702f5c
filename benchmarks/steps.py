"""Five empty chained steps: what the engine itself costs, fresh and all cached.

The figure is the wall time of the whole process less that of a bare ``python -c pass``,
in seconds. Every round starts in new folders: fresh first, then again in the same ones;
DVC and mfbench take turns.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks.dvc_repo import DvcRepo
from benchmarks.model import OURS, Row
from benchmarks.peers import Peers
from benchmarks.timing import BenchError, interleave, run

ROUNDS = 5
TARGET_FRESH_S = 0.30
TARGET_CACHED_S = 0.10
BARE = "python -c pass"


@dataclass(frozen=True)
class Walls:
    """The wall times of one round: the first run in a new folder, and the second there."""

    fresh: float
    cached: float


def measure(peers: Peers | None, scratch: Path) -> list[Row]:
    """Two rows: all five steps run, and all five cached."""
    numbers = count()
    contestants = {BARE: _bare, OURS: _ours(scratch, numbers)}
    if peers is not None:
        contestants["dvc"] = _dvc(peers, scratch, numbers)
    outcomes = interleave(contestants, rounds=ROUNDS, warmup=1)
    if outcomes[BARE].error is not None:
        raise BenchError(f"{BARE}: {outcomes[BARE].error}")
    bare = statistics.median(wall.fresh for wall in outcomes[BARE].values)

    def row(what: str, of: Callable[[Walls], float], target: float) -> Row:
        def less_bare(walls: Walls) -> float:
            return of(walls) - bare

        return Row(
            what=what,
            unit="s",
            ours=outcomes[OURS].measure(OURS, less_bare),
            peers=tuple(outcomes[n].measure(n, less_bare) for n in ("dvc",) if n in outcomes),
            target=target,
        )

    return [
        row("five empty steps, fresh", lambda walls: walls.fresh, TARGET_FRESH_S),
        row("five empty steps, all cached", lambda walls: walls.cached, TARGET_CACHED_S),
    ]


def _bare() -> Walls:
    command = [sys.executable, "-c", "pass"]
    return Walls(run(command)[0], run(command)[0])


def _ours(scratch: Path, numbers: count[int]) -> Callable[[], Walls]:
    def once() -> Walls:
        workspace = scratch / f"steps-ours-{next(numbers)}"
        workspace.mkdir()
        command = [sys.executable, "-m", "benchmarks.ours_steps", str(workspace)]
        return Walls(run(command)[0], run(command)[0])

    return once


def _dvc(peers: Peers, scratch: Path, numbers: count[int]) -> Callable[[], Walls]:
    def once() -> Walls:
        repo = DvcRepo(peers, scratch / f"steps-dvc-{next(numbers)}")
        return Walls(repo.repro(cached=False), repo.repro(cached=True))

    return once
