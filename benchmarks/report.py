"""The table on the terminal and the JSON file."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.model import Measure, Row

COLUMNS = ("ours", "peers", "floor", "target", "ours/peer")


def number(value: float | None, unit: str) -> str:
    """A figure as the table shows it, in as many digits as it is worth."""
    if value is None:
        return "failed"
    digits = {"ms": 1, "points/s": 0, "runs/s": 0, "trials/s": 0, "MB": 1, "µs": 2, "s": 3}[unit]
    return f"{value:,.{digits}f}"


def print_table(rows: list[Row], console: Console) -> None:
    """Print all rows, and below them what failed and why."""
    table = Table(title="mfbench beside its peers (medians; the best rounds in brackets)")
    table.add_column("what")
    for column in COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("met")
    for row in rows:
        table.add_row(
            f"{row.what} [dim]({row.unit})[/dim]",
            _figure(row, row.ours),
            _lines(row, row.peers),
            _lines(row, row.floors),
            _target(row),
            "\n".join(_ratio(row, peer) for peer in row.peers),
            _met(row),
        )
    console.print(table)
    for row in rows:
        for error in row.errors:
            console.print(f"failed: {row.what}: {error}", style="red", markup=False)


def write_json(rows: list[Row], versions: dict[str, str], load: float, path: Path) -> None:
    """Write the rows, the peers' versions, what kind of machine it was and how busy."""
    document = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load_at_start": load,
        "peers": versions,
        "rows": [row.as_dict() for row in rows],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _figure(row: Row, measure: Measure) -> str:
    text, best = number(measure.value, row.unit), row.best(measure)
    return text if best is None else f"{text} ({number(best, row.unit)})"


def _lines(row: Row, measures: tuple[Measure, ...]) -> str:
    return "\n".join(f"{m.name} {_figure(row, m)}" for m in measures)


def _target(row: Row) -> str:
    if row.target is None:
        return ""
    return f"{'≥' if row.higher_is_better else '≤'} {row.target:,g}"


def _ratio(row: Row, peer: Measure) -> str:
    ratio = row.ratio(peer)
    of_best = row.ratio_of_best(peer)
    if ratio is None or of_best is None:
        return "-"
    return f"{_short(ratio)} ({_short(of_best)})"


def _short(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2g}"


def _met(row: Row) -> str:
    if row.ours.value is None:
        return "[red]failed[/red]"
    if row.met is None:
        return ""
    return "[green]yes[/green]" if row.met else "[red]no[/red]"
