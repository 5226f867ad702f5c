"""A step's key: what its result depends on, as one digest.

It covers the keys of what the step depends on, its configuration, its code, the versions that matter and the
digest of its source data. Nothing else may influence what a step writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from mfbench.core.hashing import digest_bytes, digest_value
from mfbench.core.versions import code_digest, python_version, version
from mfbench.recipe.environment import expand
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


def _merged(config: dict[str, Any], free: dict[str, Any]) -> dict[str, Any]:
    return {**config, **{key: {**config.get(key, {}), **value} for key, value in free.items()}}
