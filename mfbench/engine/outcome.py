"""The last act of a recipe's run: what the gates said is written down, and a model that passed is registered."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mfbench.core import jsonio
from mfbench.core.errors import MfbenchError
from mfbench.core.hashing import digest_value
from mfbench.core.text import plural
from mfbench.engine.cache import CachedStep
from mfbench.engine.provenance import machine
from mfbench.journal.blobs import Blobs
from mfbench.journal.line import pack_number
from mfbench.journal.segment import SegmentWriter
from mfbench.recipe.gates import parse_gate
from mfbench.recipe.schema import Recipe, Register
from mfbench.registry.judged import record
from mfbench.registry.models import ChampionMovedError, RegisteredModel, Registry, Version
from mfbench.workspace.workspace import Workspace

GATE, GATES = "gate", "gates.json"
Rejudge = Callable[[Version | None], dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """How a run ends: finished, failed, stopped, timeout or oom; `model` is {name, version, digest, new} or None."""

    status: str
    error: dict[str, Any] | None = None
    model: dict[str, Any] | None = None


def finish_recipe(
    workspace: Workspace,
    recipe: Recipe,
    run: str,
    writer: SegmentWriter,
    results: dict[str, CachedStep],
    reason: str,
    rejudge: Rejudge | None = None,
) -> Outcome:
    """Registers the bundle if every gate passes, for `reason`. A refused run is finished, with no model.

    `rejudge` judges the gates once more, against another champion (None: there is none): for when it has changed since
    the gate step was handed one. It returns what that step writes, and sees to its events.
    """
    if recipe.register is None:
        writer.write("log", "info", "not registered: the recipe has no [register]")
        return Outcome("finished")
    writer.write("step.started", "register")
    started = time.perf_counter()
    blobs = Blobs(workspace.blobs)
    packed = jsonio.loads(blobs.read(results["package"].outputs["bundle.json"][0]))
    judged = _judged(results, blobs, recipe.register)
    name, registry = recipe.register.model or recipe.recipe.name, Registry(workspace)
    compares = any(parse_gate(text).champion for text in recipe.register.gates)
    facts = {
        "run": run,
        "metrics": {key: pack_number(value) for key, value in packed["metrics"].items()},
        "data": judged["data"],
        "provenance": blobs.put(jsonio.pretty({"run": run, "recipe": recipe.recipe.name, **machine()})),
        "gates": list(recipe.register.gates),
    }
    model: dict[str, Any] | None = None
    while model is None:
        champion = registry.models().get(name, RegisteredModel(name)).champion()
        seen = (judged["champion"] or {}).get("digest")
        if compares and _digest(champion) not in (seen, packed["digest"]):  # the champion need not beat itself
            judged = _again(rejudge, champion, name, writer)
        used = record(workspace.ledger, name, run, packed["digest"], judged)
        if not all(gate["passed"] for gate in judged["gates"]):
            break
        why = reason or (
            f"run {run} passed {plural(len(judged['gates']), 'gate')}" if judged["gates"] else f"run {run}"
        )
        try:
            version, new = registry.register(
                name,
                packed["digest"],
                facts,
                reason=why,
                alias=recipe.register.alias,
                compared_with=_digest(champion),
            )
        except ChampionMovedError:
            continue
        model = {"name": name, "version": version.number, "digest": version.digest, "new": new}
    if used is not None:
        _tell(writer, blobs, judged, used)
    took = round(time.perf_counter() - started, 6)
    status = "finished" if model else "refused"
    writer.write("step.ended", "register", None, status, bool(model and not model["new"]), took, {}, None)
    return Outcome("finished", None, model)


def _tell(writer: SegmentWriter, blobs: Blobs, judged: dict[str, Any], used: int) -> None:
    """Keeps the judgement that counted, with how many models these rows have judged by now, as the run's own."""
    content = jsonio.pretty({**judged, "used": used})
    writer.write("artifact", f"register/{GATES}", blobs.put(content), len(content), "application/json")
    writer.write("judged", judged["data"], used)
    if used > 1:
        writer.write("log", "info", f"these held-out rows have now judged {plural(used, 'model')}")


def _judged(results: dict[str, CachedStep], blobs: Blobs, register: Register) -> dict[str, Any]:
    """What the gate step wrote; without gates, that there was nothing to judge."""
    if GATE in results:
        found: dict[str, Any] = jsonio.loads(blobs.read(results[GATE].outputs[GATES][0]))
        return found
    if register.gates:
        raise MfbenchError("the gates were not judged", hint="run the recipe again")
    parts = (results["ingest"].outputs["data.parquet"], results["split"].outputs["split.parquet"])
    return {"gates": [], "champion": None, "data": digest_value([digest for digest, _ in parts])}


def _again(rejudge: Rejudge | None, champion: Version | None, name: str, writer: SegmentWriter) -> dict[str, Any]:
    told = f"the champion of {name} has changed since the gates were judged"
    if rejudge is None:
        raise MfbenchError(told, hint="run the recipe again: all but the gates is cached")
    writer.write("log", "info", f"{told}: they are judged again")
    return rejudge(champion)


def _digest(champion: Version | None) -> str | None:
    return champion.digest if champion else None
