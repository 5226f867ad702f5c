"""What a run's search has tried, for people to choose from."""

from __future__ import annotations

from typing import Any

from mfbench.workspace.workspace import Workspace


def trials(workspace: Workspace, run: str, front: bool) -> dict[str, Any]:
    """{objectives, greater, trials}; without a search, all empty."""
    from mfbench.journal.reader import read_events
    from mfbench.stats import pareto
    from mfbench.store.trials import list_trials

    events = read_events(workspace.run_folder(run) / "events")
    about: dict[str, Any] = next((event[3] for event in reversed(events) if event[2] == "search"), {})
    greater = about.get("greater", [])
    found = [trial for trial in list_trials(workspace, run) if trial["state"] != "interrupted"]
    found.sort(key=lambda trial: _rank(trial, greater))
    if front:
        complete = {trial["trial"]: trial for trial in found if trial["state"] == "complete"}
        points = {number: [-value for value in _better_is_less(one, greater)] for number, one in complete.items()}
        found = [complete[number] for number in pareto.front(points)]
    return {"objectives": about.get("names", []), "greater": greater, "trials": found}


def _rank(trial: dict[str, Any], greater: list[bool]) -> tuple[Any, ...]:
    order = ("complete", "pruned", "failed", None)
    state = order.index(trial["state"]) if trial["state"] in order else len(order)
    return (state, *_better_is_less(trial, greater), trial["trial"])


def _better_is_less(trial: dict[str, Any], greater: list[bool]) -> list[float]:
    values = trial["values"] or []
    return [-value if more else value for value, more in zip(values, greater, strict=False)]
