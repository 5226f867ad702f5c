"""Five chained steps that do nothing, through mfbench's engine.

Run as a process of its own: ``python -m benchmarks.ours_steps WORKSPACE``, first in an
empty workspace (all five run), then again in the same one (all five are cached).
"""

from __future__ import annotations

import sys
from pathlib import Path


def run_five(workspace: Path) -> None:
    """Run five chained no-op steps through the engine; raise if one of them fails.

    Each step takes what the one before it gave. In a workspace where they have run
    before, all five are to come from the cache. A detached driver leads the run and a
    worker process executes it, as for every recipe.
    """
    from mfbench.engine.follow import follow
    from mfbench.engine.keys import StepPlan, keyed
    from mfbench.engine.launch import launch_steps
    from mfbench.engine.result import RunResult
    from mfbench.executors.environment import here
    from mfbench.workspace.workspace import create

    home = create(workspace)
    cached = any(home.runs.iterdir())
    plans = [
        StepPlan(
            name=f"step{i}",
            call="mfbench.steps.noop",
            needs=(f"step{i - 1}",) if i else (),
            code=("steps/noop.py",),
        )
        for i in range(5)
    ]
    launched = launch_steps(home, "empty", keyed(plans, here()))
    result = RunResult(launched.run)
    for events in follow(home, launched.run, launched):
        for event in events:
            result.take(event)
    launched.close()
    done = [step for step in result.steps.values() if step["cached"] == cached]
    if result.status != "finished" or len(done) != 5:
        raise RuntimeError(f"the run is {result.status}, with steps {result.steps}")


def main() -> None:
    """Run the five steps in the workspace named on the command line."""
    run_five(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
