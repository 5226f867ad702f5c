"""From a recipe to its steps. Light: reads the data's bytes for their digest, and nothing else of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mfbench.core.about import __version__
from mfbench.core.hashing import digest_value
from mfbench.core.plugins import load as load_plugin
from mfbench.core.text import did_you_mean
from mfbench.data.source import at_home, digest_sources, find_files, format_of
from mfbench.engine.gates import check_gates
from mfbench.engine.keys import StepPlan, estimator_code, keyed
from mfbench.engine.settings import estimators
from mfbench.executors.environment import Environment, here
from mfbench.recipe.loaded import Key, LoadedRecipe
from mfbench.stats.metrics import METRICS, RESOURCES, defaults, fits, greater_is_better, names
from mfbench.worker.job import JobStep

# The sources whose change makes a step's cached result worthless. Named here, not in the steps themselves:
# reading them there would import every framework just to find out that nothing has to run.
CODE = {
    "ingest": ("steps/ingest.py", "data"),
    "check": ("steps/check.py", "data/checks.py"),
    "split": ("steps/split.py", "data/split.py", "data/units.py"),
    "leakage": ("steps/leakage.py", "steps/features.py", "data", "features"),
    "search": ("steps/search.py", "tuning", "recipe/space.py", "data/folds.py", "features", "flavors", "stats"),
    "features": ("steps/features.py", "steps/precheck.py", "bundle/model.py", "features", "flavors", "data"),
    "profile": ("steps/profile.py", "data/profile.py"),
    "train": ("steps/train.py", "features", "flavors"),
    "threshold": ("steps", "data/folds.py", "features", "flavors", "stats"),
    "intervals": ("steps/intervals.py", "steps/train.py", "data", "features", "flavors"),
    "evaluate": ("steps", "features", "flavors", "stats", "bundle/model.py"),
    "explain": ("steps", "features", "flavors", "stats", "bundle/model.py"),
    "repeats": ("steps", "features", "flavors", "stats", "bundle/model.py"),
    "refit": ("steps/refit.py", "steps/train.py", "steps/precheck.py", "features", "flavors"),
    "package": ("steps", "data/fingerprint.py", "data/units.py", "drift", "features", "flavors", "bundle"),
    "gate": ("steps/gate.py", "steps/judging", "steps/identity.py", "data", "features", "flavors", "stats", "bundle"),
}
_GIVEN = ("data", "split", "source")
_OWN = ("search", "features", "train", "threshold", "intervals", "evaluate", "explain", "repeats", "refit", "package")


def plan_recipe(
    loaded: LoadedRecipe, memory: Path | None = None, environment: Environment | None = None
) -> list[JobStep]:
    """Every step of the recipe that a worker runs, in this environment (or here). Raises RecipeError for names that
    cannot be right."""
    check_names(loaded)
    recipe, tree = loaded.recipe, loaded.tree
    data, info, model, task, seed = tree["data"], tree["recipe"], tree["model"], recipe.recipe.task, recipe.run.seed
    evaluate, split = tree["evaluate"], data["split"]
    files = find_files(recipe.data.source, loaded.folder)
    held_out = find_files(recipe.data.split.source, loaded.folder, _GIVEN) if recipe.data.split.source else []
    source = digest_sources(files, memory)
    if held_out:
        source = digest_value([source, digest_sources(held_out, memory)])
    read = {name: data[name] for name in ("csv", "target", "positive", "weight")}
    read["format"] = format_of(files, recipe.data.format)
    # A file's ending says how it is read: the same bytes under another one are another table.
    endings = sorted({file.suffix.lower() for file in (*files, *held_out)})
    # Nothing depends on the checks: they come before the rest, and end the run where they fail.
    nowhere = {"source": "", "target": ""}  # for steps that read the ingested table
    chooses = {name: data[name] for name in ("key", "weight", "use", "exclude")}
    by = {"by": split["by"], "group": split["group"]}
    divides = {**split, "refit": False, "source": "given" if held_out else None}
    flavor = load_plugin("mfbench.flavors", recipe.model.flavor)
    libraries = ("polars", "numpy", "scipy", "scikit-learn", "skops", *flavor.distributions)
    shape = {**model, "params": {k: v for k, v in model["params"].items() if _nested(v)}}
    tune, forecast = tree["tune"], tree["forecast"]
    found = ("search",) if tune else ()
    decided = ("threshold",) if isinstance(evaluate["threshold"], dict) else ("intervals",) if forecast else ()
    fitted = ("ingest", "split", *found, "features", "train")
    about = {"task": task, "seed": seed, "model": model, "features": tree["features"], "forecast": forecast}
    folded = {"data": {**nowhere, **chooses, "split": divides}}
    evaluated = {name: item for name, item in evaluate.items() if name not in ("importance", "repeats")}
    step = _step
    plans = [
        step("ingest", (),
             {"data": read, "task": task, "source_digest": source, "endings": endings,
              "forecast": forecast and {**forecast, "by": split["by"], "test": split["test"]}}, ("polars", "numpy"),
             {"data": {"source": at_home(data["source"]),
                       "split": {"source": at_home(split["source"]), "by": split["by"], "test": split["test"]}}}),
        step("check", ("ingest",), {"data": {**nowhere, "key": data["key"], "checks": data["checks"]}}, ("polars",)),
        step("split", ("ingest",), {"split": divides, "task": task, "seed": seed}, ("polars", "scikit-learn", "numpy")),
        step("leakage", ("ingest", "split"),
             {"data": {**folded["data"], "leakage": data["leakage"]}, "features": tree["features"], "task": task,
              "seed": seed}, libraries),
        *([step("search", ("ingest", "split"),
                {**about, **folded, "tune": tune, "evaluate": {"metrics": evaluate["metrics"]}},
                (*libraries, "optuna"), {"name": info["name"]})] if tune else []),
        step("features", ("ingest", "split", *found),
             {"data": {**nowhere, **chooses, "split": by}, "task": task, "features": tree["features"],
              "model": shape}, libraries),
        step("profile", ("ingest", "split", *found, "features"), {"private": data["private"]}, ("polars",)),
        step("train", fitted[:-1], {"model": model, "task": task, "seed": seed}, libraries),
        *([step(name, ("ingest", "split", *found), {**about, **folded, "evaluate": evaluated}, libraries)
           for name in decided]),
        step("evaluate", (*fitted, *decided), {**about, **folded, "evaluate": evaluated}, libraries),
        *([step("explain", (*fitted, *decided), {**about, **folded, "evaluate": evaluated},
                libraries)] if recipe.evaluate.importance else []),
        *([step("repeats", (*fitted, *decided), {**about, **folded, "evaluate": evaluate},
                libraries)] if recipe.evaluate.repeats > 1 else []),
        *([step("refit", ("ingest", *found, "features"), {"model": model, "task": task, "seed": seed},
                libraries)] if recipe.data.split.refit else []),
        step("package", (*fitted, *decided, "evaluate", *(["refit"] if recipe.data.split.refit else [])),
             {"model": model, "task": task, "split": split, "key": data["key"], "target": data["target"],
              "threshold": evaluate["threshold"], "forecast": forecast,
              "monitor": tree["monitor"], "private": data["private"], "label_delay": data["label_delay"],
              "slices": evaluate["slices"], "name": (tree["register"] or {}).get("model") or info["name"],
              "description": info["description"], "mfbench": __version__,
              "reading": {"format": read["format"], "csv": data["csv"]}},
             libraries),
    ]  # fmt: skip
    environment = environment or here()
    own = estimator_code(estimators(tree), loaded.folder, environment)
    return keyed(plans, environment, dict.fromkeys(_OWN, own) if own else None)


def plan_gate(
    loaded: LoadedRecipe, steps: list[JobStep], champion: dict[str, Any] | None, trusted: list[str]
) -> StepPlan:
    """The step that judges the gates, against the champion {name, digest} where there is one."""
    tree, flavor = loaded.tree, load_plugin("mfbench.flavors", loaded.recipe.model.flavor)
    data, register, evaluate = tree["data"], tree["register"], tree["evaluate"]
    made = {step.name for step in steps}
    needs = ("ingest", "split", "search", "features", "train", "threshold", "evaluate", "package")
    return _step(
        "gate", tuple(name for name in needs if name in made),
        {"gates": register["gates"], "confidence": register["confidence"], "min_rows": register["min_rows"],
         "resamples": evaluate["resamples"], "task": loaded.recipe.recipe.task, "seed": loaded.recipe.run.seed,
         "model": tree["model"], "features": tree["features"], "key": data["key"], "split": data["split"],
         "evaluate": evaluate, "forecast": tree["forecast"], "champion": champion, "trusted": trusted},
        ("polars", "numpy", "scipy", "scikit-learn", "skops", *flavor.distributions),
    )  # fmt: skip


def check_names(loaded: LoadedRecipe) -> None:
    """Metrics that exist for the task, gates on metrics that are computed."""
    recipe = loaded.recipe
    task = recipe.recipe.task
    for i, name in enumerate(recipe.evaluate.metrics):
        if name not in METRICS:
            hint = did_you_mean(name, names(task))
            raise loaded.error(("evaluate", "metrics", i), f"there is no metric {name!r}", hint)
        if not fits(name, task):
            hint = did_you_mean("", names(task))
            raise loaded.error(("evaluate", "metrics", i), f"{name} is no metric for {task}", hint)
    for i, name in enumerate(recipe.tune.objectives if recipe.tune else ()):
        _check_objective(loaded, name, ("tune", "objectives", i))
    watched = recipe.monitor.metric
    if watched is not None and (watched not in METRICS or not fits(watched, task)):
        told = f"{watched} is no metric for {task}" if watched in METRICS else f"there is no metric {watched!r}"
        raise loaded.error(("monitor", "metric"), told, did_you_mean(watched, names(task)))
    if recipe.tune and recipe.tune.metric:
        _check_objective(loaded, recipe.tune.metric, ("tune", "metric"))
    check_gates(loaded, recipe.evaluate.metrics or defaults(task))


def _check_objective(loaded: LoadedRecipe, name: str, key: Key) -> None:
    task = loaded.recipe.recipe.task
    known = [*(each for each in names(task) if greater_is_better(each) is not None), *RESOURCES]
    if name in names(task) and name not in known:
        told = f"{name} is not better for being more, nor less: a search needs something to make better"
        raise loaded.error(key, told, did_you_mean("", known))
    if name not in known:
        told = f"{name} is no metric for {task}" if name in METRICS else f"there is no metric {name!r}"
        raise loaded.error(key, told, did_you_mean(name, known))


def _step(
    name: str,
    needs: tuple[str, ...],
    config: dict[str, Any],
    versions: tuple[str, ...],
    free: dict[str, Any] | None = None,
) -> StepPlan:
    return StepPlan(
        name=name, call=f"mfbench.steps.{name}", needs=needs, config=config, free=free or {}, code=CODE[name],
        versions=versions,
    )  # fmt: skip


def _nested(value: Any) -> bool:
    """Whether a parameter holds an estimator, which decides what the features have to look like."""
    return isinstance(value, dict) or (isinstance(value, list | tuple) and any(_nested(item) for item in value))
