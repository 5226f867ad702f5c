"""Data checks: what a recipe demands of its data before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from mfbench.core.errors import FitError
from mfbench.core.text import did_you_mean
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
        bad = values.is_duplicated() & ~nulls
        results.append(CheckResult(f"{name}: unique", not bad.any(), int(bad.sum()), 0, bad))
    for rule, bound in (("min", check.min), ("max", check.max)):
        if bound is not None:
            limit = _as(values, bound, (*key, rule))
            bad = ((values < limit) if rule == "min" else (values > limit)).fill_null(value=False) & ~nulls
            extreme = values.min() if rule == "min" else values.max()
            results.append(CheckResult(f"{name}: {rule}", not bad.any(), _told(extreme), bound, bad))
    if check.allowed is not None:
        allowed = pl.Series([_as(values, item, (*key, "allowed")) for item in check.allowed], dtype=values.dtype)
        bad = ~values.is_in(allowed.implode()).fill_null(value=True)
        odd = values.filter(bad).unique().sort().head(5).to_list()
        results.append(CheckResult(f"{name}: allowed", not bad.any(), odd, list(check.allowed), bad))
    return results


def _as(values: pl.Series, bound: Any, key: tuple[str | int, ...]) -> Any:
    """The bound in the column's own type, so that dates can be written as text."""
    try:
        if isinstance(bound, str) and values.dtype.is_temporal():
            text = pl.Series([bound])
            moment = text.str.to_datetime(time_zone="UTC") if _zoned(values) else text.str.to_datetime()
            return moment.cast(values.dtype)[0]
        if isinstance(bound, str) != (values.dtype == pl.String):
            raise TypeError
        return pl.Series([bound]).cast(pl.Float64 if values.dtype.is_numeric() else values.dtype)[0]
    except (PolarsError, TypeError, ValueError):
        raise FitError(key, f"{bound!r} cannot be compared with {values.name!r}, which is {values.dtype}") from None


def _zoned(values: pl.Series) -> bool:
    return getattr(values.dtype, "time_zone", None) is not None


def _told(value: Any) -> Any:
    return value if isinstance(value, int | float | str | bool) or value is None else str(value)
