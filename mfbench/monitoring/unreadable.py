"""Files that cannot be read: an alarm of its own, for which no report is kept. What was told stands in the ledger."""

from __future__ import annotations

from collections.abc import Mapping

from mfbench.journal.ledger import Entry, read_ledger
from mfbench.monitoring import alerts as telling
from mfbench.monitoring.alerts import Alert
from mfbench.monitoring.channels import ALERT
from mfbench.monitoring.subject import Subject
from mfbench.workspace.workspace import Workspace


def alerts(workspace: Workspace, subject: Subject, bad: Mapping[str, str], now: int) -> list[Alert]:
    """What is to be told, or still on its way: as it begins, after each cool-down, and once all can be read again.

    bad: why, by file. The id is the same in every pass until it was told, so that nobody hears it twice.
    """
    model, number = subject.version.model, subject.version.number
    told = [entry for entry in read_ledger(workspace.ledger) if _is_of(entry, model) and entry.body.get("ok")]
    closed = max((entry.time for entry in told if entry.body["state"] == "closed"), default=0)
    began = min((entry.time for entry in told if entry.body["state"] == "open" and entry.time > closed), default=None)
    if bad:
        times = 0 if began is None else int((now - began) / 1e6 / subject.cool_down)
        lines = [f"{name}: {why}" for name, why in bad.items()]
        state: telling.Happening = "reminder" if times else "open"
        return [telling.unreadable(model, number, now, f"{model}.{closed}.{times}", state, lines)]
    if began is not None:
        lines = ["All files can be read again."]
        return [telling.unreadable(model, number, now, f"{model}.{began}", "closed", lines)]
    return []


def _is_of(entry: Entry, model: str) -> bool:
    return entry.kind == ALERT and entry.body.get("model") == model and entry.body.get("kind") == "unreadable"
