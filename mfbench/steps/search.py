"""Searches for the best settings on the folds of the training rows; what it finds is what later steps use."""

from __future__ import annotations

import shutil
import time
from typing import Any

import msgspec

from mfbench.core import jsonio
from mfbench.core.plugins import load as load_plugin
from mfbench.core.text import parse_duration, plural
from mfbench.journal.line import pack_number
from mfbench.journal.reader import read_events
from mfbench.recipe.environment import expand
from mfbench.recipe.schema import Data, Evaluate, Feature, Model, Tune
from mfbench.recipe.space import axes
from mfbench.stats.metrics import greater_is_better
from mfbench.steps.chosen import BEST
from mfbench.steps.context import StepContext
from mfbench.tuning.coordinator import Coordinator, Told, spent
from mfbench.tuning.evaluator import Job
from mfbench.tuning.goal import objectives
from mfbench.tuning.outcome import choose, front_of, importance
from mfbench.tuning.pool import Pool
from mfbench.tuning.settings import as_written, settle, start_values
from mfbench.tuning.study import FILE, Search

STAGES = 8  # into so many a fit is divided, where its iterations are what is pruned on


def run(ctx: StepContext) -> None:
    tune, model = ctx.typed(Tune, "tune"), ctx.typed(Model, "model")
    features = ctx.typed(dict[str, Feature], "features")
    task, seed, data = ctx.config["task"], ctx.config["seed"], ctx.typed(Data, "data")
    names = objectives(tune, ctx.typed(Evaluate, "evaluate"), task)
    greater = [bool(greater_is_better(name)) for name in names]
    recorded = as_written(tune, ctx.written["tune"])
    written = msgspec.structs.replace(model, params=ctx.written["model"]["params"])
    space = axes(recorded)
    steps = STAGES if tune.prune_on == "iterations" else data.split.folds
    search = Search(ctx.run_folder, ctx.config["name"], tune, space, greater, seed, steps)
    known = told_before(ctx) if search.begun_before else {}
    coordinator = Coordinator(search, tune, model, features, names, greater, ctx.emit, known)
    ctx.emit("search", {"names": names, "greater": greater, "limit": coordinator.limit, "timeout": tune.timeout})
    if search.begun_before:
        ctx.log(f"the search goes on: {plural(coordinator.resume(), 'finished trial')} kept")
    else:
        search.start_from(start_values(space, written, features))
    ctx.log(f"searching {', '.join(space)} by {' and '.join(names)} on {plural(data.split.folds, 'fold')}")
    began, job = time.monotonic(), _job(ctx, tune, data, names)
    pool = Pool(job, min(tune.parallel, coordinator.limit or tune.parallel), ctx.cpus)
    try:
        coordinator.run(pool, parse_duration(tune.timeout) if tune.timeout else None)
    finally:
        pool.close()
        shutil.rmtree(job.folder, ignore_errors=True)
    coordinator.tune, coordinator.model = recorded, written
    _conclude(ctx, coordinator, names, greater, spent(began))


def _job(ctx: StepContext, tune: Tune, data: Data, names: tuple[str, ...]) -> Job:
    """What every evaluator has to know; paths are absolute, as its folder is not ours."""
    return Job(
        data_file=str(ctx.input("ingest", "data.parquet").absolute()),
        split_file=str(ctx.input("split", "split.parquet").absolute()),
        folder=str((ctx.folder.parent / ".folds").absolute()),
        recipe_folder=str(ctx.recipe_folder.absolute()),
        data=data,
        task=ctx.config["task"],
        outcome=ctx.json("ingest", "facts.json")["target_columns"],
        names=names,
        seed=ctx.config["seed"],
        cpus=ctx.cpus,
        stages=STAGES if tune.prune_on == "iterations" else 0,
        ask=tune.pruner != "none",
    )


def _conclude(ctx: StepContext, found: Coordinator, names: tuple[str, ...], greater: list[bool], took: str) -> None:
    complete = found.complete()
    front = front_of(complete, greater)
    best, why = choose(complete, front, greater)
    told = complete[best]
    chosen = {name: expand(value) if name.startswith("features.") else value for name, value in told.params.items()}
    model, features = settle(chosen, found.model, found.features, found.tune)
    ctx.output(BEST).write_bytes(jsonio.pretty({"trial": best, "model": model, "features": features}))
    ctx.output("trials.json").write_bytes(jsonio.pretty({
        "objectives": [{"name": name, "greater": more} for name, more in zip(names, greater, strict=True)],
        "sampler": found.tune.sampler, "pruner": found.tune.pruner,
        "folds": ctx.typed(Data, "data").split.folds, "best": best, "why": why, "ended": found.why,
        "front": front if len(names) > 1 else [],
        "importance": importance(found.search.study, ctx.config["seed"]),
        "trials": [{"number": number, **_plain(one)} for number, one in sorted(found.told.items())],
    }))  # fmt: skip
    shutil.copyfile(ctx.run_folder / FILE, ctx.output(FILE))
    estimator = load_plugin("mfbench.flavors", model.flavor)().estimator_name(model, ctx.config["task"])
    settled = {"model.estimator": estimator, **{f"model.{key}": value for key, value in model.params.items()}}
    settled |= {name: value for name, value in told.params.items() if name.startswith("features.")}
    for name, value in settled.items():
        ctx.emit("param", name, pack_number(value) if isinstance(value, float) else value)
    for part, value in (("trial", best), ("trials", found.done)):
        ctx.emit("param", f"search.{part}", value)
    assert told.values is not None
    values = ", ".join(f"{name} {value:.4g}" for name, value in zip(names, told.values, strict=True))
    states = [one.state for one in found.told.values()]
    lost = "".join(f", {states.count(state)} {state}" for state in ("pruned", "failed") if state in states)
    ctx.log(f"{plural(found.done, 'trial')}{lost} in {took} ({found.why}); trial {best} is {why}: {values}")


def _plain(told: Told) -> dict[str, Any]:
    return {"state": told.state, "values": told.values, "params": told.params, "seconds": told.seconds,
            "scores": told.scores, "error": told.error}  # fmt: skip


def told_before(ctx: StepContext) -> dict[int, Told]:
    """The trials that earlier workers of this run have ended, from the run's journal."""
    found: dict[int, Told] = {}
    for _, _, kind, *fields in read_events(ctx.run_folder / "events"):
        if kind == "trial.ended":
            number, state, values, error, params, scores, seconds = fields[:7]
            found[number] = msgspec.convert(
                {"state": state, "values": values, "params": params, "scores": scores, "seconds": seconds,
                 "error": error}, Told)  # fmt: skip
    return found
