"""`--where` and `--sort` of the run list: a condition over dotted names, turned into SQL."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import NamedTuple

from mfbench.core.errors import UsageError
from mfbench.core.text import did_you_mean
from mfbench.store.slots import NONE

COLUMNS = ("run", "name", "recipe", "status", "executor", "started", "ended", "host", "error", "model",
           "model_version", "note", "pinned")  # fmt: skip
_MAPS = ("params", "metrics", "tags")
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<map>(?:params|metrics|tags)\.(?:\w+(?:[.\-]\w+)*|\"[^\"]+\"))"
    r"|(?P<now>now\s*\(\s*\))"
    r"|(?P<word>[a-z_]\w*(?:\.\w+)*)"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
    r"|(?P<compare><=|>=|<>|!=|==?|<|>)"
    r"|(?P<other>\|\||[-+*/%(),]))",
    re.IGNORECASE,
)
_WORDS = {"and", "or", "not", "is", "null", "in", "like", "ilike", "between", "true", "false", "escape", "interval",
          "timestamp", "date", "day", "days", "hour", "hours", "minute", "minutes"}  # fmt: skip
_CALLS = {"lower", "upper", "abs", "coalesce", "length", "starts_with", "contains", "in", "and", "or", "not"}
_EXAMPLE = "for example: metrics.roc_auc > 0.7 and params.model.estimator = 'Ridge'"


class Token(NamedTuple):
    kind: str
    text: str


def where_sql(condition: str, slots: Mapping[str, str] = NONE) -> str:
    """SQL for a condition such as `metrics.roc_auc > 0.7 and params.model.estimator = 'Ridge'`.

    Only the run's own columns, its params, metrics and tags, comparisons and a few functions: no subquery can
    be written in it. A metric that is NaN counts as missing. slots: see `known_slots`. Raises UsageError that points
    to the place.
    """
    tokens = _tokens(condition)
    return " ".join(_translated(tokens, place, slots) for place in range(len(tokens)))


def order_sql(sort: str, slots: Mapping[str, str] = NONE) -> str:
    """SQL for `-metrics.roc_auc` (descending) or `started`; rows without the value come last."""
    name = sort.removeprefix("-")
    order = f"{'DESC' if sort.startswith('-') else 'ASC'} NULLS LAST"
    kind, _, key = name.partition(".")
    if kind in _MAPS and key:
        item = _item(name, slots)  # params are text: those that are numbers are sorted as such, before the others
        return f"{item} {order}" if kind == "metrics" else f"try_cast({item} AS DOUBLE) {order}, {item} {order}"
    if name in COLUMNS:
        return f"{name} {order}"
    hint = did_you_mean(name, COLUMNS) + "; or metrics.NAME, params.NAME, tags.NAME"
    raise UsageError(f"there is no column {name!r} to sort by", hint=hint)


def column_sql(name: str) -> str:
    """SQL for one column of a run: `status`, `params.lr`, `metrics.roc_auc`, `tags.team`. Raises UsageError."""
    kind, _, key = name.partition(".")
    if kind in _MAPS and key:
        return f"{kind}[{_quoted(key.strip(chr(34)))}]"
    if name in COLUMNS:
        return name
    raise UsageError(f"there is no column {name!r}", hint=did_you_mean(name, [*COLUMNS, *_ITEMS]))


def _tokens(condition: str) -> list[Token]:
    tokens: list[Token] = []
    at, depth = 0, 0
    text = condition.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise UsageError(f"the condition cannot be read at {text[at:].lstrip()[:20]!r}", hint=_EXAMPLE)
        assert match.lastgroup
        tokens.append(Token(match.lastgroup, match[match.lastgroup]))
        at = match.end()
        depth += {"(": 1, ")": -1}.get(tokens[-1].text, 0)
        if depth < 0:
            break
    if depth:
        raise UsageError("the condition has parentheses that do not match", hint=_EXAMPLE)
    if not tokens:
        raise UsageError("the condition is empty", hint=_EXAMPLE)
    return tokens


def _translated(tokens: list[Token], place: int, slots: Mapping[str, str]) -> str:
    kind, text = tokens[place]
    if kind == "map":
        # Params are text; beside a number they are compared as numbers, and what is none matches nothing.
        cast = _beside_number(tokens, place) and not text.lower().startswith("metrics")
        item = _item(text, slots)
        return f"try_cast({item} AS DOUBLE)" if cast else item
    if kind == "now":
        return f"make_timestamp({time.time_ns() // 1000})"  # UTC, as all times are
    if kind == "word":
        word = text.lower()
        call = tokens[place + 1 : place + 2] == [Token("other", "(")]
        if not (word in _CALLS if call else word in _WORDS or word in COLUMNS):
            what, known = ("function", sorted(_CALLS - _WORDS)) if call else ("column", [*COLUMNS, *_ITEMS])
            items = [item for item in (f"{name}.{text}" for name in _MAPS) if item in slots and not call]
            hint = f"did you mean {' or '.join(items)}?" if items else did_you_mean(word, known, limit=len(known))
            raise UsageError(f"the condition names a {what} {text!r} that is not there", hint=hint)
    return text


_ITEMS = [f"{name}.NAME" for name in _MAPS]


def _item(name: str, slots: Mapping[str, str]) -> str:
    kind, _, key = name.partition(".")
    kind, key = kind.lower(), key.strip('"')
    item = slots.get(f"{kind}.{key}") or f"{kind}[{_quoted(key)}]"
    return f"nullif({item}, 'nan')" if kind == "metrics" else item


def _beside_number(tokens: list[Token], place: int) -> bool:
    """Whether what stands at `place` is compared with a number: x > 1, 1 < x, x in (1, 2), x between 1 and 2."""
    after = [token for token in tokens[place + 1 : place + 6] if token.text not in ("-", "+")]
    words = [token.text.lower() for token in after]
    if words[:1] == ["not"]:
        after, words = after[1:], words[1:]
    skip = 2 if words[:2] == ["in", "("] else 1
    if skip == 2 or words[:1] == ["between"] or (after and after[0].kind == "compare"):
        return after[skip : skip + 1] != [] and after[skip].kind == "number"
    before = [token.kind for token in tokens[max(0, place - 2) : place]]
    return before == ["number", "compare"]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
