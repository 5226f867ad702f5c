"""Recipes in words: their rows, what a check has found, the command line that runs one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.text import Text

from mfbench_tui.text import ago, number, safe, status_text, styled
from mfbench_tui.widgets.listing import Column, Row

COLUMNS = [
    Column("mark", " "),
    Column("name", "recipe"),
    Column("status", "last run"),
    Column("value", "metric", True),
    Column("age", "age", True),
]


def row_of(about: dict[str, Any], now: datetime) -> Row:
    mark = Text("✗", "red") if about["problem"] else Text("✓", "green")
    value = f"{safe(about['metric'], 20)} {number(about['value'])}" if about["value"] is not None else ""
    status = status_text(about["status"]) if about["status"] else styled("never run", "dim")
    name = safe(about["file"].removesuffix(".toml"), 36)
    return Row(about["path"], [mark, name, status, value, ago(about["started"], now)])


def title_of(rows: Sequence[dict[str, Any]], total: int, part: str, waiting: int) -> str:
    count = f"{len(rows):,} of {total:,}   / {safe(part, 30)}" if part else f"{total:,}"
    return f"Recipes {count}" + (f"   {waiting:,} waiting in the queue (W)" if waiting else "")


def words_to_run(file: str, overrides: Sequence[str], executor: str | None, name: str | None) -> list[str]:
    words = ["run", file]
    words += [word for override in overrides for word in ("--set", override)]
    words += [word for flag, value in (("--executor", executor), ("--name", name)) if value for word in (flag, value)]
    return words


def findings_text(report: Any) -> tuple[str, Text]:
    """(title, text) of what a check against the data has found."""
    alarms = [told for level, told in report.leaks if level == "alarm"]
    wrong = bool(report.failed_checks) or bool(alarms and report.refuses_leaks)
    text = Text()
    for name in report.failed_checks:
        text.append(f"✗ data check fails: {safe(name)}\n", "red")
    for level, told in report.leaks:
        text.append(
            f"{'✗ leakage' if level == 'alarm' else '· note'}: {safe(told)}\n", "red" if level == "alarm" else ""
        )
    dropped = f" ({report.dropped:,} without a target are dropped)" if report.dropped else ""
    text.append(f"rows: {report.rows:,}{dropped}\n")
    if report.classes:
        total = sum(report.classes.values()) or 1
        shares = [f"{safe(key, 40)} {count:,} ({count / total:.1%})" for key, count in report.classes.items()]
        text.append(f"classes: {', '.join(shares)}\n")
    text.append(f"split: {', '.join(f'{part} {count:,}' for part, count in report.parts.items())}\n")
    text.append(f"estimator: {safe(report.estimator)}; metrics: {', '.join(report.metrics)}\n")
    if report.search:
        text.append(f"search: {safe(report.search)}\n")
    text.append(f"\n{len(report.columns):,} features\n", "bold")
    for name, kind, why in report.columns:
        text.append(f"  {safe(name, 40):<28} {kind:<12} {safe(why, 200)}\n")
    return ("the data is refused" if wrong else "the recipe is right"), text


def path_from_here(path: str) -> str:
    """As somebody would type it."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path
