"""From a recipe's [run] and a workspace's [environment] to what an executor is asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from mfbench.core.errors import UsageError, WorkspaceError
from mfbench.core.structs import make_ready
from mfbench.core.text import did_you_mean, parse_duration, parse_size
from mfbench.data.source import find_files
from mfbench.executors.environment import Asked
from mfbench.recipe.environment import UnsetVariableError, expand, names, redact
from mfbench.recipe.loaded import LoadedRecipe
from mfbench.recipe.own_code import needed_modules, own_sources
from mfbench.recipe.schema import Env
from mfbench.worker.job import JobSpec
from mfbench.workspace.workspace import Workspace

SHOWN = 5  # versions that are others


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[environment] in config.toml: how environments are made on this machine. Its strings may hold `${NAME}`.

    base: the image below every environment that names none. wheelhouse: a folder with wheels, relative to the
    workspace's folder. network: of the installation, as Docker calls it. args: environment variables of the
    installation, such as proxies. keep: how long gc leaves an environment that nobody uses.
    """

    base: str = ""
    wheelhouse: str | None = None
    index: str | None = None
    extra_index: tuple[str, ...] = ()
    network: str | None = None
    args: dict[str, str] = {}
    keep: str = "30d"


def settings_of(workspace: Workspace | None) -> Settings:
    """Raises WorkspaceError where config.toml says something else."""
    if workspace is None:
        return Settings()
    table, where = workspace.config.get("environment", {}), str(workspace.root / "config.toml")
    known = [field.name for field in msgspec.structs.fields(Settings)]
    for key in table if isinstance(table, dict) else ():
        if key not in known:
            raise WorkspaceError(f"[environment] has no key {key!r}", where=where, hint=did_you_mean(key, known))
    try:
        found = msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        raise WorkspaceError(f"[environment] cannot be read: {error}", where=where) from None
    try:
        parse_duration(found.keep)
    except ValueError as error:
        raise WorkspaceError(f"[environment] keep: {error}", where=where) from None
    return found


def settings_variables(workspace: Workspace | None) -> set[str]:
    """The environment variables that [environment] names, whose values are not to be told."""
    return names(workspace.config.get("environment", {})) if workspace else set()


def asked_of(loaded: LoadedRecipe, workspace: Workspace | None) -> tuple[Asked, list[str]]:
    """(what the recipe's run needs to be installed, remarks). Raises UsageError for requirements that cannot be."""
    from mfbench.executors.lock import default_lock

    env = loaded.recipe.run.env
    if env.requirements is None:
        requirements, remarks = default_lock(needed_packages(loaded)), list[str]()
    else:
        requirements, remarks = _named_lock(loaded, env.requirements)
    return ask(requirements, env.base or "", env.apt, workspace), remarks


def _named_lock(loaded: LoadedRecipe, name: str) -> tuple[str, list[str]]:
    """The recipe's own requirements with remarks on them. Raises RecipeError where they are none."""
    from mfbench.executors.lock import read_lock

    try:
        return read_lock(loaded.folder / name, name)
    except UsageError as error:
        raise loaded.error(("run", "env", "requirements"), error.message, error.hint) from None


def unheeded(loaded: LoadedRecipe, executor: str) -> list[str]:
    """What of run.env an executor leaves aside that installs nothing, with the versions that are others here."""
    from mfbench.core.versions import version

    env, remarks = loaded.recipe.run.env, list[str]()
    if env == Env():
        return remarks
    remarks.append(f"run.env is not heeded: the executor {executor} runs with what is installed here")
    if env.requirements is not None:
        text, _ = _named_lock(loaded, env.requirements)
        pins = (line.partition("==")[::2] for line in text.splitlines() if "==" in line)
        other = [(name, pin, version(name)) for name, pin in pins if version(name) != pin]
        remarks += [f"{name} is {found or 'not installed'} here, and {pin} in {env.requirements}"
                    for name, pin, found in other[:SHOWN]]  # fmt: skip
    return remarks


def ask(requirements: str, base: str, apt: tuple[str, ...], workspace: Workspace | None) -> Asked:
    """These packages as the workspace's configuration has them installed; its base image where `base` is ""."""
    settings = settings_of(workspace)
    try:
        filled: dict[str, Any] = expand(msgspec.to_builtins(settings))
    except UnsetVariableError as error:
        name, where = error.args[0], str(workspace.root / "config.toml") if workspace else None
        told = f"[environment]: the environment variable {name} is not set"
        raise WorkspaceError(told, where=where, hint=f"set it before: export {name}=…") from None
    filled.pop("keep")
    if settings.wheelhouse is not None and workspace is not None:
        wheels = workspace.root.parent.absolute() / Path(filled["wheelhouse"]).expanduser()
        filled["wheelhouse"] = os.path.normpath(wheels)
    filled["base"] = base or settings.base
    return msgspec.convert({**filled, "requirements": requirements, "apt": apt}, Asked)


def needed_packages(loaded: LoadedRecipe) -> tuple[str, ...]:
    """Top-level modules beside mfbench's own that the recipe's estimators, or the code beside it, import."""
    return tuple(sorted(needed_modules(estimators(loaded.tree), loaded.folder)))


def estimators(tree: dict[str, Any]) -> dict[str, Any]:
    """Every model of the recipe, the candidates of its search too."""
    candidates = (tree["tune"] or {}).get("candidates", {})
    return {**tree["model"], "candidates": list(candidates.values())} if candidates else dict(tree["model"])


def job_of(loaded: LoadedRecipe, cpus: int, place: str, variables: tuple[str, ...]) -> JobSpec:
    """The job without what the run itself fills in: its id, folders and steps."""
    run, folder = loaded.recipe.run, loaded.folder.resolve()
    data = loaded.recipe.data
    sources = find_files(data.source, folder)
    if data.split.source:
        sources += find_files(data.split.source, folder)
    own = [folder / name for name in own_sources(estimators(loaded.tree), folder)]
    reads = (redact(str(path), set(variables)) for path in (*sources, *own))
    return JobSpec(
        run="", recipe_folder=str(folder), blobs="", steps=(), cpus=cpus, environment=place, network=run.network,
        memory=parse_size(run.memory) if run.memory else None, secrets=run.secrets, variables=variables,
        reads=tuple(dict.fromkeys(reads)),
    )  # fmt: skip


make_ready(Settings, Asked)
