"""From plain values to a Recipe: every value is held against its declared type, and told in words."""

from __future__ import annotations

import re
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from mfbench.core.text import did_you_mean, nearest
from mfbench.recipe.loaded import Key, Source
from mfbench.recipe.schema import Recipe, Table

_WORDS: dict[Any, str] = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
_TRUTH = {"true": "true", "yes": "true", "on": "true", "1": "true"} | dict.fromkeys(
    ("false", "no", "off", "0"), "false"
)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_EXAMPLES = {
    "name": 'for example name = "my-model"',
    "task": 'task = "classification" or task = "regression"',
    "source": 'the data: source = "data.csv"; a path is relative to the recipe',
    "target": 'what to predict: target = "price", a column or an expression such as "delay > 15"',
    "recipe": "a recipe begins with [recipe], its name and task",
    "data": "[data] names the source and the target",
}
_TABLES = {
    "split": "for example split = { test = 0.2 }",
    "space": "an entry is a range, '15..127' or 'log 0.01..0.3', or a list of values, [5, 20, 100]",
    "csv": 'for example csv = { separator = ";" }',
    "features": 'a feature is an expression, hour = "extract(hour from day)", or a table, { kind = "categorical" }',
}


def to_recipe(tree: dict[str, Any], source: Source) -> Recipe:
    """Raises RecipeError that points to the first value that is not what its key asks for."""
    _check(tree, Recipe, (), source)
    return msgspec.convert(tree, Recipe)


def spoken(key: Key) -> str:
    """'data.use, entry 2': a key as a person counts."""
    text = ""
    for before, part in zip((None, *key), key, strict=False):
        told = f"entry {part + 1}" if isinstance(part, int) else part
        text += f"{', ' if isinstance(part, int) or isinstance(before, int) else '.'}{told}"
    return text.lstrip(".")


def found(value: Any) -> str:
    """A value of a recipe with its type, for messages."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 60 else f"the text {value[:60] + '…'!r}"
    return ("true" if value else "false") if isinstance(value, bool) else f"the number {value}"


def _check(value: Any, kind: Any, key: Key, source: Source) -> None:
    options = _options(kind)
    for option in options:
        if _is_a(value, option):
            _check_inside(value, option, key, source)
            return
    message = f"{spoken(key)}: expected {_any_of(options)}, found {found(value)}"
    raise source.error(key, message, _remedy(value, options, key))


def _check_inside(value: Any, kind: Any, key: Key, source: Source) -> None:
    if get_origin(kind) is dict:
        for name, item in value.items():
            _check(item, get_args(kind)[1], (*key, name), source)
    elif get_origin(kind) is tuple:
        for i, item in enumerate(value):
            _check(item, get_args(kind)[0], (*key, i), source)
    elif _is_table(kind):
        fields = get_type_hints(kind)
        for name in value:
            if name not in fields:
                raise source.error((*key, name), *_unknown(name, value[name], key, list(fields)))
        for field in msgspec.structs.fields(kind):
            if field.required and field.name not in value:
                what = f"the table [{field.name}]" if _is_table(fields[field.name]) else repr(field.name)
                holder = f"[{spoken(key)}]" if key else "the recipe"
                raise source.error(key, f"{holder} lacks {what}", _EXAMPLES.get(field.name))
        for name, item in value.items():
            _check(item, fields[name], (*key, name), source)


def _unknown(name: str, value: Any, key: Key, fields: list[str]) -> tuple[str, str]:
    """The message about a key that does not exist, and the nearest one that does."""
    tables = get_type_hints(Recipe)
    homes = [table for table, kind in tables.items() if _is_table(kind) and name in get_type_hints(kind)]
    homes += ["data.split"] * (name in ("by", "gap", "test", "stratify")) if key != ("data", "split") else []
    if key:
        message = f"there is no key {name!r} in [{spoken(key)}]"
    else:
        message = f"there is no table [{name}]" if isinstance(value, dict) else f"the key {name!r} stands in no table"
    if homes and not nearest(name, fields):
        return message, f"{name!r} belongs in [{homes[0]}]"
    return message, did_you_mean(name, fields, limit=20)


def _options(kind: Any) -> list[Any]:
    """The types that a value may have; a key is left out where it has none."""
    if get_origin(kind) in (Union, types.UnionType):
        return [option for item in get_args(kind) for option in _options(item)]
    return [] if kind is type(None) else [kind]


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Table)


def _is_a(value: Any, kind: Any) -> bool:
    origin = get_origin(kind)
    if kind is Any:
        return True
    if origin is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if origin is dict or _is_table(kind):
        return isinstance(value, dict)
    if origin is tuple:
        return isinstance(value, list | tuple)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is kind


def _any_of(options: list[Any]) -> str:
    ranked = [kind for kind in _WORDS if kind in options and not (kind is int and float in options)]
    others = [option for option in options if option not in _WORDS]
    return " or ".join([_WORDS[kind] for kind in ranked] + [_told(option) for option in others])


def _told(kind: Any) -> str:
    origin = get_origin(kind)
    if origin is Literal:
        return " or ".join(repr(item) for item in get_args(kind))
    if origin is tuple:
        return f"a list of {_any_of(_options(get_args(kind)[0]))}".replace("list of a table", "list of tables")
    return "a table"


def _remedy(value: Any, options: list[Any], key: Key) -> str | None:
    """How the value would have to be written, where that can be guessed."""
    name = str(key[-1]) if key else ""
    left = "" if key and isinstance(key[-1], int) else f"{name} = "
    choices = [item for option in options if get_origin(option) is Literal for item in get_args(option)]
    if isinstance(value, str):
        if choices:
            return did_you_mean(value, choices)
        if any(get_origin(option) is tuple and str in _options(get_args(option)[0]) for option in options):
            return f'write {left}["{value}"]'
        if bool in options and value.lower() in _TRUTH:
            return f"write {left}{_TRUTH[value.lower()]} without quotes"
        if {int, float} & set(options) and _NUMBER.fullmatch(value):
            return f"write {left}{value} without quotes"
    elif isinstance(value, bool | int | float) and (str in options or choices):
        return f'text stands in quotes: {left}"{str(value).lower()}"'
    elif isinstance(value, dict) and any(get_origin(option) is tuple for option in options):
        return f"each table of the list begins with [[{spoken(key)}]]"
    if _is_table(options[0]):
        return _TABLES.get(name if len(key) < 2 or key[-2] != "features" else "features")
    return None
