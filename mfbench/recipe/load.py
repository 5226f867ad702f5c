"""From a TOML file to a LoadedRecipe. Light: nothing here reads data or imports a framework."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from mfbench.core.errors import RecipeError
from mfbench.core.text import did_you_mean, parse_duration
from mfbench.recipe.environment import UnsetVariableError, expand
from mfbench.recipe.gates import parse_gate
from mfbench.recipe.loaded import Key, LoadedRecipe, Source
from mfbench.recipe.schema import NOT_YET, Recipe, Table

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_RESERVED = {"con", "prn", "aux", "nul"}  # no file of that name can exist on NTFS


def load_recipe(path: Path, overrides: tuple[str, ...] = ()) -> LoadedRecipe:
    """The recipe in `path` with `--set` words laid over it. Raises RecipeError that points to the place."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        near = [item.name for item in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, near) if near else "make an example with: mfbench init --demo"
        raise RecipeError("there is no such recipe", where=str(path), hint=hint) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"the recipe cannot be read: {error}", where=str(path)) from None
    source = Source(path, text, overrides)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, line, column = _syntax(str(error), text)
        raise RecipeError(message, where=f"{path}:{line}:{column}", hint="this is not valid TOML") from None
    for word in overrides:
        _override(tree, word)
    tree = _plain(tree)
    _shorthands(tree, source)
    full = _filled(tree, (), source)
    recipe = _convert(full, source)
    _rules(recipe, source)
    return LoadedRecipe(source, recipe, _overlay(msgspec.to_builtins(recipe), tree))


def _syntax(message: str, text: str) -> tuple[str, int, int]:
    match = re.search(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)", message)
    what = message[: match.start()] if match else message
    if match and match[1]:
        return what, int(match[1]), int(match[2])
    return f"{what} at the end of the file", text.count("\n") + 1, 1


def _override(tree: dict[str, Any], word: str) -> None:
    """Lays `key.path=value` over the tree; a value that is not TOML is taken as a string."""
    key, equals, value = word.partition("=")
    if not equals or not key.strip():
        raise RecipeError("expected key=value", where=f"--set {word}", hint="for example --set model.max_iter=200")
    try:
        layer = tomllib.loads(f"{key} = {value}")
    except tomllib.TOMLDecodeError:
        try:
            layer = tomllib.loads(f"{key} = {msgspec.json.encode(value).decode()}")
        except tomllib.TOMLDecodeError as error:
            raise RecipeError(f"the key cannot be read: {error}", where=f"--set {word}") from None
    _merge(tree, layer, word)


def _merge(tree: dict[str, Any], layer: dict[str, Any], word: str) -> None:
    for key, value in layer.items():
        if isinstance(value, dict) and isinstance(tree.get(key, {}), dict):
            _merge(tree.setdefault(key, {}), value, word)
        else:
            tree[key] = value


def _plain(value: Any) -> Any:
    """TOML's dates as ISO text, so that a tree is JSON."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value


def _shorthands(tree: dict[str, Any], source: Source) -> None:
    """Writes the short forms out, and refuses what later versions will read."""
    for dotted, word in NOT_YET.items():
        here: Any = tree
        keys = dotted.split(".")
        for key in keys:
            here = here.get(key) if isinstance(here, dict) else None
        if here is not None:
            raise source.error(tuple(keys), f"{dotted!r} is not built yet: {word} comes with a later version")
    if isinstance(tree.get("data"), dict) and isinstance(tree["data"].get("source"), dict):
        raise source.error(("data", "source"), "a query as source is not built yet; name a file, glob or list of them")
    features = tree.get("features")
    if isinstance(features, dict):
        tree["features"] = {k: {"expr": v} if isinstance(v, str) else v for k, v in features.items()}
    model = tree.get("model")
    if isinstance(model, dict):
        known = {key: model[key] for key in ("flavor", "estimator") if key in model}
        extra = {key: item for key, item in model.items() if key not in ("flavor", "estimator", "params")}
        explicit = model.get("params", {})
        tree["model"] = {**known, "params": {**extra, **explicit} if isinstance(explicit, dict) else explicit}


def _filled(value: Any, key: Key, source: Source) -> Any:
    if isinstance(value, dict):
        return {name: _filled(item, (*key, name), source) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, (*key, i), source) for i, item in enumerate(value)]
    try:
        return expand(value)
    except UnsetVariableError as error:
        raise source.error(key, f"the environment variable {error.args[0]} is not set") from None


def _convert(tree: dict[str, Any], source: Source) -> Recipe:
    """Table by table, so that an error inside a mapping names its key."""
    features = tree.get("features", {})
    for name, feature in features.items() if isinstance(features, dict) else ():
        _one(feature, _type_at(Recipe, ("features", name)), ("features", name), source)
    result: Recipe = _one(tree, Recipe, (), source)
    return result


def _one(value: Any, kind: Any, prefix: Key, source: Source) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        message, _, dotted = str(error).partition(" - at `")
        found = re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", dotted.rstrip("`"))
        key = (*prefix, *(int(index) if index else name for name, index in found))
        missing = re.search(r"missing required field `(.+)`", message)
        unknown = re.search(r"unknown field `(.+)`", message)
        table = ".".join(str(part) for part in key)
        if missing:
            raise source.error(key, f"{_table(table)} lacks {missing[1]!r}") from None
        if unknown:
            fields = _fields(_type_at(Recipe, key))
            hint = did_you_mean(unknown[1], fields)
            raise source.error((*key, unknown[1]), f"unknown key {unknown[1]!r} in {_table(table)}", hint) from None
        wrong = _value_at(value, key[len(prefix) :])
        choice = _enum_hint(wrong, _type_at(Recipe, key))
        raise source.error(key, f"{table or 'the recipe'}: {message[0].lower()}{message[1:]}", choice) from None


def _table(dotted: str) -> str:
    return f"[{dotted}]" if dotted else "the recipe"


def _type_at(kind: Any, key: Key) -> Any:
    """The declared type under `key`, looking through mappings, tuples and unions."""
    for part in key:
        options = [kind, *get_args(kind)] if get_origin(kind) in (Union, UnionType) else [kind]
        kind = object
        for option in options:
            if isinstance(option, type) and issubclass(option, Table):
                kind = get_type_hints(option).get(str(part), object)
            elif get_origin(option) is dict:
                kind = get_args(option)[1]
            elif get_origin(option) is tuple:
                kind = get_args(option)[0]
    return kind


def _fields(kind: Any) -> list[str]:
    for option in (kind, *get_args(kind)):
        if isinstance(option, type) and issubclass(option, Table):
            return list(option.__struct_fields__)
    return []


def _enum_hint(value: Any, kind: Any) -> str | None:
    options = [item for option in (kind, *get_args(kind)) for item in get_args(option) if isinstance(item, str)]
    return did_you_mean(value, options) if options and isinstance(value, str) else None


def _value_at(value: Any, key: Key) -> Any:
    for part in key:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _overlay(tree: Any, raw: Any) -> Any:
    """The full tree with the placeholders of the raw one put back."""
    if isinstance(tree, dict) and isinstance(raw, dict):
        return {key: _overlay(item, raw.get(key)) for key, item in tree.items()}
    if isinstance(tree, list | tuple):
        items = raw if isinstance(raw, list) else [None] * len(tree)
        return [_overlay(item, other) for item, other in zip(tree, items, strict=True)]
    return raw if isinstance(raw, str) and "${" in raw else tree


def _rules(recipe: Recipe, source: Source) -> None:
    """What the types cannot say and the data is not needed for."""
    names: list[tuple[Key, str | None]] = [(("recipe", "name"), recipe.recipe.name)]
    if recipe.register:
        names += [(("register", "model"), recipe.register.model), (("register", "alias"), recipe.register.alias)]
    for key, name in names:
        if name is not None and (not NAME.fullmatch(name) or name.lower() in _RESERVED or name.endswith(".")):
            hint = "letters, digits, '-', '_' and '.', at most 63, beginning with a letter or digit"
            raise source.error(key, f"{name!r} cannot be a name", hint)
    split = recipe.data.split
    for key, text in ((("data", "split", "gap"), split.gap), (("run", "timeout"), recipe.run.timeout)):
        _duration(text, key, source)
    if isinstance(split.test, str):
        _duration(split.test, ("data", "split", "test"), source)
    elif not 0 < split.test < 1:
        raise source.error(("data", "split", "test"), f"test = {split.test} is no share between 0 and 1")
    if split.by is None and (split.gap is not None or isinstance(split.test, str)):
        which = "gap" if split.gap is not None else "test"
        raise source.error(("data", "split", which), f"a {which} in time needs `by`, the column of the time")
    if split.by is not None and split.stratify:
        raise source.error(("data", "split", "stratify"), "a split by time cannot be stratified")
    if split.stratify and recipe.recipe.task != "classification":
        raise source.error(("data", "split", "stratify"), "only a classification's split can be stratified")
    if recipe.data.positive is not None and recipe.recipe.task != "classification":
        raise source.error(("data", "positive"), "only a classification has a positive class")
    if len(recipe.data.csv.separator) != 1:
        raise source.error(("data", "csv", "separator"), "a separator is one character")
    if recipe.run.cpus is not None and recipe.run.cpus < 1:
        raise source.error(("run", "cpus"), f"cpus = {recipe.run.cpus}: at least 1 is needed")
    if not 0 <= recipe.run.seed < 2**32:
        raise source.error(("run", "seed"), f"seed = {recipe.run.seed}: it lies between 0 and 2**32 - 1")
    for i, gate in enumerate(recipe.register.gates if recipe.register else ()):
        try:
            parse_gate(gate)
        except ValueError as error:
            raise source.error(("register", "gates", i), str(error)) from None
    for i, check in enumerate(recipe.data.checks):
        by_column = (check.type, check.nulls, check.min, check.max, check.allowed, check.unique or None)
        by_rows = (check.min_rows, check.max_rows)
        key = ("data", "checks", i)
        if check.column is None and any(rule is not None for rule in by_column):
            raise source.error(key, "this check lacks `column`")
        if all(rule is None for rule in by_column + by_rows):
            raise source.error(key, "this check checks nothing", did_you_mean("", check.__struct_fields__))


def _duration(text: str | None, key: Key, source: Source) -> None:
    if text is not None:
        try:
            parse_duration(text)
        except ValueError as error:
            raise source.error(key, str(error)) from None
