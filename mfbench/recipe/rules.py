"""What the types of a recipe cannot say and the data is not needed for."""

from __future__ import annotations

import codecs
import re

from mfbench.core.plugins import IN_TREE, names
from mfbench.core.text import did_you_mean, parse_duration
from mfbench.recipe.gates import parse_gate
from mfbench.recipe.loaded import Key, Source
from mfbench.recipe.schema import Check, Data, Recipe, Split

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)  # no such file can exist on NTFS
_NAME_HINT = "letters, digits, '-', '_' and '.', at most 63, beginning with a letter or digit"


def check_rules(recipe: Recipe, source: Source) -> None:
    """Raises RecipeError for the first rule that is broken."""
    _names(recipe, source)
    _data(recipe.data, recipe.recipe.task, source)
    _split(recipe.data.split, recipe.recipe.task, source)
    for i, check in enumerate(recipe.data.checks):
        _check(check, ("data", "checks", i), source)
    run = recipe.run
    _duration(run.timeout, ("run", "timeout"), source)
    if run.cpus is not None and run.cpus < 1:
        raise source.error(("run", "cpus"), f"cpus: expected at least 1, found {run.cpus}")
    if not 0 <= run.seed < 2**32:
        raise source.error(("run", "seed"), f"seed: expected a number from 0 to 2**32 - 1, found {run.seed}")
    for i, gate in enumerate(recipe.register.gates if recipe.register else ()):
        try:
            parse_gate(gate)
        except ValueError as error:
            raise source.error(("register", "gates", i), str(error)) from None


def _names(recipe: Recipe, source: Source) -> None:
    written: list[tuple[Key, str | None]] = [(("recipe", "name"), recipe.recipe.name)]
    if recipe.register:
        written += [(("register", "model"), recipe.register.model), (("register", "alias"), recipe.register.alias)]
    for key, name in written:
        if name is not None and (not NAME.fullmatch(name) or name.endswith(".")):
            raise source.error(key, f"{name!r} cannot be a name", f"expected {_NAME_HINT}")
        if name is not None and _RESERVED.fullmatch(name):
            raise source.error(
                key, f"{name!r} cannot be a name: Windows reserves it", f"for example '{name[:3]}-model'"
            )
    plugins = [("model", "flavor", recipe.model.flavor)]
    if recipe.run.executor != "auto":
        plugins.append(("run", "executor", recipe.run.executor))
    for table, kind, name in plugins:
        group = f"mfbench.{kind}s"
        if name not in IN_TREE[group] and name not in (known := names(group)):
            hint = did_you_mean(name, [*known, *(["auto"] if kind == "executor" else [])])
            raise source.error((table, kind), f"there is no {kind} {name!r}", hint)


def _data(data: Data, task: str, source: Source) -> None:
    texts = {"source": data.source, "target": data.target, "key": data.key, "weight": data.weight}
    for name, value in texts.items():
        if value == "":
            raise source.error(("data", name), f"data.{name} is empty")
        if value == ():
            raise source.error(("data", name), f"data.{name} is an empty list: expected at least one file")
    if "" in data.source and not isinstance(data.source, str):
        raise source.error(("data", "source", data.source.index("")), "data.source has an empty entry")
    if data.positive is not None and task != "classification":
        raise source.error(("data", "positive"), "only a classification has a positive class", "take the line out")
    csv, key = data.csv, ("data", "csv")
    if len(csv.separator.encode()) != 1:
        hint = 'one character such as ",", ";" or "\\t" (a tab)'
        raise source.error((*key, "separator"), f"csv.separator: expected one character, found {csv.separator!r}", hint)
    if csv.decimal_comma and csv.separator == ",":
        hint = 'usual beside it: separator = ";"'
        raise source.error((*key, "decimal_comma"), "a comma cannot be the separator and the decimal point", hint)
    try:
        codecs.lookup(csv.encoding)
    except LookupError:
        hint = did_you_mean(csv.encoding, ("utf-8", "latin-1", "cp1252", "utf-16"))
        raise source.error((*key, "encoding"), f"there is no encoding {csv.encoding!r}", hint) from None


def _split(split: Split, task: str, source: Source) -> None:
    key = ("data", "split")
    _duration(split.gap, (*key, "gap"), source)
    if isinstance(split.test, str):
        _duration(split.test, (*key, "test"), source, "or a share of the rows without quotes, such as 0.2")
    elif not 0 < split.test < 1:
        hint = '0.2 holds out a fifth of the rows; with `by` also a duration such as "28d"'
        raise source.error((*key, "test"), f"split.test: expected a share between 0 and 1, found {split.test:g}", hint)
    if split.by is None and (split.gap is not None or isinstance(split.test, str)):
        which, value = ("gap", split.gap) if split.gap is not None else ("test", split.test)
        hint = 'for example split = { by = "day", test = "28d", gap = "1d" }'
        raise source.error((*key, which), f"{which} = {value!r} is a time: it needs `by`, the column of the time", hint)
    if split.by is not None and split.stratify:
        raise source.error((*key, "stratify"), "a split by time cannot be stratified", "take `stratify` or `by` out")
    if split.stratify and task != "classification":
        raise source.error((*key, "stratify"), "only a classification's split can be stratified", "take the key out")


def _check(check: Check, key: Key, source: Source) -> None:
    by_column = {"type": check.type, "nulls": check.nulls, "min": check.min, "max": check.max,
                 "allowed": check.allowed, "unique": check.unique or None}  # fmt: skip
    asked = [name for name, rule in by_column.items() if rule is not None]
    if check.column is None and asked:
        raise source.error(key, f"this check lacks `column`, which {asked[0]!r} is about", 'column = "NAME"')
    if not asked and check.min_rows is None and check.max_rows is None:
        hint = f"add one of: {', '.join(by_column)}, min_rows, max_rows"
        raise source.error(key, "this check checks nothing", hint)
    if check.nulls is not None and not 0 <= check.nulls <= 1:
        hint = "0.0 allows none, 0.05 one row in twenty"
        raise source.error((*key, "nulls"), f"nulls: expected a share from 0 to 1, found {check.nulls:g}", hint)


def _duration(text: str | None, key: Key, source: Source, alternative: str | None = None) -> None:
    if text is not None:
        try:
            parse_duration(text)
        except ValueError as error:
            raise source.error(key, f"{'.'.join(str(part) for part in key[-2:])}: {error}", alternative) from None
