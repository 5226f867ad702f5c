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
class Override:
    """One `--set` word and the key that it sets."""

    word: str
    key: Key


@dataclass(frozen=True)
class Source:
    """The text of a recipe, its file, and the `--set` words laid over it."""

    path: Path
    text: str
    overrides: tuple[Override, ...] = ()

    @cached_property
    def _positions(self) -> dict[Key, tuple[int, int]]:
        return positions(self.text)

    def where(self, key: Key) -> str:
        """'file:line:column' of the key, or of the nearest table above it that is written down.

        What `--set` has laid over the file is pointed to as '--set key=value'.
        """
        spellings = _spellings(key)
        for override in reversed(self.overrides):
            if any(spelled[: len(override.key)] == override.key for spelled in spellings):
                return f"--set {override.word}"
        tables = {path[:-1] for path in self._positions}
        for spelled in spellings:
            below = (word for word in reversed(self.overrides) if spelled and word.key[: len(spelled)] == spelled)
            if spelled not in tables and (deeper := next(below, None)):  # it stands in the place of a value
                return f"--set {deeper.word}"
            if spelled in self._positions:
                return self._place(spelled)
        while key and key not in self._positions:
            key = key[:-1]
        return self._place(key)

    def _place(self, key: Key) -> str:
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
        model = {key: item for key, item in self.tree["model"].items() if key != "params"}
        given = self.tree["model"]["params"]
        clash = {key: item for key, item in given.items() if key in model}  # as the recipe has to write them, too
        flat = {key: item for key, item in given.items() if key not in model}
        return dict(_dotted({**self.tree, "model": {**flat, **model, "params": clash}}, ""))


def _spellings(key: Key) -> list[Key]:
    """A parameter of the estimator stands in [model] or in [model.params]."""
    if len(key) > 1 and key[0] == "model" and key not in (("model", "flavor"), ("model", "estimator")):
        rest = key[2:] if key[1] == "params" else key[1:]
        return [("model", "params", *rest), ("model", *rest)] if rest else [key]
    return [key]


def _dotted(value: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _dotted(item, f"{prefix}.{key}" if prefix else key)
    elif value is not None and value not in ("", [], ()):
        yield prefix, value
