"""Cold start: the wall time of a whole process that only prints a version or its help.

Every contestant is a process of its own, from start to exit; all of them take turns.
The floors are what no Python command line can beat: the bare interpreter, and the
interpreter with click imported.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks.model import OURS, Row
from benchmarks.peers import PEERS, Peers
from benchmarks.timing import interleave, mfbench_command, run

ROUNDS = 10
TARGET_MS = 60.0
OPTIONS = ("--version", "--help")


def measure(peers: Peers | None) -> list[Row]:
    """Two rows, ``--version`` and ``--help``, in milliseconds."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import click": [sys.executable, "-c", "import click"],
    }
    for option in OPTIONS:
        commands[f"{OURS} {option}"] = [*mfbench_command(), option]
        if peers is not None:
            for peer in PEERS:
                commands[f"{peer} {option}"] = [peers.command(peer), option]
    outcomes = interleave({name: _wall_of(command) for name, command in commands.items()}, rounds=ROUNDS, warmup=1)
    return [
        Row(
            what=f"cold start, {option}",
            unit="ms",
            ours=outcomes[f"{OURS} {option}"].measure(OURS, _ms),
            peers=tuple(outcomes[f"{peer} {option}"].measure(peer, _ms) for peer in PEERS if peers is not None),
            floors=tuple(outcomes[floor].measure(floor, _ms) for floor in ("python -c pass", "import click")),
            target=TARGET_MS,
        )
        for option in OPTIONS
    ]


def _wall_of(command: list[str]) -> Callable[[], float]:
    return lambda: run(command)[0]


def _ms(seconds: float) -> float:
    return seconds * 1000.0
