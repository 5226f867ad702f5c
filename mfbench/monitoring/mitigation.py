"""What is done about an alarm: the recipe that the configuration names runs on newer rows, as a challenger.

The run is started and left to itself. It goes through the recipe's gates like any other, under the name of the model
that alarmed and an alias that is never the champion's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mfbench.core.errors import MfbenchError, UsageError
from mfbench.core.text import plural
from mfbench.drift.findings import Report
from mfbench.journal.ledger import Entry, open_ledger, read_ledger
from mfbench.monitoring.settings import Mitigation
from mfbench.monitoring.state import Open
from mfbench.workspace.workspace import Workspace

MITIGATION = "drift.mitigation"
Tell = Callable[[str], None]


def mitigate(
    workspace: Workspace,
    plan: Mitigation,
    report: Report,
    lasting: Sequence[Open],
    labels: int,
    cool_down: float,
    now: int,
    tell: Tell,
) -> str | None:
    """Starts the run where an alarm asks for it: its id, else None. Once for each alarm and in `cool_down` seconds.

    report: the last one; lasting: alarms; labels: rows with a known label that the monitor has met; now: microseconds
    since 1970. What keeps the run from starting is told, and tried again by the next pass.
    """
    alarm = _asking(plan, lasting)
    if alarm is None:
        return None
    before = [entry for entry in read_ledger(workspace.ledger) if _is_of(entry, report.model)]
    if any(entry.body.get("alarm") == alarm.id or now - entry.time < cool_down * 1e6 for entry in before):
        return None
    if labels < plan.min_labels:
        missing = plural(plan.min_labels - labels, "labelled row")
        tell(f"mitigation waits for {missing} ({labels:,} of {plan.min_labels:,} so far)")
        return None
    try:
        run = _started_before(workspace, alarm) or _start(workspace, plan, report.model, alarm)
    except MfbenchError as error:
        tell(f"mitigation cannot start: {error.message}" + (f" ({error.where})" if error.where else ""))
        return None
    body = {"model": report.model, "report": report.id, "alarm": alarm.id, "run": run, "recipe": plan.recipe}
    with open_ledger(workspace.ledger) as ledger:
        ledger.append(MITIGATION, body)
    tell(f"mitigation: run {run} of {plan.recipe} has begun; follow it: mfbench runs logs {run} --follow")
    return run


def _asking(plan: Mitigation, lasting: Sequence[Open]) -> Open | None:
    kinds = ("quality",) if plan.after == "worse" else ("drift", "quality")
    return next((one for kind in kinds for one in lasting if one.kind == kind), None)


def _is_of(entry: Entry, model: str) -> bool:
    return entry.kind == MITIGATION and entry.body.get("model") == model


def _name(alarm: Open) -> str:
    return f"mitigation {alarm.id}"


def _started_before(workspace: Workspace, alarm: Open) -> str | None:
    """The run of a pass that was killed before it could enter it in the ledger."""
    from mfbench.store.store import Store

    rows: list[dict[str, Any]] = Store(workspace).rows("SELECT run FROM runs WHERE name = ?", [_name(alarm)])
    return str(rows[0]["run"]) if rows else None


def _start(workspace: Workspace, plan: Mitigation, model: str, alarm: Open) -> str:
    """Raises what is wrong with the recipe."""
    from mfbench.engine.driver import Request
    from mfbench.engine.launch import launch
    from mfbench.recipe.load import load_recipe

    recipe = workspace.root.parent / Path(plan.recipe).expanduser()
    if load_recipe(recipe, plan.set).recipe.register is None:
        hint = "add [register], with gates, to the recipe"
        raise UsageError("the recipe of the mitigation registers nothing", where=str(recipe), hint=hint)
    # Last, so that they win over whatever the recipe and the configuration say: no run may become the champion here.
    forced = (f'register.model="{model}"', f'register.alias="{plan.alias}"')
    request = Request(
        recipe=str(recipe), workspace=str(workspace.root), overrides=(*plan.set, *forced), name=_name(alarm)
    )
    launched = launch(request)
    launched.close()
    return launched.run
