"""The runs of a page as columns and rows: what fits 80 columns first, the rest where there is room.

Where it is narrow, only the end of an id is shown, which the command line takes too: its beginning is the time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from rich.text import Text

from mfbench.api.inspecting import usual_order
from mfbench_tui.text import ago, glyph, number, safe, seconds, status_text, styled, utc
from mfbench_tui.widgets.listing import Column, Row

RunRow = dict[str, Any]
MARKED, PINNED = "●", "▲"
PLAIN = ("recipe", "executor", "host", "note", "error")  # columns of their own that can be chosen


def metric_keys(rows: Sequence[RunRow], room: int = 30) -> list[str]:
    """The metrics that most of these runs have, the best known first, as many as fit `room` signs; at least one."""
    counts: dict[str, int] = {}
    for row in rows:
        for key in row["metrics"]:
            counts[key] = counts.get(key, 0) + 1
    chosen: list[str] = []
    for key in sorted(usual_order(counts), key=lambda key: -counts[key])[:3]:
        room -= max(len(_title(key)), 8) + 2
        if room >= 0 or not chosen:
            chosen.append(key)
    return chosen


def choosable(rows: Sequence[RunRow]) -> list[str]:
    """What can be a column, by the names that `--where` knows: metrics, tags, params, then a run's own."""
    found = {part: {key for row in rows for key in row[part]} for part in ("metrics", "tags", "params")}
    return [*(f"{part}.{key}" for part in found for key in sorted(found[part])), *PLAIN]


def columns(names: Sequence[str], picked: bool, narrow: bool) -> list[Column]:
    """names: as `choosable` gives them. picked: chosen by somebody, who wants to see them however narrow it is.

    narrow: there is room for the end of an id only; the whole one is still there to be copied.
    """
    extra = [Column(name, _title(name), name.startswith("metrics."), wide=not picked and i > 0)
             for i, name in enumerate(names)]  # fmt: skip
    return [Column("mark", "  "), Column("status", "status"), Column("name", "name"), *extra[:1],
            Column("took", "took", True), Column("age", "age", True), *extra[1:],
            Column("model", "model", wide=True), *([Column("end", "run")] if narrow else []),
            Column("run", "run", hidden=narrow)]  # fmt: skip


def row_of(
    run: RunRow, names: Sequence[str], progress: str, marked: Collection[str], now: datetime, narrow: bool
) -> Row:
    extra = [cell(run, name) for name in names]
    started = utc(run["started"])
    ended = utc(run["ended"]) or (now if run["status"] == "running" else None)
    took = seconds(max(0.0, (ended - started).total_seconds())) if started and ended else ""
    model = f"{run['model']}:{run['model_version']}" if run["model"] else ""
    mark = (MARKED if run["run"] in marked else " ") + (PINNED if run.get("pinned") else " ")
    status = status_text(run["status"])
    if progress:
        status = styled(f"{glyph('running')} {progress}", "cyan")
    id = safe(run["run"])
    cells: list[str | Text] = [styled(mark, "bold"), status, safe(run["name"], 40), *extra[:1], took,
                               ago(run["started"], now), *extra[1:], safe(model, 40),
                               *([styled(id[-5:], "dim")] if narrow else []), styled(id, "dim")]  # fmt: skip
    return Row(run["run"], cells)


def room(columns: Sequence[Column], rows: Sequence[Row]) -> int:
    """Signs that a line of the list takes."""
    cells = [[column.title, *(row.cells[place] for row in rows)] for place, column in enumerate(columns)
             if not column.hidden]  # fmt: skip
    return sum(max(map(len, column)) + 2 for column in cells)


def cell(run: RunRow, name: str) -> str:
    part, dot, key = name.partition(".")
    value = run[part].get(key) if dot else run.get(name)
    return number(value) if part == "metrics" else safe(value, 40)


def _title(name: str) -> str:
    return safe(name.partition(".")[2] or name, 24)
