"""From a recipe to steps with keys. Light: reads the data's bytes for their digest, and nothing else of it.

A step's key covers the keys of what it depends on, its configuration, its code, the versions that matter and
the digest of its source data. Nothing else may influence what a step writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from mfbench.core.hashing import digest_bytes, digest_value
from mfbench.core.plugins import load as load_plugin
from mfbench.core.text import did_you_mean
from mfbench.core.versions import code_digest, python_version, version
from mfbench.data.source import digest_sources, find_files
from mfbench.recipe.environment import expand
from mfbench.recipe.gates import parse_gate
from mfbench.recipe.loaded import LoadedRecipe
from mfbench.stats.metrics import METRICS, defaults, names
from mfbench.worker.job import JobStep

COMMON = ("steps/context.py", "worker")


class StepPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A step before its key: `code` and `versions` are what the key covers beside `config`.

    `free` is configuration that cannot change what the step writes, and is left out of the key.
    """

    name: str
    call: str
    needs: tuple[str, ...] = ()
    config: dict[str, Any] = {}
    free: dict[str, Any] = {}
    code: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()


def keyed(plans: list[StepPlan], external: dict[str, str] | None = None) -> list[JobStep]:
    """The steps with their keys; `external` adds digests (name to digest) to single steps' keys."""
    keys: dict[str, str] = {}
    steps = []
    for plan in plans:
        parts = [
            [keys[need] for need in plan.needs],
            expand(plan.config),
            code_digest(*COMMON, *plan.code),
            {name: version(name) for name in plan.versions},
            python_version().rpartition(".")[0],
            (external or {}).get(plan.name),
        ]
        keys[plan.name] = digest_value([plan.name, plan.call, parts])
        steps.append(
            JobStep(
                name=plan.name,
                call=plan.call,
                key=keys[plan.name],
                needs=plan.needs,
                config=_merged(plan.config, plan.free),
            )
        )
    return steps


def plan_recipe(loaded: LoadedRecipe, memory: Path | None = None) -> list[JobStep]:
    """Every step of the recipe that a worker runs. Raises RecipeError for names that cannot be right."""
    check_names(loaded)
    recipe, tree = loaded.recipe, loaded.tree
    data, task, seed = tree["data"], recipe.recipe.task, recipe.run.seed
    source = digest_sources(find_files(recipe.data.source, loaded.folder), memory)
    read = {name: data[name] for name in ("format", "csv", "target", "positive", "weight")}
    nowhere = {"source": "", "target": ""}  # for steps that read the ingested table
    chooses = {name: data[name] for name in ("key", "weight", "use", "exclude")}
    flavor = load_plugin("mfbench.flavors", recipe.model.flavor)
    model = tree["model"]
    shape = {**model, "params": {k: v for k, v in model["params"].items() if _nested(v)}}
    chosen = list(recipe.evaluate.metrics)
    info = tree["recipe"]
    step, refit = _step, recipe.data.split.refit
    plans = [
        step("ingest", (), {"data": read, "task": task, "source_digest": source}, ("polars",),
             {"data": {"source": data["source"]}}),
        step("check", ("ingest",), {"data": {**nowhere, "key": data["key"], "checks": data["checks"]}}, ("polars",)),
        step("split", ("ingest", "check"), {"split": {**data["split"], "refit": False}, "task": task, "seed": seed},
             ("polars", "scikit-learn", "numpy")),
        step("features", ("ingest", "split"),
             {"data": {**nowhere, **chooses, "split": {"by": data["split"]["by"]}}, "task": task,
              "features": tree["features"], "model": shape},
             ("polars", "numpy", *flavor.distributions)),
        step("train", ("ingest", "split", "features"), {"model": model, "task": task, "seed": seed},
             ("polars", "numpy", *flavor.distributions)),
        step("evaluate", ("ingest", "split", "features", "train"),
             {"model": model, "task": task, "metrics": chosen, "key": data["key"]},
             ("polars", "numpy", *flavor.distributions)),
        *([step("refit", ("ingest", "features"), {"model": model, "task": task, "seed": seed},
                ("polars", "numpy", *flavor.distributions))] if refit else []),
        step("package", ("ingest", "split", "features", "train", "evaluate", *(["refit"] if refit else [])),
             {"model": model, "task": task, "split": data["split"], "target": data["target"],
              "name": (tree["register"] or {}).get("model") or info["name"],
              "description": info["description"]},
             ("polars", "numpy", *flavor.distributions)),
    ]  # fmt: skip
    own = estimator_code(recipe.model.estimator, loaded.folder)
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


def own_sources(estimator: str | None, folder: Path) -> dict[str, bytes]:
    """The sources of an estimator that stands beside its recipe, by name; empty for an installed one."""
    top, dot, _ = (estimator or "").partition(".")
    if not dot:
        return {}
    beside = folder / f"{top}.py"
    sources = [beside] if beside.is_file() else sorted((folder / top).rglob("*.py"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sources}


def estimator_code(estimator: str | None, folder: Path) -> str | None:
    """What stands for the estimator's code in a key: its sources, or its package's version; None for scikit-learn."""
    top, dot, _ = (estimator or "").partition(".")
    if not dot or top == "sklearn":
        return None
    sources = own_sources(estimator, folder)
    if sources:
        return digest_value({name: digest_bytes(content) for name, content in sources.items()})
    known = version(top)
    if known:
        return f"{top}=={known}"
    from importlib.util import find_spec

    spec = find_spec(top)
    origin = Path(spec.origin) if spec and spec.origin else None
    return digest_bytes(origin.read_bytes()) if origin and origin.is_file() else None


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


def _merged(config: dict[str, Any], free: dict[str, Any]) -> dict[str, Any]:
    return {**config, **{key: {**config.get(key, {}), **value} for key, value in free.items()}}


def _nested(value: Any) -> bool:
    """Whether a parameter holds an estimator, which decides what the features have to look like."""
    return isinstance(value, dict) or (isinstance(value, list | tuple) and any(_nested(item) for item in value))


# The sources whose change makes a step's cached result worthless. Named here, not in the steps themselves:
# reading them there would import every framework just to find out that nothing has to run.
CODE = {
    "ingest": ("steps/ingest.py", "data"),
    "check": ("steps/check.py", "data/checks.py"),
    "split": ("steps/split.py", "data/split.py"),
    "features": ("steps/features.py", "features", "flavors", "data/expressions.py"),
    "train": ("steps/train.py", "features", "flavors"),
    "refit": ("steps/refit.py", "steps/train.py", "features", "flavors"),
    "evaluate": ("steps/evaluate.py", "features", "flavors", "stats", "bundle/model.py"),
    "package": ("steps/package.py", "features", "flavors", "bundle"),
}
