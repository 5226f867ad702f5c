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
    before, all five are to come from the cache.
    """
    raise NotImplementedError("run_five is still to be written against mfbench's engine")


def main() -> None:
    """Run the five steps in the workspace named on the command line."""
    run_five(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
