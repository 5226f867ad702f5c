"""A whole recipe on the command line, the first time and the second, all cached.

The wall time in seconds of ``mfbench run recipes/flight-delay.toml``, every round in a
new workspace. There is no peer and no target: these are figures to watch.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

from benchmarks.model import OURS, Row
from benchmarks.timing import interleave, mfbench_command, run

ROUNDS = 3
RECIPE = "recipes/flight-delay.toml"


def measure(scratch: Path) -> list[Row]:
    """Two rows: the first run in a new workspace, and the second in the same one."""
    numbers = count()

    def once() -> tuple[float, float]:
        workspace = scratch / f"recipe-{next(numbers)}"
        workspace.mkdir()
        command = [*mfbench_command(), "run", RECIPE, "--workspace", str(workspace)]
        return run(command)[0], run(command)[0]

    outcome = interleave({OURS: once}, rounds=ROUNDS)[OURS]
    return [
        Row("recipe, first time", "s", outcome.measure(OURS, lambda walls: walls[0])),
        Row("recipe, all cached", "s", outcome.measure(OURS, lambda walls: walls[1])),
    ]
