"""What of a run cannot be held still, so that a second one may come out differently without anybody's fault."""

from __future__ import annotations

from typing import Any

import msgspec

from mfbench.core import jsonio
from mfbench.core.errors import MfbenchError
from mfbench.core.machine import cpu_model
from mfbench.engine.verify.environment import Again, version_changes
from mfbench.engine.verify.recorded import Recorded
from mfbench.executors.environment import here
from mfbench.journal.blobs import Blobs
from mfbench.stats.metrics import RESOURCES


def unpinned(recorded: Recorded, place: Again, blobs: Blobs) -> list[str]:
    """One sentence for each, the likeliest to matter first."""
    return [*_search(recorded), *_late(recorded, blobs), *_place(recorded, place), *_machine(recorded, place)]


def _search(recorded: Recorded) -> list[str]:
    search = next((step for step in recorded.job.steps if step.name == "search"), None)
    if search is None:
        return []
    tune: dict[str, Any] = search.config["tune"]
    found = []
    if tune.get("parallel", 1) > 1:
        found.append(f"tune.parallel = {tune['parallel']}: which trial ends first decides what is tried next")
    if tune.get("timeout"):
        found.append(f"tune.timeout = {tune['timeout']}: how many trials there is time for")
    timed = [name for name in (*tune.get("objectives", ()), tune.get("metric")) if name in RESOURCES and "_ms" in name]
    return found + [f"the objective {name}: it is measured by the clock" for name in timed]


def _late(recorded: Recorded, blobs: Blobs) -> list[str]:
    """Permutation importance has a time limit."""
    file = recorded.outputs.get("explain", {}).get("explain.json")
    try:
        notes = jsonio.loads(blobs.read(file[0]))["notes"] if file else []
    except (MfbenchError, msgspec.MsgspecError, KeyError):
        return []
    return ["explain ran out of time: how far it came"] if any("time ran out" in str(note) for note in notes) else []


def _place(recorded: Recorded, place: Again) -> list[str]:
    before, after = recorded.environment(), place.environment or here()
    found = []
    if before.python != after.python:
        found.append(f"Python: {before.python} → {after.python}")
    if before.platform != after.platform:
        found.append(f"the platform: {before.platform} → {after.platform}")
    changed = version_changes(recorded, place)
    if changed:
        rest = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        found.append(f"versions: {', '.join(changed[:5])}{rest}")
    was = recorded.about["executor"]
    if "docker" in (was, place.executor.name) and was != place.executor.name:
        found.append(f"the system's own libraries: it ran on {was}, and is verified on {place.executor.name}")
    elif was == "docker" and recorded.facts.get("place") not in (None, "", after.place):
        base = recorded.facts.get("base") or "its base image"
        found.append(f"the image was made anew: the system's own libraries are those of {base} as it is now")
    return found


def _machine(recorded: Recorded, place: Again) -> list[str]:
    found = []
    cpu = recorded.facts.get("cpu")
    if cpu and cpu != cpu_model():
        found.append(f"the processor: {cpu} → {cpu_model()}; libraries choose their instructions by it")
    if not cpu and recorded.about.get("machine") != here().platform.partition("-")[2]:
        found.append("the processor: which one it was is not known")
    if recorded.facts.get("hash_seed") is None:
        found.append("the hash seed: that of the run was random, and is not known")
    elif not place.executor.installs:
        found.append("the hash seed: it is random on this executor")
    if recorded.job.network:
        found.append("run.network: what came over the network")
    return found
