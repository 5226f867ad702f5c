"""`--where` and `--sort` of the run list: a condition over dotted names, turned into SQL."""

from __future__ import annotations

import re

from mfbench.core.errors import UsageError
from mfbench.core.text import did_you_mean

COLUMNS = ("run", "name", "recipe", "status", "executor", "started", "ended", "host", "error", "model",
           "model_version")  # fmt: skip
_TOKEN = re.compile(
    r"'(?:[^']|'')*'"
    r"|(?P<map>params|metrics|tags)\.(?P<key>\w+(?:[.\-]\w+)*|\"[^\"]+\")"
    r"(?P<compared>\s*(?:<=|>=|<>|!=|==?|<|>)\s*(?=[-+]?\.?\d)|\s+(?:not\s+)?between\s+(?=[-+]?\.?\d))?"
    r"|(?P<word>[A-Za-z_]\w*)(?P<call>\s*\()?"
    r"|(?P<number>\d+\.?\d*(?:e[+-]?\d+)?)"
    r"|(?P<other>[<>=!]+|[-+*/%(),|]|\s+)",
    re.IGNORECASE,
)
_WORDS = {"and", "or", "not", "is", "null", "in", "like", "ilike", "between", "true", "false", "escape", "interval",
          "timestamp", "date", "day", "days", "hour", "hours", "minute", "minutes"}  # fmt: skip
_CALLS = {"lower", "upper", "abs", "coalesce", "length", "starts_with", "contains", "in", "and", "or", "not", "now"}


def where_sql(condition: str) -> str:
    """SQL for a condition such as `metrics.roc_auc > 0.7 and params.model.estimator = 'Ridge'`.

    Only the run's own columns, its params, metrics and tags, comparisons and a few functions: no subquery can
    be written in it. Raises UsageError that points to the place.
    """
    parts: list[str] = []
    at = 0
    while at < len(condition):
        match = _TOKEN.match(condition, at)
        if not match:
            raise UsageError(f"--where cannot be read at {condition[at : at + 20]!r}", hint=_EXAMPLE)
        parts.append(_translated(match))
        at = match.end()
    return "".join(parts)


def order_sql(sort: str) -> str:
    """SQL for `-metrics.roc_auc` (descending) or `started`; rows without the value come last."""
    name = sort.removeprefix("-")
    match = re.fullmatch(r"(params|metrics|tags)\.(.+)", name)
    if match:
        column = f"{match[1]}[{_quoted(match[2])}]"
    elif name in COLUMNS:
        column = name
    else:
        hint = did_you_mean(name, COLUMNS) + "; or metrics.NAME, params.NAME, tags.NAME"
        raise UsageError(f"there is no column {name!r} to sort by", hint=hint)
    return f"{column} {'DESC' if sort.startswith('-') else 'ASC'} NULLS LAST"


_EXAMPLE = "for example: metrics.roc_auc > 0.7 and params.model.estimator = 'Ridge'"


def _translated(match: re.Match[str]) -> str:
    if match["map"]:
        item = f"{match['map'].lower()}[{_quoted(match['key'].strip(chr(34)))}]"
        # Params are text; beside a number they are compared as numbers, and what is none matches nothing.
        numeric = match["compared"] and match["map"].lower() != "metrics"
        return (f"try_cast({item} AS DOUBLE)" if numeric else item) + (match["compared"] or "")
    if match["word"]:
        word = match["word"].lower()
        if match["call"] and word in _CALLS | _WORDS:
            return match[0]
        if not match["call"] and (word in _WORDS or word in COLUMNS):
            return match[0]
        known = [*COLUMNS, "metrics.NAME", "params.NAME", "tags.NAME"]
        what = "function" if match["call"] else "column"
        raise UsageError(f"--where names a {what} {match['word']!r} that is not there", hint=did_you_mean(word, known))
    return match[0]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
