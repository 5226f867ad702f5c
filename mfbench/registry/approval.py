"""A person registers what the gates have refused, and the ledger says who, why, and over which gates."""

from __future__ import annotations

from typing import Any

import msgspec

from mfbench.bundle.manifest import parse_manifest
from mfbench.core import jsonio
from mfbench.core.errors import UsageError
from mfbench.journal.blobs import Blobs
from mfbench.journal.deletions import deletions
from mfbench.journal.ledger import open_ledger
from mfbench.journal.line import pack_number
from mfbench.journal.reader import read_events
from mfbench.registry.models import RegisteredModel, Registry, Version, check_alias, put_version, reduce_models

APPROVAL = "model.approval"
_MANIFEST = "package/bundle/manifest.json"  # its digest is the bundle's
_MACHINE = ("host", "system", "machine", "host_cpus", "python", "executable", "mfbench", "actor")


class Refused(msgspec.Struct, frozen=True):
    """A run whose model was refused: the bundle, the gates that refused it, the held-out rows they looked at."""

    run: str
    digest: str
    gates: list[dict[str, Any]]
    data: str
    about: dict[str, Any]


def approve(registry: Registry, run: str, reason: str, alias: str | None = None) -> Version:
    """Registers a refused run's bundle as the model's next version, for `reason`.

    Raises UsageError for a run that is not over, was not refused or made no model, for one that is registered already,
    and where there is no reason.
    """
    if not reason.strip():
        raise UsageError("an approval needs a reason", hint="it is kept in the ledger: --reason TEXT")
    if alias is not None:
        check_alias(alias)
    refused = refusal(registry, run)
    blobs = Blobs(registry.workspace.blobs)
    manifest = parse_manifest(blobs.read(refused.digest), f"run {run}")
    provenance = {"run": run, "recipe": refused.about.get("recipe")} | {
        key: refused.about[key] for key in _MACHINE if key in refused.about
    }
    facts = {
        "run": run,
        "metrics": {key: pack_number(value) for key, value in manifest.metrics.items()},
        "data": refused.data,
        "provenance": blobs.put(jsonio.pretty(provenance)),
        "gates": [gate["name"] for gate in refused.gates],
    }
    over = [gate for gate in refused.gates if not gate["passed"]]
    with open_ledger(registry.workspace.ledger) as ledger:
        if run in deletions(ledger.entries):
            raise UsageError(f"run {run} is deleted", hint=f"bring it back: mfbench runs restore {run}")
        model = reduce_models(ledger.entries).get(manifest.name) or RegisteredModel(manifest.name)
        same = [version for version in model.versions.values() if version.digest == refused.digest]
        if same:
            raise UsageError(f"run {run} made {same[0].name}, which is registered already", hint=_to_alias(same[0]))
        body = {"model": manifest.name, "version": max(model.versions, default=0) + 1, "run": run,
                "digest": refused.digest, "overrides": over}  # fmt: skip
        ledger.append(APPROVAL, body, reason=reason)
        return put_version(ledger, model, refused.digest, facts, reason, alias)


def refusal(registry: Registry, run: str) -> Refused:
    """What a run's journal says of its refused model. Raises UsageError where there is nothing to approve."""
    where = f"run {run}"
    if registry.workspace.is_alive(run):
        raise UsageError("the run is not over yet", where=where, hint="wait for its gates: mfbench runs logs --follow")
    about: dict[str, Any] = {}
    gates: dict[str, dict[str, Any]] = {}
    digest = data = ended = None
    for _, _, kind, *fields in read_events(registry.workspace.run_folder(run) / "events"):
        if kind == "run.started":
            about = fields[0]
        elif kind == "artifact" and fields[0] == _MANIFEST:
            digest = fields[1]
        elif kind == "gate":
            note = fields[5] if len(fields) > 5 else None
            gates[fields[0]] = {"name": fields[0], "passed": fields[1], "observed": fields[2], "bound": fields[3],
                                "note": note}  # fmt: skip
        elif kind == "judged":
            data = fields[0]
        elif kind == "run.ended":
            ended = fields
    if ended is None or ended[0] != "finished" or digest is None:
        raise UsageError("the run has made no model to approve", where=where, hint=f"see: mfbench runs show {run}")
    if len(ended) > 2 and ended[2]:
        name = f"{ended[2]['name']}:{ended[2]['version']}"
        raise UsageError(f"the run was not refused: it registered {name}", where=where)
    if all(gate["passed"] for gate in gates.values()):
        hint = "give its recipe a [register] table and run it again: all but the last step is cached"
        raise UsageError("the run was not refused: its recipe registers nothing", where=where, hint=hint)
    return Refused(run, digest, list(gates.values()), data or "", about)


def _to_alias(version: Version) -> str:
    return f"to make it the champion: mfbench models alias {version.model} champion {version.number}"
