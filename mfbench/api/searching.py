"""The part of the Workbench that looks at searches: which there are, and what one has found out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from mfbench.workspace.workspace import Workspace

if TYPE_CHECKING:
    from mfbench.api.workbench import Workbench


class Searching:
    """Everything here reads, and works while a search goes on."""

    workspace: Workspace

    def searches(self, limit: int = 100, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """(runs that search, newest first, how many there are in all).

        {run, name, recipe, status, started, ended, objectives, greater, limit, done, running, pruned, failed, best}.
        best: of the first objective; None before a trial was complete.
        """
        from mfbench.store.searches import list_searches

        return list_searches(self.workspace, limit, offset)

    def search(self, run: str) -> dict[str, Any]:
        """One search: {run, objectives, greater, trials, history, params, front, chosen, importance}.

        trials: as `trials` gives them. history: [trial, value, best so far] of the first objective, in the trials'
        order. params: names that trials differ in. front: numbers of the trials that no other beats in everything.
        chosen: the trial that the run went on with; importance: {param: share of the differences between trials that it
        explains}, the most first; both None while the search goes on.
        """
        bench = cast("Workbench", self)
        run = self.workspace.find_run(run)
        found = bench.trials(run)
        trials = found["trials"]
        front = bench.trials(run, front=True)["trials"] if len(found["objectives"]) > 1 else []
        told = _told(bench, run)
        shares = sorted((told.get("importance") or {}).items(), key=lambda item: (-item[1], item[0]))
        return {"run": run, **found, "history": history(trials, found["greater"]), "params": varied(trials),
                "front": [trial["trial"] for trial in front], "chosen": told.get("best"),
                "importance": dict(shares) if told else None}  # fmt: skip


def history(trials: list[dict[str, Any]], greater: list[bool]) -> list[tuple[int, float, float]]:
    """(trial, value, best so far) of the first objective."""
    better = max if not greater or greater[0] else min
    found: list[tuple[int, float, float]] = []
    for trial in sorted(trials, key=lambda one: int(one["trial"])):
        value = trial["values"][0] if trial["state"] == "complete" and trial["values"] else None
        if isinstance(value, int | float) and math.isfinite(value):
            found.append((trial["trial"], float(value), better([float(value), *(one[2] for one in found[-1:])])))
    return found


def varied(trials: list[dict[str, Any]]) -> list[str]:
    """The params that do not have the same value in every trial, in the order they are first met."""
    seen: dict[str, set[str]] = {}
    for trial in trials:
        for key, value in (trial["params"] or {}).items():
            seen.setdefault(key, set()).add(repr(value))
    return [key for key, values in seen.items() if len(values) > 1] or list(seen)


def _told(bench: Workbench, run: str) -> dict[str, Any]:
    """What the search wrote when it ended: empty before."""
    from mfbench.core import jsonio
    from mfbench.core.errors import MfbenchError

    try:
        told = jsonio.loads(bench.artifact(run, "search/trials.json", 1 << 26))
    except (MfbenchError, ValueError):  # not there yet, or of a workspace that has lost it: the trials are enough
        return {}
    return told if isinstance(told, dict) else {}
