"""The driver: a detached process that owns one run from plan to registration.

It outlives the face that started it. It has no threads but the one that fsyncs, and imports no framework, so
that it can fork its worker. Everything that it decides is an event in its own segment; the worker writes another.
"""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from mfbench.core import jsonio
from mfbench.core.errors import FitError, MfbenchError
from mfbench.core.machine import available_cpus
from mfbench.core.plugins import load as load_plugin
from mfbench.core.text import parse_duration, parse_size
from mfbench.engine.champion import with_gates
from mfbench.engine.outcome import GATE, GATES, Outcome, finish_recipe
from mfbench.engine.place import ENVIRONMENT, place_of
from mfbench.engine.planned import Plan, find_hits
from mfbench.engine.provenance import CodeState, looks_secret, machine
from mfbench.engine.rehearsal import rehearse
from mfbench.engine.resume import recall
from mfbench.engine.run import Report, Run
from mfbench.engine.settings import estimators, job_of, settings_variables
from mfbench.executors.auto import choose
from mfbench.executors.warm import WarmWorker
from mfbench.recipe.environment import names as variable_names
from mfbench.recipe.load import load_recipe
from mfbench.recipe.loaded import LoadedRecipe
from mfbench.recipe.own_code import own_sources
from mfbench.registry.models import Version
from mfbench.worker.job import JobSpec, JobStep
from mfbench.workspace.workspace import Workspace, create, find, require


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a face asks for. `workspace` is a folder, made when missing once the recipe has been found right.

    `resume`: a run that goes on with what it was asked then; the rest is as it was told there.
    `text`: what stood in the recipe's file when the run was queued, or when the one that it repeats began.
    `queued`: the queue's entry that it comes from.
    """

    recipe: str
    workspace: str
    overrides: tuple[str, ...] = ()
    executor: str | None = None
    name: str | None = None
    resume: str | None = None
    text: str | None = None
    queued: str | None = None


def prepare(request: Request) -> tuple[LoadedRecipe, Request]:
    """The recipe that is asked for; of a resumed run, the one that it ran, with all that was asked then."""
    if request.resume is None:
        return load_recipe(Path(request.recipe), request.overrides, request.text), request
    loaded, about = recall(require(request.workspace), request.resume)
    asked = {"overrides": tuple(about["overrides"]), "executor": about["wanted_executor"], "name": about["name"]}
    return loaded, msgspec.structs.replace(request, **asked)


def drive(request: Request, report: Report, loaded: LoadedRecipe | None = None) -> None:
    """One run of a recipe, from check to registration. Tells `report` the run's id, or an error."""
    loaded, request = prepare(request) if loaded is None else (loaded, request)
    recipe = loaded.recipe
    workspace = find(named=request.workspace)
    wanted = request.executor or recipe.run.executor
    name, chosen = choose(wanted)
    place, chosen = place_of(name, chosen, loaded, workspace)
    name = place.executor.name
    code = CodeState(loaded.folder)
    cpus = recipe.run.cpus or available_cpus()
    try:
        plan = Plan(loaded, workspace, place.environment, request.resume)
        warm = None if plan.is_cached and place.environment else rehearse(loaded, cpus, elsewhere=place.elsewhere)
    except FitError as error:
        raise loaded.error(error.key, error.message, error.hint) from None
    home = workspace or create(Path(request.workspace))
    variables = tuple(sorted(variable_names(loaded.tree)))
    about = {
        "name": request.name or loaded.tree["recipe"]["name"],
        "recipe": loaded.tree["recipe"]["name"],
        "file": loaded.source.path.name,
        "executor": name,
        "wanted_executor": wanted,
        "chosen": chosen,
        "environment": place.told,
        "tags": loaded.tree["recipe"]["tags"],
        "seed": recipe.run.seed,
        "cpus": cpus,
        "memory": parse_size(recipe.run.memory) if recipe.run.memory else None,
        "overrides": list(request.overrides),
        "variables": sorted({*variables, *recipe.run.secrets, *settings_variables(workspace)}),
        "steps": [
            *(() if place.environment else [ENVIRONMENT]),
            *(step.name for step in plan.steps),
            *(["register"] if recipe.register else []),
        ],
        **({"queued": request.queued} if request.queued else {}),
        **machine(),
    }
    run = Run(home, plan.steps if place.environment else [], plan.hits, about, report, request.resume)

    def work() -> Outcome:
        if chosen:
            run.writer.write("log", "info", f"executor {name}: {chosen}")
        record(run, loaded, code)
        if place.environment is None:
            if request.resume is None:  # else it says by now which steps there are
                run.plan(job_of(loaded, cpus, "", variables))
            place.make(run)
            plan.anew(home, place.environment)
            run.steps, run.hits = plan.steps, plan.hits
        assert place.environment is not None
        place.record(run)
        timeout = parse_duration(recipe.run.timeout) if recipe.run.timeout else None
        job = job_of(loaded, cpus, place.environment.place, variables)
        run.execute(place.executor, warm, msgspec.structs.replace(job, given=plan.given), timeout)
        if run.outcome.status != "finished" or run.stopping:
            return run.outcome

        def rejudge(champion: Version | None) -> dict[str, Any]:
            """The gates once more, by a worker that is handed this champion."""
            run.steps, again = with_gates(loaded, plan.steps, champion, home, place.environment)
            run.hits = {name: result for name, result in run.results.items() if name != GATE}
            run.results.pop(GATE, None)
            run.execute(place.executor, None, msgspec.structs.replace(job, given=again), timeout)
            if run.outcome.error:
                raise MfbenchError(run.outcome.error["message"], hint=run.outcome.error["hint"])
            judged: dict[str, Any] = jsonio.loads(run.blobs.read(run.results[GATE].outputs[GATES][0]))
            return judged

        reason = (loaded.tree["register"] or {}).get("description", "")
        return finish_recipe(home, recipe, run.id, run.writer, run.results, reason, rejudge)

    run.end(work)


def drive_steps(workspace: Workspace, name: str, steps: list[JobStep], report: Report) -> None:
    """One run of any steps on this machine, without a recipe: cached, journaled and followed the same way."""
    hits = find_hits(steps, workspace)
    cpus = available_cpus()
    warm = None if len(hits) == len(steps) else WarmWorker(bytes, cpus)
    names = [step.name for step in steps]
    about = {"name": name, "recipe": None, "executor": "local", "tags": {}, "cpus": cpus, "steps": names, **machine()}
    run = Run(workspace, steps, hits, about, report)

    def work() -> Outcome:
        job = JobSpec(run="", recipe_folder=str(run.folder.resolve()), blobs="", cpus=cpus, steps=())
        run.execute(load_plugin("mfbench.executors", "local")(), warm, job)
        return run.outcome

    run.end(work)


def record(run: Run, loaded: LoadedRecipe, code: CodeState) -> None:
    """Params, and what is needed to repeat the run beside its environment: recipe, commit, uncommitted changes."""
    flavor = load_plugin("mfbench.flavors", loaded.recipe.model.flavor)()
    estimator = flavor.estimator_name(loaded.recipe.model, loaded.recipe.recipe.task)
    params = {"model.estimator": estimator, **loaded.params()}
    run.writer.write_many("param", [(key, plain_param(value)) for key, value in params.items()])
    facts, patch = code.collect()
    if facts:
        run.writer.write_many("param", [(f"git.{key}", value) for key, value in facts.items()])
    run.keep("recipe.toml", loaded.source.text.encode(), "application/toml")
    if patch:
        run.keep("uncommitted.patch", patch)
    for name, content in own_sources(estimators(loaded.tree), loaded.folder).items():
        if looks_secret(name, content):
            told = f"{name} looks as if it held a secret and is not recorded: nobody can repeat the run once it changes"
            run.writer.write("log", "warning", told)
        else:
            run.keep(f"code/{name}", content, "text/x-python")


def plain_param(value: Any) -> Any:
    """JSON has no infinity, and `C = inf` is a param worth seeing."""
    return str(value) if isinstance(value, float) and not isfinite(value) else value
