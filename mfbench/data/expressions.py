"""Row-wise expressions in Polars' SQL dialect, the only ones a recipe may use.

Polars accepts aggregates, windows, subqueries and the clock without a word; a feature made with one of them
would differ between training and serving. So the parsed expression is walked against an allow-list: what is
not known to look at one row alone is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from mfbench.core.text import did_you_mean
from mfbench.data.complaints import kind_of, reason, unreadable

_NODES = {"Column", "Literal", "BinaryExpr", "Cast", "Ternary", "Function"}
_FUNCTIONS = {
    "Abs", "Sign", "Exp", "Log", "Log1p", "Floor", "Ceil", "Truncate", "Round", "Pow", "Trigonometry", "Atan2",
    "Coalesce", "FillNull", "MaxHorizontal", "MinHorizontal", "TemporalExpr", "StringExpr",
}  # fmt: skip
_SQL = {"Round", "Binary", "ToFloat", "IsIn"}
_BOOLEAN = {"IsNull", "IsNotNull", "IsNan", "IsNotNan", "IsFinite", "IsInfinite", "Not", "IsIn", "IsBetween"}
_LIST = {"Get", "Contains", "Length"}
_STRING_AGGREGATES = {"ConcatVertical"}
_REFUSED = {
    "Agg": "an aggregate", "Len": "an aggregate", "Quantile": "an aggregate", "NullCount": "an aggregate",
    "ConcatVertical": "an aggregate", "Over": "a window", "Rank": "a window", "Range": "the position of a row",
    "SubPlan": "a subquery", "Selector": "more than one column", "Explode": "more than one value a row",
    "Any": "an aggregate",
}  # fmt: skip
_KNOWN = (
    "abs", "atan2", "cbrt", "ceil", "char_length", "coalesce", "concat", "concat_ws", "cos", "date", "date_part", "div",
    "ends_with", "exp", "extract", "floor", "greatest", "if", "ifnull", "initcap", "least", "left", "length", "ln",
    "log10", "log1p", "log2", "lower", "ltrim", "mod", "nullif", "power", "regexp_like", "replace", "reverse", "right",
    "round", "rtrim", "sign", "sin", "split_part", "sqrt", "starts_with", "strftime", "strpos", "strptime", "substr",
    "tan", "trim", "upper", "year", "month", "day", "hour", "minute", "second", "week", "quarter", "dayofweek",
)  # fmt: skip


def parse(sql: str, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """The expression, checked to be row-wise over the columns of `schema`. Raises ValueError."""
    try:
        expression = pl.sql_expr(sql)
    except PolarsError as error:
        raise ValueError(unreadable(sql, str(error), _KNOWN)) from None
    _walk(json.loads(expression.meta.serialize(format="json")), sql)
    unknown = next((name for name in expression.meta.root_names() if name not in schema), None)
    if unknown is not None:
        text = f"; text stands in single quotes: '{unknown}'" if f'"{unknown}"' in sql else ""
        raise ValueError(f"{sql!r} names a column {unknown!r} that is not there; {did_you_mean(unknown, schema)}{text}")
    try:
        pl.LazyFrame(schema=dict(schema)).select(expression.alias("value")).collect()
    except PolarsError as error:
        types = ", ".join(f"{name} is {kind_of(schema[name])}" for name in dict.fromkeys(expression.meta.root_names()))
        raise ValueError(f"{sql!r} does not fit its columns ({types}): {reason(error)}") from None
    return expression


def roots(sql: str) -> list[str]:
    """The columns that a valid expression reads."""
    return pl.sql_expr(sql).meta.root_names()


def evaluate(frame: pl.DataFrame, sql: str) -> pl.Series:
    """The expression's value for each row. Raises ValueError where a row cannot be computed."""
    try:
        value = frame.select(parse(sql, frame.schema).alias("value")).to_series()
    except PolarsError as error:
        raise ValueError(f"{sql!r} fails on this data: {reason(error)}") from None
    return value if len(value) == frame.height else value.new_from_index(0, frame.height)


def _walk(node: Any, sql: str) -> None:
    if isinstance(node, str):  # a bare node such as "Len"
        raise _refused(node, sql)
    [(kind, body)] = node.items()
    if kind not in _NODES:
        raise _refused(kind, sql)
    if kind == "Literal":
        _literal(body, sql)
    elif kind == "BinaryExpr":
        _walk(body["left"], sql)
        _walk(body["right"], sql)
    elif kind == "Cast":
        _walk(body["expr"], sql)
    elif kind == "Ternary":
        for part in ("predicate", "truthy", "falsy"):
            _walk(body[part], sql)
    elif kind == "Function":
        _function(body["function"], sql)
        for part in body["input"]:
            _walk(part, sql)


def _function(function: Any, sql: str) -> None:
    family, member = next(iter(function.items())) if isinstance(function, dict) else (function, None)
    name = next(iter(member)) if isinstance(member, dict) else member
    allowed = {"Sql": _SQL, "Boolean": _BOOLEAN, "ListExpr": _LIST}.get(family)
    if family == "StringExpr" and name in _STRING_AGGREGATES:
        raise _refused(str(name), sql)
    if not (name in allowed if allowed is not None else family in _FUNCTIONS):
        raise _refused(str(name if allowed is not None else family), sql)


def _literal(body: Any, sql: str) -> None:
    """A date or time must be written down in the expression; otherwise it is the clock's."""
    scalar = body.get("Scalar") if isinstance(body, dict) else None
    kind: str
    value: Any
    [(kind, value)] = scalar.items() if isinstance(scalar, dict) else [("", None)]
    if kind not in ("Date", "Datetime", "Time"):
        return
    if kind == "Date":
        written = (date(1970, 1, 1) + timedelta(days=value)).isoformat()
    elif kind == "Datetime":
        written = (datetime(1970, 1, 1) + timedelta(microseconds=_micros(value))).date().isoformat()
    else:
        written = (datetime(1970, 1, 1) + timedelta(microseconds=value // 1000)).time().strftime("%H:%M")
        if time.fromisoformat(written).hour < 10:
            written = written.lstrip("0")
    if not any(written in text for text in re.findall(r"'([^']*)'", sql)):
        raise ValueError(f"{sql!r} is not row-wise: it asks the clock; write a fixed date such as date '2026-01-31'")


def _micros(value: list[Any]) -> int:
    count, unit, _ = value
    return (
        int(count)
        // {"Nanoseconds": 1000, "Microseconds": 1, "Milliseconds": 1}[unit]
        * (1000 if unit == "Milliseconds" else 1)
    )


def _refused(kind: str, sql: str) -> ValueError:
    if kind == "Alias":
        return ValueError(f"{sql!r} is more than one expression: expected an operator, found a second name")
    if kind == "StructExpr":
        return ValueError(f"{sql!r}: a column whose name has a dot or a bracket stands in double quotes, in full")
    what = _REFUSED.get(kind, f"{kind}, which is not on the list of row-wise functions")
    return ValueError(f"{sql!r} is not row-wise: it uses {what}; a derived column may look at its own row only")
