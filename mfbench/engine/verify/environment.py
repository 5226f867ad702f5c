"""The environment of a run once more: what is asked for, who makes it, and where it is not what it was."""

from __future__ import annotations

import os
from pathlib import Path

from mfbench.core.errors import MfbenchError, UsageError
from mfbench.core.plugins import load as load_plugin
from mfbench.engine.place import Place
from mfbench.engine.settings import ask, needed_packages
from mfbench.engine.verify.recorded import Recorded
from mfbench.executors.auto import AUTO, VARIABLE
from mfbench.executors.base import Executor
from mfbench.executors.docker.client import answers
from mfbench.executors.environment import Asked, here, is_exact
from mfbench.recipe.loaded import LoadedRecipe
from mfbench.workspace.workspace import Workspace

_TOOLS = {"pip", "setuptools", "wheel"}  # they install, and are no part of what runs


class Again(Place):
    """The place of a verification; `told` as in a run of a recipe."""

    def __init__(self, executor: Executor, asked: Asked) -> None:
        self.executor, self.asked, self.remarks = executor, asked, []
        self.environment = executor.find(asked)


def environment_for(recorded: Recorded, loaded: LoadedRecipe, name: str, workspace: Workspace) -> Again:
    """Where the executor of this name would run with what the run had. Raises UsageError where that is not known."""
    executor: Executor = load_plugin("mfbench.executors", name)()
    if not executor.installs:
        return Again(executor, Asked(requirements=""))
    in_container = recorded.about["executor"] == "docker"
    base = recorded.facts.get("base", "") if in_container else loaded.recipe.run.env.base or ""
    apt = tuple(recorded.facts.get("apt", ()) or loaded.recipe.run.env.apt)
    return Again(executor, ask(requirements_of(recorded, loaded), base, apt, workspace))


def executor_for(recorded: Recorded, wanted: str | None) -> str:
    """The executor that comes nearest to where the run was: a container for one in a container; for another a virtual
    environment of this very Python, where that is the run's, else a container where an engine answers."""
    named = wanted if wanted not in (None, AUTO) else os.environ.get(VARIABLE, AUTO)
    if named is not None and named != AUTO:
        return named
    if recorded.about["executor"] == "docker":
        return "docker"
    theirs, ours = recorded.environment(), here()
    alike = (theirs.minor, theirs.platform) == (ours.minor, ours.platform)
    return "venv" if alike or not answers()[0] else "docker"


def requirements_of(recorded: Recorded, loaded: LoadedRecipe) -> str:
    """Exact versions of what the run's worker needs, one a line.

    What was asked for then, where it left nothing open: it finds the same environment again. Runs from before this was
    recorded have a list of all that was installed; what they need of it is what a worker needs by now.
    """
    asked = recorded.facts.get("asked", "")
    if asked and is_exact(asked):
        return str(asked)
    if recorded.requirements and is_exact(recorded.requirements):
        return recorded.requirements
    from mfbench.executors.lock import WORKER, default_lock

    try:
        names = {line.partition("==")[0] for line in default_lock(needed_packages(loaded)).splitlines()}
    except UsageError:
        names = set()
    known = recorded.environment().versions
    pins = [f"{name}=={known[name].partition('+')[0]}\n" for name in sorted({*names, *WORKER}) if name in known]
    if not pins or not is_exact("".join(pins)):  # they may have come from elsewhere: no options, no addresses
        hint = "verify it in this interpreter: --executor local"
        raise UsageError(f"run {recorded.run} does not say which versions it had", hint=hint)
    return "".join(pins)


def version_changes(recorded: Recorded, place: Again) -> list[str]:
    """The packages of the worker whose version is another here: "polars 2.1.0 → 2.2.0"."""
    assert place.environment is not None
    before, after = recorded.environment().versions, place.environment.versions
    lines = (recorded.facts.get("asked") or recorded.requirements or recorded.versions).splitlines()
    needed = sorted({line.partition("==")[0].strip().lower() for line in lines} & before.keys() - _TOOLS)
    return [f"{name} {before[name]} → {after.get(name, 'not there')}" for name in needed
            if before[name].partition("+")[0] != after.get(name, "").partition("+")[0]]  # fmt: skip


def code_changes(recorded: Recorded, loaded: LoadedRecipe, memory: Path | None) -> str | None:
    """The first step whose own key would be another today, in the run's own environment and with its data: what has
    changed is mfbench's code. None where none is, or where it cannot be told."""
    from mfbench.engine.plan import plan_recipe

    try:
        steps = plan_recipe(loaded, memory, recorded.environment())
    except MfbenchError:
        return None
    before = {step.name: step.key for step in recorded.job.steps}
    return next((step.name for step in steps if before.get(step.name) != step.key), None)
