"""Recipes as runs recorded them: to take up a run that was killed, stopped or failed, and goes on from what it has
finished; or to run once more what a run ran."""

from __future__ import annotations

from pathlib import Path
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
    content, about, status = _recorded(workspace, run)
    if status == "finished":
        raise UsageError(f"run {run} is finished", hint=f"run it again: mfbench runs rerun {run}")
    path = _recipe_path(workspace, run, content, about)
    return load_recipe(path, tuple(about["overrides"]), content.decode()), about


def recorded_recipe(workspace: Workspace, run: str) -> tuple[Path, str, dict[str, Any]]:
    """(where the recipe of a run lay, its text as the run recorded it, what the run said of itself when it began).

    Raises UsageError for a run that recorded none, that came from elsewhere, or whose folder is gone.
    """
    content, about, _ = _recorded(workspace, run)
    return _recipe_path(workspace, run, content, about), content.decode(), about


def _recorded(workspace: Workspace, run: str) -> tuple[bytes, dict[str, Any], str]:
    """As `_told`. Raises UsageError for a run of another workspace, a script or a verification."""
    if workspace.is_foreign(run):
        told = f"run {run} came from another workspace: the folder that it ran in is not here"
        raise UsageError(told, hint=f"run the recipe itself, or repeat what it did: mfbench runs verify {run}")
    content, about, status = _told(workspace, run)
    if about.get("verifies"):
        verified = about["verifies"]
        hint = f"verify that run once more: mfbench runs verify {verified}; or run it: mfbench runs rerun {verified}"
        raise UsageError(f"run {run} is a verification of another run, and begins anew each time", hint=hint)
    if about.get("recipe") is None and about:
        raise UsageError(f"run {run} has no recipe: it was recorded by a script", hint="run the script again")
    return content, about, status


def _told(workspace: Workspace, run: str) -> tuple[bytes, dict[str, Any], str]:
    """(its recipe, what it said when it began, its status) by the last word on each; empty where it said nothing."""
    about: dict[str, Any] = {}
    content, status = b"", ""
    for _, _, kind, *fields in read_events(workspace.run_folder(run) / "events"):
        if kind == "run.started":
            about = fields[0]
        elif kind == "artifact" and fields[0] == RECIPE:
            content = Blobs(workspace.blobs).read(fields[1])
        elif kind == "run.ended":
            status = fields[0]
    return content, about, status


def _recipe_path(workspace: Workspace, run: str, content: bytes, about: dict[str, Any]) -> Path:
    """Where the recipe lay. It may have gone since; its folder has to be there: data and code lie beside it."""
    folder = workspace.run_folder(run)
    if not content or not (folder / JOB).exists():
        raise UsageError(f"run {run} broke off before it began to work", hint="run its recipe again")
    path = Path(folder / read_job(folder).recipe_folder / about.get("file", RECIPE)).resolve()
    if not path.parent.is_dir():
        told = f"the folder that run {run} ran in is not there any more"
        raise UsageError(told, where=str(path.parent), hint="bring it back, or run the recipe where it lies now")
    return path


def refuse_changed(workspace: Workspace, run: str, steps: list[JobStep]) -> None:
    """What the run has done so far has to be what it would do now. Raises UsageError naming the first step."""
    before = {step.name: step.key for step in read_job(workspace.run_folder(run)).steps}
    for step in steps:
        if before.get(step.name, step.key) != step.key:
            told = f"run {run} cannot go on: the data, code or libraries of its step {step.name!r} have changed since"
            raise UsageError(told, hint="run the recipe again: it begins anew, and keeps what is unchanged")
