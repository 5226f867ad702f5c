"""How far the runs of a page are that go on now, from their journals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mfbench.core.errors import MfbenchError
from mfbench_tui.text import safe

if TYPE_CHECKING:
    from mfbench.api.watching import RunWatch
    from mfbench.api.workbench import Workbench

MOST = 32  # runs that are followed at once


class Progress:
    """Asked by one thread at a time. What a run has told before is not read again."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self._watches: dict[str, RunWatch] = {}

    def of(self, rows: Sequence[dict[str, Any]]) -> dict[str, str]:
        """{run: '7/13 train'} of those that are running."""
        running = [row["run"] for row in rows if row["status"] == "running"][:MOST]
        self._watches = {run: watch for run, watch in self._watches.items() if run in running}
        told = {}
        for run in running:
            try:
                if run not in self._watches:
                    self._watches[run] = self.bench.watch(run)
                self._watches[run].poll()
            except (MfbenchError, OSError):  # taken away meanwhile: the listing will say so
                continue
            told[run] = words(self._watches[run].result)
        return {run: text for run, text in told.items() if text}


def words(result: Any) -> str:
    """How far a RunResult is: the step it is at, of how many; of a search, the trials."""
    if not result.steps:
        return ""
    name = next((name for name, step in result.steps.items() if step["status"] == "running"), None)
    done = sum(step["status"] != "running" for step in result.steps.values())
    count = f"{done + (name is not None)}/{max(len(result.planned), len(result.steps))}"
    if result.search and name == "search":
        trials = f"{result.search.done}" + (f"/{result.search.limit}" if result.search.limit else "")
        return f"{count} search {trials}"
    return f"{count} {safe(name or '', 14)}".strip()
