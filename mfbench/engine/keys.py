"""A step's key: what its result depends on, as one digest.

It covers the keys of what the step depends on, its configuration, its code, the versions that matter and the
digest of its source data. Nothing else may influence what a step writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from mfbench.core.hashing import digest_bytes, digest_value
from mfbench.core.versions import code_digest, normalized, version
from mfbench.executors.environment import Environment
from mfbench.recipe.environment import expand
from mfbench.recipe.own_code import needed_modules, own_sources
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


def keyed(
    plans: list[StepPlan],
    environment: Environment,
    external: dict[str, str] | None = None,
    before: list[JobStep] | None = None,
) -> list[JobStep]:
    """The steps with their keys in this environment; `external` adds digests (name to digest) to single steps' keys,
    `before` are steps that have theirs and that these may depend on."""
    keys: dict[str, str] = {step.name: step.key for step in before or ()}
    steps = []
    for plan in plans:
        parts = [
            [keys[need] for need in plan.needs],
            expand(plan.config),
            code_digest(*COMMON, *plan.code),
            environment.digest(plan.versions),
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


def estimator_code(model: dict[str, Any], folder: Path, environment: Environment) -> str | None:
    """What stands for the code of a recipe's own estimators in a key; None where all are scikit-learn's.

    What lies beside the recipe is the content of its files. So is a package that is installed here as a link to its
    sources; any other, also one that the recipe's own code imports, is its version.
    """
    own = own_sources(model, folder)
    parts = {name: digest_bytes(content) for name, content in own.items()}
    for top in needed_modules(model, folder) - {"sklearn"}:
        parts[top] = _installed_there(top, environment) if environment.place else _installed_code(top)
    return digest_value(parts) if parts else None


def _installed_there(top: str, environment: Environment) -> str:
    known = environment.versions.get(normalized(top))
    if known:
        return f"{top}=={known}"
    return digest_value(environment.versions)  # a module of another name than its distribution: it may be any of them


def _installed_code(top: str) -> str:
    from importlib.util import find_spec

    try:
        spec = find_spec(top)
    except ValueError:  # such as __main__
        return "missing"
    origin = Path(spec.origin) if spec and spec.origin else None
    if origin is None or not origin.is_file():
        return "missing"
    known = version(top)
    if known and {"site-packages", "dist-packages"} & set(origin.parts):
        return f"{top}=={known}"
    sources = sorted(origin.parent.rglob("*.py")) if origin.name == "__init__.py" else [origin]
    return digest_value([[path.name, digest_bytes(path.read_bytes())] for path in sources])


def _merged(config: dict[str, Any], free: dict[str, Any]) -> dict[str, Any]:
    laid = {key: {**config.get(key, {}), **value} if isinstance(value, dict) else value for key, value in free.items()}
    return {**config, **laid}
