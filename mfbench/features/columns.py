"""Which columns become features and of what kind: as the recipe says, else inferred, and told either way."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Literal

import msgspec
import polars as pl

from mfbench.core.errors import FitError
from mfbench.core.structs import make_ready
from mfbench.core.text import did_you_mean
from mfbench.data.complaints import kind_of
from mfbench.data.expressions import evaluate, parse
from mfbench.data.forecast import known_in_advance
from mfbench.data.target import TARGET, WEIGHT
from mfbench.data.units import ORIGIN
from mfbench.recipe.schema import Data, Feature, Kind, Part

_OURS = re.compile(r"__.*__")  # columns that mfbench or a writer of files adds, such as __index_level_0__
MANY = 100  # text with more different values than this, most of them met once, is no category


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One feature: where it comes from and how it is encoded. `why` says how the kind was found."""

    name: str
    expr: str | None = None
    kind: Kind
    why: str
    encode: Literal["ordinal", "onehot"] | None = None
    min_frequency: int | None = None
    scale: Literal["standard", "none"] | None = None
    impute: Literal["median", "mean", "zero", "none"] | None = None
    parts: tuple[Part, ...] = ()


def choose_columns(frame: pl.DataFrame, data: Data, features: dict[str, Feature], outcome: list[str]) -> list[Column]:
    """The features of a training table. `outcome`: columns that make the target; like the key, and a column that
    is the weight, they are never features.

    Raises FitError for a pattern that matches nothing, an expression that reads the outcome, a wrong name.
    """
    if ORIGIN in frame.columns:
        data = known_in_advance(data, frame.columns)
    frame = frame.drop(TARGET, WEIGHT, strict=False)
    never = {name: why for name, why in ((data.weight, "is the weight"), (data.key, "is the key")) if name}
    aside = {*outcome, *never, *(name for name in frame.columns if _OURS.fullmatch(name))}
    raw: list[str] = []
    for i, pattern in enumerate(data.use):
        matches = _matches(pattern, frame.columns, ("data", "use", i))
        named = matches == [pattern]
        if named and pattern in outcome:
            raise FitError(("data", "use", i), f"{pattern!r} makes the target: it would leak the answer", "take it out")
        if named and pattern in never:
            raise FitError(("data", "use", i), f"{pattern!r} {never[pattern]}, and no feature", "take it out")
        raw += [name for name in matches if (name not in aside or named) and name not in raw]
    for i, pattern in enumerate(data.exclude):
        matches = _matches(pattern, frame.columns, ("data", "exclude", i))
        raw = [name for name in raw if name not in matches]
    private_of(frame.columns, data.private)
    if data.split.by in raw and data.split.by not in data.use:
        raw.remove(data.split.by)  # the time that splits the rows only ever grows: it is asked for by name
    for name, feature in features.items():
        if feature.expr is None and name not in frame.columns:
            hint = f'{did_you_mean(name, frame.columns)} A new column is made by an expression: {name} = "…"'
            raise FitError(("features", name), f"there is no column {name!r}", hint)
        if feature.expr is None and name in never and feature.kind != "drop":
            raise FitError(("features", name), f"{name!r} {never[name]}, and no feature", "take it out")
    wanted = [*(name for name in raw if name not in features), *features]
    columns = [_column(frame, name, features.get(name, Feature()), outcome) for name in wanted]
    if not any(column.kind != "drop" for column in columns):
        left_out = "; ".join(f"{column.name}: {column.why}" for column in columns[:5])
        hint = f"left out: {left_out}" if columns else "beside the target, `use` and `exclude` leave none"
        raise FitError(("data", "exclude" if data.exclude else "use"), "no column is left to learn from", hint)
    return columns


def private_of(names: list[str], patterns: tuple[str, ...]) -> list[str]:
    """The columns that `data.private` means. Raises FitError for a pattern that matches none."""
    found = {name for i, pattern in enumerate(patterns) for name in _matches(pattern, names, ("data", "private", i))}
    return [name for name in names if name in found]


def _matches(pattern: str, names: list[str], key: tuple[str | int, ...]) -> list[str]:
    """The columns that a name or a pattern means; a name is taken as it stands, brackets and all."""
    found = [pattern] if pattern in names else [name for name in names if fnmatchcase(name, pattern)]
    if not found:
        raise FitError(key, f"{pattern!r} matches no column", did_you_mean(pattern, names))
    return found


def _column(frame: pl.DataFrame, name: str, asked: Feature, outcome: list[str]) -> Column:
    key = ("features", name)
    if asked.expr is not None:
        try:
            expression = parse(asked.expr, frame.schema)
            values = evaluate(frame, asked.expr).alias(name)
        except ValueError as error:
            raise FitError((*key, "expr"), str(error)) from None
        reads = expression.meta.root_names()
        if not reads:
            told = f"{asked.expr!r} reads no column: it is the same in every row"
            raise FitError((*key, "expr"), told, f"columns: {', '.join(frame.columns[:12])}")
        leaked = sorted(set(reads) & set(outcome))
        if leaked:
            told = f"{asked.expr!r} reads {leaked[0]!r}, which makes the target: it would leak the answer"
            raise FitError((*key, "expr"), told, "take the feature out, or read another column")
    elif name in outcome:
        raise FitError(key, f"{name!r} makes the target: it would leak the answer", "take it out")
    else:
        values = frame[name]
    kind, why = (asked.kind, "as the recipe says") if asked.kind else _infer(values)
    _fits(values, kind, key)
    _options(asked, kind, key)
    parts = asked.parts or _parts(values) if kind == "datetime" else ()
    return Column(
        name=name, expr=asked.expr, kind=kind, why=why, encode=asked.encode, min_frequency=asked.min_frequency,
        scale=asked.scale, impute=asked.impute, parts=parts,
    )  # fmt: skip


def _infer(values: pl.Series) -> tuple[Kind, str]:
    dtype = values.dtype
    if values.null_count() == len(values):
        return "drop", "has no value at all"
    if dtype.is_numeric() or dtype == pl.Boolean or dtype in (pl.Duration, pl.Time):
        return ("drop", "has one value only") if values.n_unique() == 1 else ("numeric", kind_of(dtype))
    if isinstance(dtype, pl.Date | pl.Datetime):
        return "datetime", kind_of(dtype)
    if dtype == pl.String:
        different = values.n_unique()
        if different == 1:
            return "drop", "has one value only"
        if different > MANY and different > len(values) / 2:
            return "drop", f"text with {different:,} different values; set its kind to keep it"
        return "categorical", f"text, {different:,} different values"
    return "drop", f"{kind_of(dtype)} is no kind of feature"


def _fits(values: pl.Series, kind: Kind, key: tuple[str, str]) -> None:
    dtype = values.dtype
    numeric = dtype.is_numeric() or dtype == pl.Boolean or dtype in (pl.Duration, pl.Time, pl.Null)
    odd = (
        (kind == "numeric" and not numeric)
        or (kind == "datetime" and not isinstance(dtype, pl.Date | pl.Datetime))
        or (kind == "categorical" and dtype.is_nested())
    )
    if odd:
        some = values.drop_nulls().head(1).to_list()
        example = f", for example {some[0]!r}" if some and dtype == pl.String else ""
        right, _ = _infer(values)
        hint = f"kind = {right!r} fits" if right not in ("drop", kind) else "kind = 'drop' leaves it out"
        raise FitError((*key, "kind"), f"{key[1]!r} cannot be {kind}: it is {kind_of(dtype)}{example}", hint)


def _options(asked: Feature, kind: Kind, key: tuple[str, str]) -> None:
    belongs = {"encode": "categorical", "min_frequency": "categorical", "scale": "numeric", "impute": "numeric",
               "parts": "datetime"}  # fmt: skip
    for option, owner in belongs.items():
        if getattr(asked, option) is not None and kind != owner:
            fitting = [name for name, other in belongs.items() if other == kind]
            hint = f"for a {kind} column: {', '.join(fitting)}" if fitting else f"the column is left out as {kind!r}"
            raise FitError((*key, option), f"{option!r} is for {owner} columns; {key[1]!r} is {kind}", hint)
    if asked.min_frequency is not None and asked.min_frequency < 1:
        raise FitError((*key, "min_frequency"), f"min_frequency: expected at least 1, found {asked.min_frequency}")


def _parts(values: pl.Series) -> tuple[Part, ...]:
    """What usually repeats: not the year or a running number, which a model cannot extrapolate."""
    if values.dtype == pl.Date:
        return ("month", "day", "weekday")
    return ("month", "day", "weekday", "hour", "minute")


make_ready(list[Column])
