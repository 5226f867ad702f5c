"""The user's own code that a recipe names: estimators that stand beside it, and what they import from there."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SKIPPED = {"venv", "node_modules", "site-packages", "tests"}


def dotted_estimators(model: dict[str, Any]) -> list[str]:
    """Every estimator in [model] that is named by a dotted path, those inside of parameters too."""
    return sorted({name for name in _named(model) if "." in name})


def own_sources(model: dict[str, Any], folder: Path) -> dict[str, bytes]:
    """The Python files beside the recipe, by name, when one of its estimators stands there; else none.

    All of them: an estimator may import its neighbours. Packages count whole, hidden folders not at all.
    """
    tops = {name.partition(".")[0] for name in dotted_estimators(model)}
    if not any((folder / f"{top}.py").is_file() or (folder / top).is_dir() for top in tops):
        return {}
    packages = [path.parent for path in folder.glob("*/__init__.py") if _wanted(path.parent)]
    inner = [folder / top for top in tops if (folder / top).is_dir()]
    files = {*folder.glob("*.py"), *(path for package in {*packages, *inner} for path in package.rglob("*.py"))}
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(files)}


def needed_modules(model: dict[str, Any], folder: Path) -> set[str]:
    """Top-level modules beside mfbench's and Python's own that these estimators, or the code beside them, import."""
    own = own_sources(model, folder)
    tops = {name.partition(".")[0] for name in dotted_estimators(model)}
    tops |= {top for content in own.values() for top in _imported(content)}
    beside = {name.partition("/")[0].removesuffix(".py") for name in own}
    return tops - beside - sys.stdlib_module_names - {"mfbench"}


def _imported(content: bytes) -> set[str]:
    """The top-level modules that a Python file imports anywhere. A file that is none will say so itself later."""
    try:
        nodes = list(ast.walk(ast.parse(content)))
    except (SyntaxError, ValueError):
        return set()
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    given = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.partition(".")[0] for name in plain | given}


def _wanted(package: Path) -> bool:
    return not package.name.startswith(".") and package.name not in _SKIPPED


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("estimator"), str):
            yield value["estimator"]
        for item in value.values():
            yield from _named(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _named(item)


def make_importable(folder: Path) -> None:
    """An estimator may stand beside its recipe. Last on the path: a file there never hides an installed module."""
    path = str(folder.resolve())
    if path not in sys.path:
        sys.path.append(path)
