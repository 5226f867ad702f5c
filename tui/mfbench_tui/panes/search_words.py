"""Searches in words, bars and blocks: rows of the list, and the summary beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.text import Text

from mfbench_tui.text import ago, number, safe, shortened, status_text
from mfbench_tui.widgets.listing import Column, Row

COLUMNS = [
    Column("status", "status"),
    Column("name", "name"),
    Column("trials", "trials", True),
    Column("best", "best", True),
    Column("age", "age", True),
]
BLOCKS = "▁▂▃▄▅▆▇█"
BEST = 5  # trials in the summary


def row_of(one: dict[str, Any], now: datetime) -> Row:
    of = f" of {one['limit']:,}" if one["limit"] and one["status"] == "running" else ""
    best = (
        f"{safe(one['objectives'][0], 16)} {number(one['best'])}"
        if one["objectives"] and one["best"] is not None
        else ""
    )
    return Row(one["run"], [status_text(one["status"]), safe(one["name"], 24), f"{one['done']:,}{of}", best,
                            ago(one["started"], now)])  # fmt: skip


def trial_values(trial: dict[str, Any], objectives: int) -> list[str]:
    values = [*(trial["values"] or []), *[None] * objectives][:objectives]
    return [number(value) for value in values]


def params_text(trial: dict[str, Any], keys: Sequence[str]) -> str:
    """'learning_rate 0.05, max_leaf_nodes 31': without the part that all have."""
    params = trial["params"] or {}
    return ", ".join(f"{short(key)} {number(params[key])}" for key in keys if key in params)


def short(key: str) -> str:
    """A param's last word: 'model.learning_rate' is 'learning_rate'."""
    return safe(key.rpartition(".")[2] or key, 30)


def sparks(values: Sequence[float], width: int) -> str:
    """The values as blocks, at most `width`: of each part the last."""
    if not values:
        return ""
    step = max(1.0, len(values) / max(width, 1))
    picked = [values[min(len(values) - 1, int((place + 1) * step) - 1)] for place in range(int(len(values) / step))]
    low, high = min(values), max(values)
    span = high - low
    return "".join(BLOCKS[round((value - low) / span * 7) if span else 3] for value in picked)


def bars(shares: dict[str, float], width: int) -> Text:
    """One line a param: its name, a bar and the share in numbers."""
    text = Text(no_wrap=True)
    if not shares:
        return text
    wide = max(len(short(key)) for key in shares)
    room, most = max(4, width - wide - 8), max(shares.values()) or 1.0
    for key, share in shares.items():
        text.append(f"{short(key):<{wide}} ")
        text.append("█" * round(share / most * room) or "▏", style="cyan")
        text.append(f" {share:.0%}\n")
    return text


def summary(one: dict[str, Any], found: dict[str, Any], width: int) -> Text:
    """What the list's row has come to: how it went, the best trials, what mattered."""
    text, width = Text(no_wrap=True, overflow="ellipsis"), max(width, 20)
    _heading(text, f"{safe(one['name'], 40)}  {one['done']:,} trials")
    lost = [f"{one[key]:,} {key}" for key in ("running", "pruned", "failed") if one[key]]
    if lost:
        text.append(f"{', '.join(lost)}\n")
    if found["history"]:
        reached = [best for _, _, best in found["history"]]
        _heading(text, f"\nBest so far: {number(reached[0])} to {number(reached[-1])}")
        text.append(f"{sparks(reached, width)}\n", style="green")
    several = len(found["objectives"]) > 1
    _best(text, found, found["front"] if several else None, "The front" if several else "The best trials", width)
    if found["importance"]:
        _heading(text, "\nWhat mattered")
        text.append_text(bars(found["importance"], width))
    elif found["importance"] is None:
        text.append("\nWhat mattered is told once the search has ended.\n", style="dim")
    return text


def _best(text: Text, found: dict[str, Any], front: list[int] | None, title: str, width: int) -> None:
    trials = [one for one in found["trials"] if one["state"] == "complete" and (front is None or one["trial"] in front)]
    if trials:
        _heading(text, f"\n{title}")
    for trial in trials[:BEST]:
        chosen = trial["trial"] == found["chosen"]
        values = "  ".join(trial_values(trial, len(found["objectives"]) or 1))
        text.append(f"{'★' if chosen else ' '}{trial['trial']:>4}  {values}\n", style="bold" if chosen else "")
        text.append(f"      {shortened(params_text(trial, found['params']), width - 6)}\n", style="dim")


def _heading(text: Text, words: str) -> None:
    text.append(f"{words}\n", style="bold")
