"""The column to predict: a column or an expression, its classes, and the weight of a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from mfbench.core.errors import FitError
from mfbench.core.text import did_you_mean, plural
from mfbench.data.expressions import evaluate, roots
from mfbench.recipe.schema import Data

TARGET = "__target__"
WEIGHT = "__weight__"
KEY = ("data", "target")
MOST_CLASSES = 200


@dataclass(frozen=True)
class Ingested:
    """The table with TARGET (and WEIGHT): class codes 0..k-1 or floats; rows without a target are gone.

    `classes[code]` is the class as it stands in the data; the positive class of two is the last one.
    """

    frame: pl.DataFrame
    classes: list[Any]
    dropped: int
    target_columns: list[str]
    weight_columns: list[str]


def add_target(frame: pl.DataFrame, data: Data, task: str) -> Ingested:
    """Computes target and weight. Raises FitError naming the recipe's key."""
    for reserved in (TARGET, WEIGHT):
        if reserved in frame.columns:
            raise FitError(("data", "source"), f"the data has a column {reserved!r}, a name that mfbench needs")
    target = _value(frame, data.target, KEY)
    columns = [data.target] if data.target in frame.columns else roots(data.target)
    weights: list[str] = []
    if data.weight is not None:
        frame = frame.with_columns(_weight(frame, data.weight).alias(WEIGHT))
        weights = [data.weight] if data.weight in frame.columns else roots(data.weight)
    if target.dtype.is_float():
        target = target.fill_nan(None)
    kept = target.is_not_null()
    dropped = int((~kept).sum())
    if dropped == frame.height:
        raise FitError(KEY, f"{data.target!r} is null in every row")
    frame, target = frame.filter(kept), target.filter(kept)
    if task == "regression":
        if not (target.dtype.is_numeric() or target.dtype == pl.Boolean):
            raise FitError(KEY, f"{data.target!r} is {target.dtype}, not a number", "is the task a classification?")
        number = target.cast(pl.Float64)
        if not number.is_finite().all():
            raise FitError(KEY, f"{data.target!r} has infinite values")
        return Ingested(frame.with_columns(number.alias(TARGET)), [], dropped, columns, weights)
    classes = _classes(target, data)
    # Text is the one form that every class type has; the codes keep the order of `classes`.
    texts = target.cast(pl.String)
    code = texts.replace_strict(_texts(target, classes), list(range(len(classes))), return_dtype=pl.Int32)
    return Ingested(frame.with_columns(code.alias(TARGET)), classes, dropped, columns, weights)


def _value(frame: pl.DataFrame, text: str, key: tuple[str | int, ...]) -> pl.Series:
    """A column by its name, else an expression."""
    if text in frame.columns:
        return frame[text]
    if text.replace("_", "").isalnum():  # a bare name that is not there: say so, not what SQL makes of it
        raise FitError(key, f"there is no column {text!r}", did_you_mean(text, frame.columns))
    try:
        return evaluate(frame, text)
    except ValueError as error:
        raise FitError(key, str(error)) from None


def _weight(frame: pl.DataFrame, text: str) -> pl.Series:
    key = ("data", "weight")
    weight = _value(frame, text, key)
    if not weight.dtype.is_numeric():
        raise FitError(key, f"{text!r} is {weight.dtype}, not a number")
    weight = weight.cast(pl.Float64)
    bad = int((~(weight.is_finite() & (weight >= 0)).fill_null(value=False)).sum())
    if bad:
        raise FitError(key, f"{text!r} is null, negative or infinite in {plural(bad, 'row')}")
    return weight


def _classes(target: pl.Series, data: Data) -> list[Any]:
    if target.dtype.is_nested() or target.dtype.is_temporal():
        raise FitError(KEY, f"{data.target!r} is {target.dtype}, which has no classes", "is the task a regression?")
    classes = target.unique().sort().to_list()
    if len(classes) < 2:
        raise FitError(KEY, f"{data.target!r} has only one class: {classes[0]!r}")
    if len(classes) > MOST_CLASSES:
        many = f"{data.target!r} has {len(classes):,} different values, too many for classes"
        raise FitError(KEY, many, "is the task a regression?")
    if data.positive is not None:
        same = [item for item in classes if item == data.positive and isinstance(item, bool) == _is_bool(data)]
        if not same or len(classes) != 2:
            why = "is no class" if not same else f"needs two classes, not {len(classes)}"
            raise FitError(("data", "positive"), f"{data.positive!r} {why}", f"the classes are {classes[:10]}")
        classes.remove(same[0])
        classes.append(same[0])
    return classes


def _is_bool(data: Data) -> bool:
    return isinstance(data.positive, bool)


def _texts(target: pl.Series, classes: list[Any]) -> list[str]:
    return pl.Series(classes, dtype=target.dtype).cast(pl.String).to_list()
