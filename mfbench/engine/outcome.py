"""The last act of a recipe's run: gates, then registration."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from mfbench.core import jsonio
from mfbench.core.hashing import digest_value
from mfbench.core.text import plural
from mfbench.engine.cache import CachedStep
from mfbench.engine.gates import GateResult, judge
from mfbench.engine.provenance import machine
from mfbench.journal.blobs import Blobs
from mfbench.journal.line import pack_number
from mfbench.journal.segment import SegmentWriter
from mfbench.recipe.schema import Recipe
from mfbench.registry.models import ChampionMovedError, RegisteredModel, Registry
from mfbench.workspace.workspace import Workspace


@dataclass(frozen=True)
class Outcome:
    """How a run ends: finished, failed, stopped or timeout; `model` is {name, version, digest, new} or None."""

    status: str
    error: dict[str, Any] | None = None
    model: dict[str, Any] | None = None


def finish_recipe(
    workspace: Workspace, recipe: Recipe, run: str, writer: SegmentWriter, results: dict[str, CachedStep], reason: str
) -> Outcome:
    """Registers the bundle if every gate passes, for `reason`. A refused run is finished, with no model."""
    if recipe.register is None:
        writer.write("log", "info", "not registered: the recipe has no [register]")
        return Outcome("finished")
    writer.write("step.started", "register")
    started = time.perf_counter()
    blobs = Blobs(workspace.blobs)
    packed = jsonio.loads(blobs.read(results["package"].outputs["bundle.json"][0]))
    name, registry = recipe.register.model or recipe.recipe.name, Registry(workspace)
    data = digest_value([results["ingest"].outputs["data.parquet"][0], results["split"].outputs["split.parquet"][0]])
    while True:
        champion = registry.models().get(name, RegisteredModel(name)).champion()
        judged = judge(recipe.register.gates, packed["metrics"], champion, data, packed["digest"])
        if not all(gate.passed for gate in judged):
            model = None
            break
        facts = {
            "run": run,
            "metrics": {key: pack_number(value) for key, value in packed["metrics"].items()},
            "data": data,
            "provenance": blobs.put(jsonio.pretty({"run": run, "recipe": recipe.recipe.name, **machine()})),
            "gates": list(recipe.register.gates),
        }
        why = reason or (f"run {run} passed {plural(len(judged), 'gate')}" if judged else f"run {run}")
        try:
            version, new = registry.register(
                name,
                packed["digest"],
                facts,
                reason=why,
                alias=recipe.register.alias,
                compared_with=champion.digest if champion else None,
            )
        except ChampionMovedError as moved:
            writer.write("log", "info", f"{moved.message}: the gates are evaluated again")
            continue
        model = {"name": name, "version": version.number, "digest": version.digest, "new": new}
        break
    _tell(writer, judged)
    took = round(time.perf_counter() - started, 6)
    status = "finished" if model else "refused"
    writer.write("step.ended", "register", None, status, bool(model and not model["new"]), took, {}, None)
    return Outcome("finished", None, model)


def _tell(writer: SegmentWriter, judged: list[GateResult]) -> None:
    for gate in judged:
        bound = None if gate.bound is None else pack_number(gate.bound)
        writer.write("gate", gate.name, gate.passed, pack_number(gate.observed), bound, gate.against, gate.note)
