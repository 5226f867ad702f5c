"""A recipe together with where it came from, so that every later error can point into the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mfbench.core.errors import RecipeError
from mfbench.recipe.positions import positions
from mfbench.recipe.schema import Recipe

Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Source:
    """The text of a recipe, its file, and the `--set` words laid over it."""

    path: Path
    text: str
    overrides: tuple[str, ...] = ()

    @cached_property
    def _positions(self) -> dict[Key, tuple[int, int]]:
        return positions(self.text)

    def where(self, key: Key) -> str:
        """'file:line:column' of the key, or of the nearest table above it that is written down."""
        dotted = ".".join(str(part) for part in key)
        for word in self.overrides:
            name = word.partition("=")[0].strip()
            if f"{dotted}.".startswith(f"{name}.") or f"{name}.".startswith(f"{dotted}."):
                return f"--set {word}"
        while key and key not in self._positions:
            key = key[:-1]
        line, column = self._positions.get(key, (1, 1))
        return f"{self.path}:{line}:{column}"

    def error(self, key: Key, message: str, hint: str | None = None) -> RecipeError:
        return RecipeError(message, where=self.where(key), hint=hint)


@dataclass(frozen=True)
class LoadedRecipe:
    """`recipe` has its placeholders filled; `tree` is the same as plain values with them left in."""

    source: Source
    recipe: Recipe
    tree: dict[str, Any]

    @property
    def folder(self) -> Path:
        """Paths in the recipe are relative to this folder."""
        return self.source.path.parent

    def error(self, key: Key, message: str, hint: str | None = None) -> RecipeError:
        return self.source.error(key, message, hint)

    def params(self) -> dict[str, Any]:
        """The resolved recipe as dotted keys: what a run records as its params."""
        tree = {**self.tree, "model": {**self.tree["model"], **self.tree["model"]["params"]}}
        del tree["model"]["params"]
        return dict(_dotted(tree, ""))


def _dotted(value: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _dotted(item, f"{prefix}.{key}" if prefix else key)
    elif value is not None and value not in ("", [], ()):
        yield prefix, value
