"""Taking up a run that was killed, stopped or failed: the same run goes on, from what it has finished."""

from __future__ import annotations

from typing import Any

from mfbench.core.errors import UsageError
from mfbench.journal.blobs import Blobs
from mfbench.journal.reader import read_events
from mfbench.recipe.load import load_recipe
from mfbench.recipe.loaded import LoadedRecipe
from mfbench.worker.job import JOB, JobStep, read_job
from mfbench.workspace.workspace import Workspace

RECIPE = "recipe.toml"


def recall(workspace: Workspace, run: str) -> tuple[LoadedRecipe, dict[str, Any]]:
    """(the recipe as it was, what the run said of itself when it began).

    Raises UsageError for a run that is still running, is done, or never came far enough to be taken up.
    """
    if workspace.is_alive(run):
        raise UsageError(f"run {run} is running", hint=f"follow it: mfbench runs logs {run} --follow")
    about: dict[str, Any] = {}
    content, status = b"", ""
    for _, _, kind, *fields in read_events(workspace.run_folder(run) / "events"):
        if kind == "run.started":
            about = fields[0]
        elif kind == "artifact" and fields[0] == RECIPE:
            content = Blobs(workspace.blobs).read(fields[1])
        elif kind == "run.ended":
            status = fields[0]
    if about.get("verifies"):
        hint = f"verify that run once more: mfbench runs verify {about['verifies']}"
        raise UsageError(f"run {run} is a verification, which begins anew each time", hint=hint)
    if about.get("recipe") is None and about:
        raise UsageError(f"run {run} has no recipe: it was recorded by a script", hint="run the script again")
    if status == "finished":
        raise UsageError(f"run {run} is finished", hint="run its recipe again: what has not changed is cached")
    folder = workspace.run_folder(run)
    if not content or not (folder / JOB).exists():
        raise UsageError(f"run {run} broke off before it began to work", hint="run its recipe again")
    path = folder / read_job(folder).recipe_folder / about.get("file", RECIPE)
    return load_recipe(path.resolve(), tuple(about["overrides"]), content.decode()), about


def refuse_changed(workspace: Workspace, run: str, steps: list[JobStep]) -> None:
    """What the run has done so far has to be what it would do now. Raises UsageError naming the first step."""
    before = {step.name: step.key for step in read_job(workspace.run_folder(run)).steps}
    for step in steps:
        if before.get(step.name, step.key) != step.key:
            told = f"run {run} cannot go on: the data, code or libraries of its step {step.name!r} have changed since"
            raise UsageError(told, hint="run the recipe again: it begins anew, and keeps what is unchanged")
