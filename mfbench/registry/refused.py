"""Which runs made a model that gates have refused, and that nobody has registered since."""

from __future__ import annotations

from typing import Any

from mfbench.journal.deletions import deletions
from mfbench.journal.ledger import read_ledger
from mfbench.registry.describe import moment
from mfbench.registry.judged import JUDGED
from mfbench.registry.models import reduce_models
from mfbench.workspace.workspace import Workspace


def refused_runs(workspace: Workspace) -> list[dict[str, Any]]:
    """By the ledger alone, latest first: {run, model, time, against, gates}, the gates by name and number."""
    entries = read_ledger(workspace.ledger)
    gone = deletions(entries)
    models = reduce_models(entries)
    found: dict[str, dict[str, Any]] = {}
    for entry in reversed(entries):
        body = entry.body
        if entry.kind != JUDGED or body["passed"] or body["run"] in gone or body["run"] in found:
            continue
        model = models.get(body["model"])
        if model and any(version.digest == body["digest"] for version in model.versions.values()):
            continue
        gates = [gate for gate in body["gates"] if not gate["passed"]]
        found[body["run"]] = {"run": body["run"], "model": body["model"], "time": moment(entry.time),
                              "against": body["against"], "first": model is None, "gates": gates}  # fmt: skip
    return list(found.values())
