"""What Polars says about an expression, in words for the person who wrote it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import polars as pl

from mfbench.core.text import did_you_mean

_CLOCK = {"today", "getdate", "sysdate", "current_datetime", "localtime", "localtimestamp", "clock_timestamp"}
_CHANCE = {"random", "rand", "uuid", "gen_random_uuid", "shuffle", "sample", "newid"}
_AGGREGATES = {"bool_and", "bool_or", "every", "mode", "any_value", "list", "cumsum", "cum_sum", "diff", "shift"}
_OURS = (
    (r"unable to parse", "it is not one whole expression"),
    (r"unexpected token '(.+?)'", "expected one expression, found {0!r}"),
    (r"found '(\w+)' clause", '{0!r} is a word of SQL; a column of that name stands in double quotes: "{0}"'),
    (r"DATE_TRUNC", "date_trunc is not available; use date_part('month', …) or strftime(…)"),
    (r"AT TIME ZONE", "name the type before the zone, as in \"x\"::timestamp at time zone 'UTC'"),
    (r"BitwiseXor", "a power is written power(a, 2)"),
    (r"datatype \"?(\w+)", "there is no type {0!r}; usual ones are int, float, varchar, date and timestamp"),
    (
        r"EXTRACT/DATE_PART does not support '(\w+)'",
        "a date has no part {0!r}; known: year, month, day, hour, dow …",
    ),
    (r"expression (\w+) \{", "{0} is not supported"),
)
_TYPES = (
    (r"compare string with numeric|compare numeric type .* with string", "text cannot be compared with a number"),
    (r"cannot check for String values|check for .* values in List\(String\)", "text cannot be compared with a number"),
    (r"arithmetic on dtypes .*\bstr\b", "text is no number to compute with; try_cast(… as double) reads one"),
    (r"([-+]) not allowed on (date|datetime)", "{0} on a {1} needs an interval, such as interval '1 day'"),
    (r"expected `?String`?, got", "it needs text"),
    (r"expected `?Boolean`?, got", "it needs a condition, something true or false"),
    (r"^`(\w*(?:year|month|day|week|hour|minute|second|quarter))` operation", "{0} needs a date or a time"),
    (r"^`(\w+)` operation not supported for dtype", "{0} is not for this type"),
    (r"expected List data type", "[…] needs a list, such as string_to_array(…, '-')"),
    (r"from string to (?:date|datetime|time)", "text is no date yet; read it with strptime(…, '%Y-%m-%d')"),
    (r"ambiguous dtypes|determine supertype|comparison between series|^cannot compare|arithmetic on dtypes",
     "these types cannot be compared or computed with each other"),
    (r"^casting from .* not supported|^cannot cast", "a value of this type cannot be cast so"),
)  # fmt: skip
_MEANT = {"len": "length", "log": "ln", "pow": "power", "substring": "substr", "to_char": "strftime"}


def unreadable(sql: str, complaint: str, known: Sequence[str]) -> str:
    """The message about an expression that cannot be parsed. known: the functions there are."""
    if not sql.strip():
        return "the expression is empty"
    if re.search(r"\(\s*select\b", sql, re.IGNORECASE):
        return f"{sql!r} is not row-wise: it uses a subquery; a derived column may look at its own row only"
    function = re.search(r"unsupported function '(\w+)'|no function matches .*?`(\w+)\(", complaint)
    if function:
        name = (function[1] or function[2]).lower()
        if name in _CLOCK:
            return f"{sql!r} is not row-wise: it asks the clock; write a fixed date such as date '2026-01-31'"
        if name in _CHANCE:
            return f"{sql!r} is not row-wise: {name}() is random"
        if name in _AGGREGATES:
            return f"{sql!r} is not row-wise: it uses an aggregate; a derived column may look at its own row only"
        meant = did_you_mean(_MEANT.get(name, name), known, limit=30)
        return f"{sql!r} calls {name!r}, which is not there with these arguments; {meant}"
    if "requires an OVER clause" in complaint:
        return f"{sql!r} is not row-wise: it uses a window; a derived column may look at its own row only"
    for pattern, words in _OURS:
        match = re.search(pattern, complaint)
        if match:
            return f"{sql!r} cannot be read: {words.format(*match.groups())}"
    return f"{sql!r} cannot be read: {complaint.splitlines()[0]}"


def kind_of(dtype: pl.DataType) -> str:
    """'Datetime', 'List': a column's type without its details."""
    return str(dtype.base_type())


def as_toml(value: Any) -> str:
    """A value as a recipe writes it."""
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def reason(error: Exception) -> str:
    """The first sentence of what Polars says, in plain words where they are known."""
    text = str(error).splitlines()[0]
    unfit = re.match(r"conversion from .* failed in column '(.*)' for (\d+) out of (\d+) values: \[([^,\]]+)", text)
    if unfit:
        column, bad, values, first = unfit.groups()
        told = f"{bad} of {values} values of {column!r} do not fit, for example {first}"
        return f"{told}; try_cast(… as …) gives null for them"
    for pattern, words in _TYPES:
        match = re.search(pattern, text)
        if match:
            return words.format(*match.groups())
    return text
