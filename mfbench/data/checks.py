"""Data checks: what a recipe demands of its data before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from mfbench.core.errors import FitError
from mfbench.core.text import did_you_mean
from mfbench.data.complaints import as_toml, kind_of
from mfbench.data.split import GIVEN
from mfbench.data.target import TARGET, WEIGHT
from mfbench.recipe.schema import Check, Data

_TYPES: dict[str, Callable[[pl.DataType], bool]] = {
    "integer": lambda dtype: dtype.is_integer(),
    "float": lambda dtype: dtype.is_float(),
    "number": lambda dtype: dtype.is_numeric(),
    "string": lambda dtype: dtype == pl.String,
    "boolean": lambda dtype: dtype == pl.Boolean,
    "date": lambda dtype: dtype == pl.Date,
    "datetime": lambda dtype: isinstance(dtype, pl.Datetime),
}


@dataclass(frozen=True)
class CheckResult:
    """One rule's outcome; `bad` marks the rows that break it (None for a rule about the whole table)."""

    name: str
    passed: bool
    observed: Any
    bound: Any
    bad: pl.Series | None = None


def run_checks(frame: pl.DataFrame, data: Data) -> list[CheckResult]:
    """Every rule's result, in the recipe's order; a `key` adds its own. Raises FitError for a wrong rule."""
    results: list[CheckResult] = []
    frame = frame.drop(TARGET, WEIGHT, strict=False)
    if data.key is not None:
        results += _check(frame, Check(column=data.key, nulls=0.0, unique=True), ("data", "key"))
    for i, check in enumerate(data.checks):
        results += _check(frame, check, ("data", "checks", i))
    return results


def _check(frame: pl.DataFrame, check: Check, key: tuple[str | int, ...]) -> list[CheckResult]:
    results: list[CheckResult] = []
    height = frame.height
    if check.min_rows is not None:
        results.append(CheckResult("rows: at least", height >= check.min_rows, height, check.min_rows))
    if check.max_rows is not None:
        results.append(CheckResult("rows: at most", height <= check.max_rows, height, check.max_rows))
    if check.column is None:
        return results
    name = check.column
    if name not in frame.columns:
        where = key if key[-1] == "key" else (*key, "column")
        raise FitError(where, f"there is no column {name!r}", did_you_mean(name, frame.columns))
    values = frame[name]
    if check.type is not None:
        results.append(CheckResult(f"{name}: type", _TYPES[check.type](values.dtype), str(values.dtype), check.type))
    nulls = values.is_null() | values.is_nan() if values.dtype.is_float() else values.is_null()
    if check.nulls is not None:
        share = int(nulls.sum()) / max(height, 1)
        results.append(CheckResult(f"{name}: nulls", share <= check.nulls, share, check.nulls, nulls))
    if check.unique:
        # A key that is both in the given test and in the training data is a leak, and told as one.
        sides = [GIVEN] if key[-1] == "key" and GIVEN in frame.columns else []
        bad = frame.select(name, *sides).is_duplicated() & ~nulls
        results.append(CheckResult(f"{name}: unique", not bad.any(), int(bad.sum()), 0, bad))
    for rule, bound in (("min", check.min), ("max", check.max)):
        if bound is not None:
            limit = _as(values, bound, (*key, rule))
            bad = ((values < limit) if rule == "min" else (values > limit)).fill_null(value=False) & ~nulls
            extreme = values.min() if rule == "min" else values.max()
            results.append(CheckResult(f"{name}: {rule}", not bad.any(), _told(extreme), bound, bad))
    if check.allowed is not None:
        allowed = [_as(values, item, (*key, "allowed")) for item in check.allowed]
        whole = values.dtype.is_integer() and all(isinstance(item, int) for item in allowed)
        kind = values.dtype if whole or not values.dtype.is_numeric() else pl.Float64()
        bad = ~values.cast(kind).is_in(pl.Series(allowed, dtype=kind, strict=False).implode()).fill_null(value=True)
        odd = values.filter(bad).unique().sort().head(5).to_list()
        results.append(CheckResult(f"{name}: allowed", not bad.any(), odd, list(check.allowed), bad))
    return results


def _as(values: pl.Series, bound: Any, key: tuple[str | int, ...]) -> Any:
    """The bound in the column's own type, so that dates can be written as text."""
    dtype = values.dtype
    try:
        if isinstance(bound, str) and dtype.is_temporal():
            text = pl.Series([bound])
            moment = text.str.to_datetime(time_zone="UTC") if _zoned(values) else text.str.to_datetime()
            return moment.cast(dtype)[0]
        right = bool if dtype == pl.Boolean else str if dtype == pl.String else int | float
        if not isinstance(bound, right) or (right is not bool and isinstance(bound, bool)):
            raise TypeError
        if not (dtype.is_numeric() or dtype in (pl.Boolean, pl.String)):
            raise TypeError
        if dtype.is_integer() and float(bound).is_integer():
            return int(bound)
        return pl.Series([bound]).cast(pl.Float64 if dtype.is_numeric() else dtype)[0]
    except (PolarsError, TypeError, ValueError, OverflowError):
        told = f"{key[-1]} = {as_toml(bound)} cannot be compared with {values.name!r}, which is {kind_of(dtype)}"
        raise FitError(key, told, _example(values)) from None


def _example(values: pl.Series) -> str | None:
    """How a value of this column is written."""
    some = values.drop_nulls().head(1).to_list()
    if not some:
        return None
    value = some[0] if isinstance(some[0], bool | int | float) else str(some[0])
    return f"a value in the data: {as_toml(value)}"


def _zoned(values: pl.Series) -> bool:
    return getattr(values.dtype, "time_zone", None) is not None


def _told(value: Any) -> Any:
    return value if isinstance(value, int | float | str | bool) or value is None else str(value)
