"""From a TOML file to a LoadedRecipe. Light: nothing here reads data or imports a framework."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from mfbench.core.errors import RecipeError
from mfbench.core.text import did_you_mean
from mfbench.recipe.convert import to_recipe
from mfbench.recipe.environment import UnsetVariableError, expand
from mfbench.recipe.loaded import Key, LoadedRecipe, Override, Source
from mfbench.recipe.rules import NAME as NAME
from mfbench.recipe.rules import check_rules
from mfbench.recipe.syntax import explain

_SET = 'for example --set model.max_iter=200 or --set \'data.use=["age", "income"]\''


def load_recipe(path: Path, overrides: tuple[str, ...] = (), text: str | None = None) -> LoadedRecipe:
    """The recipe in `path` with `--set` words laid over it. Raises RecipeError that points to the place.

    text: what stood in the file when a run began that is taken up again.
    """
    text = _read(path) if text is None else text
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = explain(str(error), text)
        raise RecipeError(problem.message, where=f"{path}:{problem.line}:{problem.column}", hint=problem.hint) from None
    except RecursionError:
        raise RecipeError("tables or lists stand in each other too deep", where=str(path)) from None
    layers = [_override(word) for word in overrides]
    source = Source(path, text, tuple(override for override, _ in layers))
    tree = _written_out(tree, source)
    for override, layer in layers:
        if override.key == ("tune", "space") and isinstance(tree.get("tune"), dict):
            tree["tune"].pop("space", None)  # a whole space takes the place of the other
        _merge(tree, _written_out(layer, Source(path, text, (override,))))
    full = _filled(tree, (), source)
    recipe = to_recipe(full, source)
    check_rules(recipe, source)
    return LoadedRecipe(source, recipe, _overlay(msgspec.to_builtins(recipe), tree))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = [item.name for item in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, near) if near else "make an example with: mfbench init --demo"
        raise RecipeError("there is no such recipe", where=str(path), hint=hint) from None
    except IsADirectoryError:
        near = sorted(item.name for item in path.glob("*.toml"))
        hint = f"in it: {', '.join(near[:12])}" if near else "name a .toml file"
        raise RecipeError("expected a recipe's file, found a folder", where=str(path), hint=hint) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        column = error.start - error.object.rfind(b"\n", 0, error.start)
        found = f"expected UTF-8 text, found the byte 0x{error.object[error.start]:02x}"
        raise RecipeError(found, where=f"{path}:{line}:{column}", hint="save the file as UTF-8") from None
    except OSError as error:
        raise RecipeError(f"the recipe cannot be read: {error.strerror}", where=str(path)) from None


def _override(word: str) -> tuple[Override, dict[str, Any]]:
    """`key.path=value` as a key and a tree; a value that is not TOML is taken as a string."""
    key, equals, value = word.partition("=")
    if not equals or not key.strip():
        raise RecipeError(f"expected key=value, found {word!r}", where=f"--set {word}", hint=_SET)
    try:
        inner: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        raise RecipeError(f"expected a dotted key, found {key!r}", where=f"--set {word}", hint=_SET) from None
    path: list[str] = []
    while isinstance(inner, dict):
        [(name, inner)] = inner.items()
        path.append(name)
    try:
        layer = tomllib.loads(f"{key} = {value}")
        if len(layer) != 1:
            raise tomllib.TOMLDecodeError  # a second line: not one value, so text
    except tomllib.TOMLDecodeError:
        layer = tomllib.loads(f"{key} = {msgspec.json.encode(value).decode()}")
    return Override(word, tuple(path)), layer


def _merge(tree: dict[str, Any], layer: dict[str, Any]) -> None:
    """Lays a word's tree over. A table joins the one that is there, but an entry of a search space takes its place."""
    for key, value in layer.items():
        entry = isinstance(value, dict) and value.keys() & {"range", "choices"}
        if isinstance(value, dict) and isinstance(tree.get(key), dict) and not entry:
            _merge(tree[key], value)
        else:
            tree[key] = value


def _written_out(tree: dict[str, Any], source: Source) -> dict[str, Any]:
    """The tree as plain JSON values, its short forms written out."""
    tree = _plain(tree, (), source)
    data, features, model = tree.get("data"), tree.get("features"), tree.get("model")
    if isinstance(data, dict) and isinstance(data.get("source"), dict):
        raise source.error(("data", "source"), "a query as source is not built yet", "name a file, a glob or a list")
    if isinstance(features, dict):
        tree["features"] = {k: {"expr": v} if isinstance(v, str) else v for k, v in features.items()}
    if isinstance(model, dict):
        tree["model"] = _model(model, ("model",), source)
    if isinstance(tree.get("tune"), dict):
        tree["tune"] = _tune(tree["tune"], source)
    return tree


def _model(model: dict[str, Any], table: Key, source: Source) -> dict[str, Any]:
    """A model's table with its bare keys as `params`."""
    own = ("flavor", "estimator", *(("space",) if len(table) > 1 else ()))
    known = {key: model[key] for key in own if key in model}
    extra = {key: item for key, item in model.items() if key not in (*own, "params")}
    explicit = model.get("params", {})
    if isinstance(explicit, dict):
        for key in extra.keys() & explicit.keys():
            name = ".".join(str(part) for part in table)
            raise source.error((*table, key), f"{key!r} is given twice: in [{name}] and in [{name}.params]")
        explicit = {**extra, **explicit}
    return {**known, "params": explicit}


def _tune(tune: dict[str, Any], source: Source) -> dict[str, Any]:
    """[tune] with every entry of its spaces written out."""
    tune = dict(tune)
    if isinstance(tune.get("space"), dict):
        tune["space"] = dict(_entries(tune["space"], ""))
    if isinstance(tune.get("candidates"), dict):
        for name, candidate in tune["candidates"].items():
            if isinstance(candidate, dict):
                made = _model(candidate, ("tune", "candidates", name), source)
                if isinstance(made.get("space"), dict):
                    made["space"] = dict(_entries(made["space"], ""))
                tune["candidates"] = {**tune["candidates"], name: made}
    return tune


def _entries(space: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """`model.depth = …` without quotes is a table in a table: names are joined again."""
    for name, value in space.items():
        if isinstance(value, dict) and not value.keys() & {"range", "choices", "when"}:
            yield from _entries(value, f"{prefix}{name}.")
        elif isinstance(value, str):
            yield prefix + name, {"range": value}
        elif isinstance(value, list):
            yield prefix + name, {"choices": value}
        else:
            yield prefix + name, value


def _plain(value: Any, key: Key, source: Source) -> Any:
    """TOML's dates as ISO text, so that a tree is JSON."""
    if isinstance(value, dict):
        return {name: _plain(item, (*key, name), source) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, (*key, i), source) for i, item in enumerate(value)]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise source.error(key, f"the number {value} is too large", "whole numbers have at most 63 bits")
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value


def _filled(value: Any, key: Key, source: Source) -> Any:
    if isinstance(value, dict):
        return {name: _filled(item, (*key, name), source) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, (*key, i), source) for i, item in enumerate(value)]
    try:
        return expand(value)
    except UnsetVariableError as error:
        name = error.args[0]
        hint = f"set it before: export {name}=…"
        raise source.error(key, f"the environment variable {name} is not set", hint) from None


def _overlay(tree: Any, raw: Any) -> Any:
    """The full tree with the placeholders of the raw one put back."""
    if isinstance(tree, dict) and isinstance(raw, dict):
        return {key: _overlay(item, raw.get(key)) for key, item in tree.items()}
    if isinstance(tree, list | tuple):
        items = raw if isinstance(raw, list) else [None] * len(tree)
        return [_overlay(item, other) for item, other in zip(tree, items, strict=True)]
    return raw if isinstance(raw, str) and "${" in raw else tree
