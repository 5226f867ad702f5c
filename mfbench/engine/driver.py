"""The driver: a detached process that owns one run from plan to registration.

It outlives the face that started it. It has no threads and imports no framework, so that it can fork its
worker. Everything that it decides is an event in its own segment; the worker writes another.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from mfbench.core import errors
from mfbench.core.errors import FitError, MfbenchError
from mfbench.core.plugins import load as load_plugin
from mfbench.core.text import parse_duration, seconds
from mfbench.engine.cache import TOLD_AGAIN, CachedStep, StepCache
from mfbench.engine.outcome import Outcome, finish_recipe
from mfbench.engine.plan import plan_recipe
from mfbench.engine.provenance import CodeState, environment, machine
from mfbench.executors.base import Execution, Executor, Exit
from mfbench.executors.warm import WarmWorker
from mfbench.journal.blobs import Blobs
from mfbench.journal.reader import Tail
from mfbench.journal.segment import SegmentWriter
from mfbench.recipe.environment import names as variable_names
from mfbench.recipe.environment import redact
from mfbench.recipe.load import load_recipe
from mfbench.recipe.loaded import LoadedRecipe
from mfbench.worker.job import JobSpec, JobStep, write_job
from mfbench.worker.worker import WORK
from mfbench.workspace.workspace import Workspace, create, find

GRACE = 3.0  # seconds between asking a worker to end and killing it


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a face asks for. `workspace` is a folder, made when missing once the recipe has been found right."""

    recipe: str
    workspace: str
    overrides: tuple[str, ...] = ()
    executor: str | None = None
    name: str | None = None


Report = Callable[[dict[str, Any]], None]


def drive(request: Request, report: Report, loaded: LoadedRecipe | None = None) -> None:
    """One run of a recipe, from check to registration. Tells `report` the run's id, or an error."""
    loaded = loaded or load_recipe(Path(request.recipe), request.overrides)
    recipe = loaded.recipe
    workspace = find(named=request.workspace)
    wanted = request.executor or recipe.run.executor
    executor: Executor = load_plugin("mfbench.executors", "local" if wanted == "auto" else wanted)()
    code = CodeState(loaded.folder)
    cpus = recipe.run.cpus or available_cpus()
    try:
        steps = plan_recipe(loaded, workspace.cache / "sources" if workspace else None)
        hits = find_hits(steps, workspace)
        warm = None if len(hits) == len(steps) else _rehearse(loaded, cpus)
    except FitError as error:
        raise loaded.error(error.key, error.message, error.hint) from None
    workspace = workspace or create(Path(request.workspace))
    about = {
        "name": request.name or recipe.recipe.name,
        "recipe": recipe.recipe.name,
        "executor": executor.name,
        "wanted_executor": wanted,
        "tags": loaded.tree["recipe"]["tags"],
        "seed": recipe.run.seed,
        "cpus": cpus,
        "overrides": list(request.overrides),
        "variables": sorted(variable_names(loaded.tree)),
        "steps": [*(step.name for step in steps), *(["register"] if recipe.register else [])],
        **machine(),
    }
    run = Run(workspace, steps, hits, about, report)
    run.record(loaded, code)
    folder = os.path.relpath(loaded.folder.resolve(), run.folder.resolve())
    run.execute(executor, warm, folder, parse_duration(recipe.run.timeout) if recipe.run.timeout else None)
    run.end(lambda: finish_recipe(workspace, recipe, run.id, run.writer, run.results))


def drive_steps(workspace: Workspace, name: str, steps: list[JobStep], report: Report) -> None:
    """One run of any steps on this machine, without a recipe: cached, journaled and followed the same way."""
    hits = find_hits(steps, workspace)
    cpus = available_cpus()
    warm = None if len(hits) == len(steps) else WarmWorker(bytes, cpus)
    about = {"name": name, "recipe": None, "executor": "local", "tags": {}, "cpus": cpus,
             "steps": [step.name for step in steps], **machine()}  # fmt: skip
    run = Run(workspace, steps, hits, about, report)
    executor: Executor = load_plugin("mfbench.executors", "local")()
    run.execute(executor, warm, ".", None)
    run.end(lambda: Outcome("finished"))


def available_cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def find_hits(steps: list[JobStep], workspace: Workspace | None) -> dict[str, CachedStep]:
    if workspace is None:
        return {}
    cache = StepCache(workspace.cache, Blobs(workspace.blobs))
    return {step.name: hit for step in steps if (hit := cache.get(step.key)) is not None}


def _rehearse(loaded: LoadedRecipe, cpus: int) -> WarmWorker:
    """A worker that has checked the recipe against its data. Raises what the check raised."""

    def check() -> bytes:
        from mfbench.steps.precheck import precheck

        try:
            precheck(loaded.recipe, loaded.folder)
        except FitError as error:
            return msgspec.json.encode({**loaded.error(error.key, error.message, error.hint).as_dict(), "code": 2})
        except MfbenchError as error:
            return msgspec.json.encode({**error.as_dict(), "code": error.exit_code})
        return b"{}"

    warm = WarmWorker(check, cpus)
    answer = warm.answer()
    if not answer:
        printed = os.read(warm.printed, 1 << 20).decode(errors="replace").strip()
        warm.dismiss()
        raise MfbenchError("the check of the recipe broke off", hint=printed[-2000:] or "its process was killed")
    problem = msgspec.json.decode(answer)
    if problem:
        warm.dismiss()
        raise ToldError(problem)
    return warm


class ToldError(MfbenchError):
    """An error that another process has met, with all that it said."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(told["message"], where=told["where"], hint=told["hint"])
        self.kind = told["type"]
        self.title = getattr(errors, f"{self.kind}Error", MfbenchError).title
        self.exit_code = told["code"]

    def as_dict(self) -> dict[str, str | None]:
        return {**super().as_dict(), "type": self.kind}


class Run:
    """A run while its driver works on it."""

    def __init__(
        self,
        workspace: Workspace,
        steps: list[JobStep],
        hits: dict[str, CachedStep],
        about: dict[str, Any],
        report: Report,
    ) -> None:
        self.workspace = workspace
        self.blobs = Blobs(workspace.blobs)
        self.cache = StepCache(workspace.cache, self.blobs)
        self.steps, self.hits, self.about = steps, hits, about
        self.variables = set(about.get("variables", ()))
        self.results: dict[str, CachedStep] = {}
        self.outcome = Outcome("finished")
        self.stopping = False
        signal.signal(signal.SIGTERM, self._on_stop)
        self.id, self.marker = workspace.new_run({"pid": os.getpid(), "host": os.uname().nodename})
        os.set_inheritable(self.marker, False)
        self.folder = workspace.run_folder(self.id)
        self.writer = SegmentWriter(self.folder / "events", "driver", run=self.id)
        self.writer.write("run.started", about)
        self._open: dict[str, list[list[Any]]] = {}
        report({"run": self.id, "pid": os.getpid()})

    def _on_stop(self, *_: object) -> None:
        self.stopping = True

    def record(self, loaded: LoadedRecipe, code: CodeState) -> None:
        """Params and all that is needed to repeat the run; then what is known already from the cache."""
        self.writer.write_many("param", [(k, v) for k, v in loaded.params().items()])
        (self.folder / "recipe.toml").write_text(loaded.source.text, encoding="utf-8")
        facts, patch = code.collect()
        if facts:
            self.writer.write_many("param", [(f"git.{key}", value) for key, value in facts.items()])
        for name, content in (("environment.txt", environment().encode()), ("uncommitted.patch", patch)):
            if content:
                self.artifact(name, self.blobs.put(content), len(content), "text/plain")
        self.artifact("recipe.toml", self.blobs.put(loaded.source.text.encode()), len(loaded.source.text), "text/toml")

    def artifact(self, path: str, digest: str, size: int, kind: str) -> None:
        self.writer.write("artifact", path, digest, size, kind)

    def execute(self, executor: Executor, warm: WarmWorker | None, recipe_folder: str, timeout: float | None) -> None:
        """Tells the cached steps, has the worker run the others, and takes what they make."""
        steps = []
        for step in self.steps:
            hit = self.hits.get(step.name)
            outputs = {name: digest for name, (digest, _) in hit.outputs.items()} if hit else {}
            steps.append(msgspec.structs.replace(step, cached=hit is not None, outputs=outputs))
        blobs = os.path.relpath(self.workspace.blobs, self.folder)
        job = JobSpec(
            run=self.id, recipe_folder=recipe_folder, blobs=blobs, cpus=self.about["cpus"], steps=tuple(steps),
            variables=tuple(sorted(self.variables)),
        )  # fmt: skip
        write_job(self.folder, job)
        for step in self.steps:
            if step.name in self.hits:
                self._tell_cached(step, self.hits[step.name])
        if len(self.hits) == len(self.steps):
            return
        try:
            self._follow(executor.start(self.folder, warm), timeout)
        except MfbenchError as error:
            self.outcome = Outcome("failed", {**error.as_dict(), "code": error.exit_code})

    def _tell_cached(self, step: JobStep, hit: CachedStep) -> None:
        self.writer.write("step.started", step.name, True)
        for kind, *fields in hit.events:
            self.writer.write(kind, *fields)
        for name, (digest, size) in hit.outputs.items():
            self.artifact(f"{step.name}/{name}", digest, size, "")
        self.writer.write("step.ended", step.name, step.key, "finished", True, 0.0, _sizes(hit), None)
        self.results[step.name] = hit

    def _follow(self, execution: Execution, timeout: float | None) -> None:
        tail = Tail(self.folder / "events")
        deadline = time.monotonic() + timeout if timeout else None
        ended: Exit | None = None
        while ended is None:
            ended = execution.poll(0.05)
            self._take_printed(execution)
            self._take(tail)
            if ended is None and self.stopping:
                self.outcome = Outcome("stopped")
                ended = execution.stop(GRACE)
            elif ended is None and deadline is not None and time.monotonic() > deadline:
                told = f"the run took longer than its timeout of {seconds(timeout or 0)}"
                self.outcome = Outcome("timeout", _error("Timeout", told, "set run.timeout in the recipe"))
                ended = execution.stop(GRACE)
        self._take_printed(execution)
        self._take(tail)
        missing = [step.name for step in self.steps if step.name not in self.results]
        if self.outcome.status == "finished" and missing:
            hint = "the log has what it printed: mfbench runs logs " + self.id
            if ended.signal == signal.SIGKILL:
                hint = "if nobody killed it, the machine ran out of memory; " + hint
            told = f"the worker ended in step {missing[0]}: {ended}"
            self.outcome = Outcome("failed", _error("WorkerDied", told, hint))

    def _take_printed(self, execution: Execution) -> None:
        for line in execution.printed():
            if line.strip():
                self.writer.write("log", "output", redact(line, self.variables))

    def _take(self, tail: Tail) -> None:
        """New events of the worker; a finished step's files become blobs and a cache entry."""
        for _, _, kind, *fields in tail.poll():
            if kind == "step.started":
                self._open[fields[0]] = []
            elif kind in TOLD_AGAIN:
                for events in self._open.values():
                    events.append([kind, *fields])
            elif kind == "step.ended" and fields[0] in self._open:
                self._step_ended(fields, self._open.pop(fields[0]))

    def _step_ended(self, fields: list[Any], events: list[list[Any]]) -> None:
        name, key, status, _, took, outputs, error = fields[:7]
        taken: dict[str, tuple[str, int]] = {}
        for output in outputs:
            taken[output] = self.blobs.take(self.folder / WORK / name / output)
            self.artifact(f"{name}/{output}", *taken[output], "")
        if status == "finished":
            self.results[name] = CachedStep(step=name, run=self.id, seconds=took, outputs=taken, events=events)
            self.cache.put(key, self.results[name])
        else:
            self.outcome = Outcome("failed", error)

    def end(self, finish: Callable[[], Outcome]) -> None:
        """Gates and registration where all steps are done; then the last event."""
        if self.outcome.status == "finished" and not self.stopping:
            try:
                self.outcome = finish()
            except MfbenchError as error:
                self.outcome = Outcome("failed", {**error.as_dict(), "code": error.exit_code})
        remove_tree(self.folder / WORK)
        outcome = self.outcome if not self.stopping else Outcome("stopped")
        self.writer.write("run.ended", outcome.status, outcome.error, outcome.model)
        self.writer.close()


def remove_tree(folder: Path) -> None:
    """The worker's folder; its files live on as blobs."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _sizes(hit: CachedStep) -> dict[str, int]:
    return {name: size for name, (_, size) in hit.outputs.items()}


def _error(kind: str, message: str, hint: str) -> dict[str, Any]:
    return {"type": kind, "message": message, "where": None, "hint": hint, "code": 1}
