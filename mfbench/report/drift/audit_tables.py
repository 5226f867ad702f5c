"""The two tables of an audit, as rows of text: windows in which nothing changed, and shifts that were put in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mfbench.drift.audited import Audit

VERDICTS = {"consistent": "as declared", "too many": "TOO MANY", "fewer": "fewer than declared",
            "cannot tell": "cannot tell"}  # fmt: skip
DRAWN = {"rows": "rows at random", "units": "whole units at random", "blocks": "rows in a row"}
UNCHANGED = ("windows of", "unit", "rows", "looks", "significant", "alarms", "declared", "verdict")


def unchanged(audit: Audit) -> list[list[Any]]:
    """Rows under UNCHANGED."""
    from mfbench.drift.conclusion import interval, per_cent

    return [
        [DRAWN[e.drawn], e.unit, e.size, e.significant.looks, interval(e.significant), interval(e.alarms),
         per_cent(e.declared), VERDICTS[e.alarming if e.drawn == "blocks" else e.verdict]]
        for e in [*audit.replays, *audit.tried]
    ]  # fmt: skip


def seen(audit: Audit) -> tuple[tuple[str, ...], list[list[Any]]]:
    """(heads, rows): shares of windows that are significant / alarm, by kind of shift and size of window."""
    from mfbench.drift.conclusion import per_cent

    rows: dict[tuple[str, float], dict[int, str]] = {}
    for each in audit.found:
        told = f"{per_cent(each.significant.value)} / {per_cent(each.alarms.value)}"
        rows.setdefault((each.shift, each.effect), {})[each.size] = told
    heads = ("shift", "share moved", *(f"{size:,} rows" for size in audit.sizes))
    return heads, [[kind, per_cent(effect), *(told.get(size, "") for size in audit.sizes)]
                   for (kind, effect), told in sorted(rows.items(), key=_place)]  # fmt: skip


def _place(item: tuple[tuple[str, float], Any]) -> tuple[int, float]:
    from mfbench.drift.shifts import KINDS

    (kind, effect), _ = item
    return list(KINDS).index(kind), effect
