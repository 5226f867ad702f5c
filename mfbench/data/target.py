"""The column to predict: a column or an expression, its classes, and the weight of a row."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import polars as pl

from mfbench.core.errors import FitError
from mfbench.core.text import did_you_mean, plural
from mfbench.data.complaints import as_toml, kind_of
from mfbench.data.expressions import evaluate, roots
from mfbench.recipe.schema import Data

TARGET = "__target__"
WEIGHT = "__weight__"
KEY = ("data", "target")
MOST_CLASSES = 200
FEW_CLASSES = 20  # more than these, and only a few rows each: rather a number or a name than a class


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """The table with TARGET (and WEIGHT): class codes 0..k-1 or floats; rows without a target are gone.

    `classes[code]` is the class as it stands in the data; the positive class of two is the last one. `dropped_nulls`
    is the share of nulls that each column has in the rows without a target.
    """

    frame: pl.DataFrame
    classes: list[Any]
    dropped: int
    dropped_nulls: dict[str, float]
    target_columns: list[str]
    source: pl.DataFrame | None = None

    @property
    def raw(self) -> pl.DataFrame:
        """The rows as they were: of forecasts, those that they were made of."""
        return self.frame if self.source is None else self.source


def add_target(frame: pl.DataFrame, data: Data, task: str) -> Ingested:
    """Computes target and weight. Raises FitError naming the recipe's key."""
    for reserved in (TARGET, WEIGHT):
        if reserved in frame.columns:
            raise FitError(("data", "source"), f"the data has a column {reserved!r}, a name that mfbench needs")
    target = _value(frame, data.target, KEY)
    if target.dtype.is_float():
        target = target.fill_nan(None)
    kept = target.is_not_null()
    dropped = int((~kept).sum())
    if dropped == frame.height:
        raise FitError(KEY, f"the target {data.target!r} has no value in any of the {plural(dropped, 'row')}")
    nulls = frame.filter(~kept).null_count().row(0, named=True)
    shares = {name: count / dropped for name, count in nulls.items()} if dropped else {}
    frame, target = frame.filter(kept), target.filter(kept)
    columns = _read_by(frame, data.target)
    if data.weight is not None:
        frame = frame.with_columns(_weight(frame, data.weight).alias(WEIGHT))
    facts: dict[str, Any] = {"dropped": dropped, "dropped_nulls": shares, "target_columns": columns}
    if task != "classification":
        return Ingested(frame=frame.with_columns(_number(target, data, task)), classes=[], **facts)
    if target.dtype.is_float():
        target = target.set(target == 0, 0.0)  # -0.0 is the same class
    classes = _classes(target, data)
    # Text is the one form that every class type has; the codes keep the order of `classes`.
    texts = target.cast(pl.String)
    code = texts.replace_strict(_texts(target, classes), list(range(len(classes))), return_dtype=pl.Int32)
    return Ingested(frame=frame.with_columns(code.alias(TARGET)), classes=classes, **facts)


def _value(frame: pl.DataFrame, text: str, key: tuple[str | int, ...]) -> pl.Series:
    """A column by its name, else an expression."""
    if text in frame.columns:
        return frame[text]
    if text.replace("_", "").isalnum():  # a bare name that is not there: say so, not what SQL makes of it
        raise FitError(key, f"there is no column {text!r}", did_you_mean(text, frame.columns))
    try:
        return evaluate(frame, text)
    except ValueError as error:
        if re.fullmatch(r"[\w .-]+", text):
            raise FitError(key, f"there is no column {text!r}", did_you_mean(text, frame.columns)) from None
        raise FitError(key, str(error)) from None


def _read_by(frame: pl.DataFrame, text: str) -> list[str]:
    """The columns that a column's name or an expression reads."""
    return [text] if text in frame.columns else list(dict.fromkeys(roots(text)))


def _number(target: pl.Series, data: Data, task: str) -> pl.Series:
    name = repr(data.target)
    if not (target.dtype.is_numeric() or target.dtype == pl.Boolean):
        odd = target
        if target.dtype == pl.String:
            odd = target.filter(target.cast(pl.Float64, strict=False).is_null())
        found = f", for example {odd[0]!r}" if len(odd) and target.dtype == pl.String else ""
        hint = "is the task a classification?" if target.n_unique() <= MOST_CLASSES else "name a column of numbers"
        word = "forecast" if task == "forecasting" else task
        raise FitError(KEY, f"a {word}'s target is a number; {name} is {kind_of(target.dtype)}{found}", hint)
    number = target.cast(pl.Float64)
    infinite = int(number.is_infinite().sum())
    if infinite:
        hint = f'to leave them out: target = "case when abs({data.target}) < 1e300 then {data.target} end"'
        raise FitError(KEY, f"the target {name} is infinite in {plural(infinite, 'row')}", hint)
    return number.alias(TARGET)


def _weight(frame: pl.DataFrame, text: str) -> pl.Series:
    key = ("data", "weight")
    weight = _value(frame, text, key)
    if not weight.dtype.is_numeric():
        raise FitError(key, f"a weight is a number; {text!r} is {kind_of(weight.dtype)}")
    weight = weight.cast(pl.Float64)
    good = (weight.is_finite() & (weight >= 0)).fill_null(value=False)
    bad = int((~good).sum())
    if bad:
        first = weight.filter(~good)[0]
        found = "nothing" if first is None else f"{first:g}"
        raise FitError(key, f"{text!r} is no weight in {plural(bad, 'row')}: expected 0 or more, found {found}")
    if not weight.sum():
        raise FitError(key, f"{text!r} is 0 in every row: nothing would be learned")
    return weight


def _classes(target: pl.Series, data: Data) -> list[Any]:
    name = repr(data.target)
    if target.dtype.is_nested() or target.dtype.is_temporal():
        hint = "write an expression that is true or false, such as \"x > date '2026-01-31'\""
        raise FitError(KEY, f"the target {name} is {kind_of(target.dtype)}, which has no classes", hint)
    classes = target.unique().sort().to_list()
    count, rows = len(classes), len(target)
    if count < 2:
        hint = "two classes at least are needed: is it the right column, are rows missing?"
        raise FitError(
            KEY, f"the target {name} has only one class, {as_toml(classes[0])}, in {plural(rows, 'row')}", hint
        )
    if count > MOST_CLASSES or count > max(FEW_CLASSES, rows / 4):
        hint = "is the task a regression?" if target.dtype.is_numeric() else "is it the right column?"
        raise FitError(
            KEY, f"the target {name} has {count:,} different values in {rows:,} rows: too many classes", hint
        )
    if data.positive is not None:
        same = [item for item in classes if item == data.positive and _alike(item, data.positive)]
        shown = ", ".join(as_toml(item) for item in classes[:10]) + (" …" if count > 10 else "")
        if not same:
            told = f"expected one of the target's classes, {shown}; found {as_toml(data.positive)}"
            texts = {as_toml(item).strip('"').lower(): as_toml(item) for item in classes}
            meant = texts.get(str(data.positive).lower())
            raise FitError(("data", "positive"), told, f"write positive = {meant}" if meant else None)
        if count != 2:
            told = f"a positive class needs two classes; {name} has {count}: {shown}"
            raise FitError(("data", "positive"), told, "take the line out, or make two classes by an expression")
        classes.remove(same[0])
        classes.append(same[0])
    return classes


def _alike(label: Any, positive: Any) -> bool:
    """In Python True equals 1; as a class it does not."""
    return isinstance(label, bool) == isinstance(positive, bool)


def _texts(target: pl.Series, classes: list[Any]) -> list[str]:
    return pl.Series(classes, dtype=target.dtype).cast(pl.String).to_list()
