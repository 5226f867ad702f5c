"""From a recipe to its steps. Light: reads the data's bytes for their digest, and nothing else of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mfbench.core.about import __version__
from mfbench.core.plugins import load as load_plugin
from mfbench.core.text import did_you_mean
from mfbench.data.source import digest_sources, find_files, format_of
from mfbench.engine.keys import StepPlan, estimator_code, keyed
from mfbench.recipe.gates import parse_gate
from mfbench.recipe.loaded import LoadedRecipe
from mfbench.stats.metrics import METRICS, defaults, names
from mfbench.worker.job import JobStep

# The sources whose change makes a step's cached result worthless. Named here, not in the steps themselves:
# reading them there would import every framework just to find out that nothing has to run.
CODE = {
    "ingest": ("steps/ingest.py", "data"),
    "check": ("steps/check.py", "data/checks.py"),
    "split": ("steps/split.py", "data/split.py"),
    "features": (
        "steps/features.py",
        "steps/precheck.py",
        "bundle/model.py",
        "features",
        "flavors",
        "data",
    ),
    "train": ("steps/train.py", "features", "flavors"),
    "refit": ("steps/refit.py", "steps/train.py", "steps/precheck.py", "features", "flavors"),
    "evaluate": ("steps/evaluate.py", "features", "flavors", "stats", "bundle/model.py"),
    "package": ("steps/package.py", "features", "flavors", "bundle"),
}


def plan_recipe(loaded: LoadedRecipe, memory: Path | None = None) -> list[JobStep]:
    """Every step of the recipe that a worker runs. Raises RecipeError for names that cannot be right."""
    check_names(loaded)
    recipe, tree = loaded.recipe, loaded.tree
    data, task, seed = tree["data"], recipe.recipe.task, recipe.run.seed
    files = find_files(recipe.data.source, loaded.folder)
    source = digest_sources(files, memory)
    read = {name: data[name] for name in ("csv", "target", "positive", "weight")}
    read["format"] = format_of(files, recipe.data.format)
    # A file's ending says how it is read: the same bytes under another one are another table.
    endings = sorted({file.suffix.lower() for file in files})
    # Nothing depends on the check step: it comes before the rest, and ends the run where it fails.
    nowhere = {"source": "", "target": ""}  # for steps that read the ingested table
    chooses = {name: data[name] for name in ("key", "weight", "use", "exclude")}
    flavor = load_plugin("mfbench.flavors", recipe.model.flavor)
    libraries = ("polars", "numpy", "scipy", "scikit-learn", "skops", *flavor.distributions)
    model = tree["model"]
    shape = {**model, "params": {k: v for k, v in model["params"].items() if _nested(v)}}
    chosen = list(recipe.evaluate.metrics)
    info = tree["recipe"]
    step, refit = _step, recipe.data.split.refit
    plans = [
        step("ingest", (), {"data": read, "task": task, "source_digest": source, "endings": endings}, ("polars",),
             {"data": {"source": data["source"]}}),
        step("check", ("ingest",), {"data": {**nowhere, "key": data["key"], "checks": data["checks"]}}, ("polars",)),
        step("split", ("ingest",), {"split": {**data["split"], "refit": False}, "task": task, "seed": seed},
             ("polars", "scikit-learn", "numpy")),
        step("features", ("ingest", "split"),
             {"data": {**nowhere, **chooses, "split": {"by": data["split"]["by"]}}, "task": task,
              "features": tree["features"], "model": shape},
             libraries),
        step("train", ("ingest", "split", "features"), {"model": model, "task": task, "seed": seed},
             libraries),
        step("evaluate", ("ingest", "split", "features", "train"),
             {"model": model, "task": task, "metrics": chosen, "key": data["key"]},
             libraries),
        *([step("refit", ("ingest", "features"), {"model": model, "task": task, "seed": seed},
                libraries)] if refit else []),
        step("package", ("ingest", "split", "features", "train", "evaluate", *(["refit"] if refit else [])),
             {"model": model, "task": task, "split": data["split"], "target": data["target"],
              "name": (tree["register"] or {}).get("model") or info["name"],
              "description": info["description"], "mfbench": __version__,
              "reading": {"format": read["format"], "csv": data["csv"]}},
             libraries),
    ]  # fmt: skip
    own = estimator_code(tree["model"], loaded.folder)
    return keyed(plans, dict.fromkeys(("features", "train", "evaluate", "refit", "package"), own) if own else None)


def check_names(loaded: LoadedRecipe) -> None:
    """Metrics that exist for the task, gates on metrics that are computed."""
    recipe = loaded.recipe
    task = recipe.recipe.task
    for i, name in enumerate(recipe.evaluate.metrics):
        if name not in METRICS:
            hint = did_you_mean(name, names(task))
            raise loaded.error(("evaluate", "metrics", i), f"there is no metric {name!r}", hint)
        if METRICS[name].task != task:
            hint = did_you_mean("", names(task))
            raise loaded.error(("evaluate", "metrics", i), f"{name} is no metric for {task}", hint)
    computed = recipe.evaluate.metrics or defaults(task)
    for i, text in enumerate(recipe.register.gates if recipe.register else ()):
        metric = parse_gate(text).metric
        if metric not in computed:
            hint = did_you_mean(metric, computed)
            raise loaded.error(("register", "gates", i), f"the gate's metric {metric!r} is not evaluated", hint)


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
