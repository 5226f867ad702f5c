"""Plug-ins by entry point: list names without importing, load exactly one."""

from __future__ import annotations

from typing import Any

from mfbench.core.errors import MissingPluginError
from mfbench.core.text import did_you_mean

# The in-tree ones are known without reading any metadata, which costs 40 ms of a cached run.
# They are the same as in pyproject.toml; a test compares the two.
IN_TREE = {
    "mfbench.executors": {
        "docker": "mfbench.executors.docker.executor:DockerExecutor",
        "local": "mfbench.executors.local:LocalExecutor",
        "venv": "mfbench.executors.venv:VenvExecutor",
    },
    "mfbench.flavors": {"sklearn": "mfbench.flavors.sklearn:SklearnFlavor"},
}


def names(group: str) -> list[str]:
    """The names of every plug-in in `group`; imports none of them."""
    from importlib.metadata import entry_points

    return sorted({*IN_TREE[group], *(point.name for point in entry_points(group=group))})


def load(group: str, name: str) -> Any:
    """The plug-in `name` of `group`. Raises MissingPluginError that lists what is installed."""
    target = IN_TREE[group].get(name)
    if target:
        from importlib import import_module

        module, _, attribute = target.partition(":")
        return getattr(import_module(module), attribute)
    from importlib.metadata import entry_points

    for point in entry_points(group=group, name=name):
        return point.load()
    kind = group.rpartition(".")[2].removesuffix("s")
    raise MissingPluginError(f"no {kind} {name!r} is installed", hint=did_you_mean(name, names(group)))
