"""What a finished run has recorded of itself: all that is needed to run its steps again and to compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from mfbench.core import jsonio
from mfbench.core.errors import DamageError, UsageError
from mfbench.executors.environment import Environment, platform
from mfbench.journal.blobs import Blobs
from mfbench.journal.reader import Tail
from mfbench.recipe.load import load_recipe
from mfbench.recipe.loaded import LoadedRecipe
from mfbench.worker.job import JOB, JobSpec, read_job
from mfbench.workspace.workspace import Workspace

CODE = "code/"
Outputs = dict[str, tuple[str, int]]
Point = tuple[str, int, Any]


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A finished run of a recipe.

    job: the last that it was given. outputs: by step, name to (digest, bytes). cached: the steps that had come from the
    step cache. metrics: (key, step, packed value), the last word on each. texts: the recipe, the exact versions of all
    that was installed, and of what a worker needs ("" where that was not recorded). code: own files, name to digest.
    facts: environment.json, empty for runs from before there was one. folder: of the recipe, absolute; it may be gone.
    """

    run: str
    about: dict[str, Any]
    started: int
    job: JobSpec
    outputs: dict[str, Outputs]
    cached: tuple[str, ...]
    metrics: tuple[Point, ...]
    recipe: str
    versions: str
    requirements: str
    code: dict[str, str]
    facts: dict[str, Any]
    folder: str

    def loaded(self) -> LoadedRecipe:
        """The recipe as it was. Raises RecipeError where this mfbench cannot read it, or a variable is not set."""
        path = Path(self.folder) / self.about.get("file", "recipe.toml")
        return load_recipe(path, tuple(self.about.get("overrides", ())), self.recipe)

    def environment(self) -> Environment:
        """Where it ran, as far as it is known."""
        lines = (line.partition("==") for line in self.versions.splitlines())
        return Environment(
            python=self.facts.get("python", self.about["python"]),
            platform=self.facts.get("platform", platform()),
            versions={name: version for name, _, version in lines},
            place=self.facts.get("place", ""),
        )


def recorded(workspace: Workspace, run: str) -> Recorded:
    """Raises UsageError for a run that cannot be verified, DamageError where its journal or its content is damaged."""
    if workspace.is_alive(run):
        raise UsageError(f"run {run} is running", hint=f"wait for its end: mfbench runs logs {run} --follow")
    folder = workspace.run_folder(run)
    told = _Told(folder / "events")
    _refuse(run, told)
    if not (folder / JOB).exists():
        raise DamageError(f"run {run} has lost its {JOB}: nothing says what its steps were", where=str(folder))
    job = read_job(folder)
    texts = {name: _text(workspace, told, name) for name in ("environment.txt", "requirements.txt", "environment.json")}
    return Recorded(
        run=run,
        about=told.about,
        started=told.started,
        job=job,
        outputs={step.name: told.outputs(step.name) for step in job.steps},
        cached=tuple(step.name for step in job.steps if told.ended[step.name][3]),
        metrics=tuple((key, step, value) for (key, step), value in told.metrics.items()),
        recipe=_text(workspace, told, "recipe.toml"),
        versions=texts["environment.txt"],
        requirements=texts["requirements.txt"],
        code=told.code(),
        facts=jsonio.loads(texts["environment.json"].encode()) if texts["environment.json"] else {},
        folder=str((folder / job.recipe_folder).resolve()),
    )


class _Told:
    """A run's journal, the last word on everything."""

    def __init__(self, events: Path) -> None:
        self.run = events.parent.name
        self.about: dict[str, Any] = {}
        self.started, self.status = 0, ""
        self.artifacts: Outputs = {}
        self.metrics: dict[tuple[str, int], Any] = {}
        self.ended: dict[str, list[Any]] = {}
        tail = Tail(events)
        for _, time, kind, *fields in tail.poll():
            if kind == "run.started":
                self.about, self.started, self.status = fields[0], time, ""
            elif kind == "run.ended":
                self.status = fields[0]
            elif kind == "artifact":
                self.artifacts[fields[0]] = (fields[1], fields[2])
            elif kind == "step.ended":
                self.ended[fields[0]] = fields
            elif kind == "m" and (len(fields) < 4 or fields[3] is None):
                self.metrics[fields[0], fields[1]] = fields[2]
        self.damages = tail.damages

    def outputs(self, step: str) -> Outputs:
        """Raises DamageError where the journal does not say what a step has made."""
        if step not in self.ended:
            raise self._damaged(f"nothing says how its step {step} ended")
        missing = [name for name in self.ended[step][5] if f"{step}/{name}" not in self.artifacts]
        if missing:
            raise self._damaged(f"nothing says what {missing[0]} of its step {step} held")
        return {name: self.artifacts[f"{step}/{name}"] for name in self.ended[step][5]}

    def code(self) -> dict[str, str]:
        """Raises DamageError for a name that leads elsewhere."""
        found = {name.removeprefix(CODE): file[0] for name, file in self.artifacts.items() if name.startswith(CODE)}
        for name in found:
            if not name or Path(name).is_absolute() or ".." in Path(name).parts:
                raise self._damaged(f"its own code has a file of the name {name!r}")
        return found

    def _damaged(self, what: str) -> DamageError:
        return DamageError(f"run {self.run} cannot be verified: {what}", hint="what is damaged tells: mfbench doctor")


def _refuse(run: str, told: _Told) -> None:
    about = told.about
    if not about:
        raise UsageError(f"run {run} never began", hint="list the runs with: mfbench runs")
    if about.get("verifies"):
        told_of = f"verify that run once more: mfbench runs verify {about['verifies']}"
        raise UsageError(f"run {run} is itself a verification, of run {about['verifies']}", hint=told_of)
    if about.get("recipe") is None:
        raise UsageError(f"run {run} has no recipe: it was recorded by a script", hint="run the script again")
    if told.status != "finished":
        how = f"it {told.status}" if told.status == "failed" else f"its end is: {told.status or 'lost'}"
        hint = f"finish it first: mfbench runs resume {run}"
        raise UsageError(f"run {run} has not finished ({how}): there is nothing whole to compare with", hint=hint)


def _text(workspace: Workspace, told: _Told, name: str) -> str:
    """Raises DamageError for content that was recorded and is gone."""
    return Blobs(workspace.blobs).read(told.artifacts[name][0]).decode() if name in told.artifacts else ""
