"""Windows one after another: a picture and a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfbench.core.text import plural
from mfbench.report import words
from mfbench.report.blocks import Block, Cell, Gallery, Name, Row, Section, Table
from mfbench.report.drift import wording
from mfbench.report.drift.mattering import VERDICTS, watched
from mfbench.report.figures.windows import timeline

if TYPE_CHECKING:
    from mfbench.drift.findings import Report, Window

MOST = 400  # rows of the table


def series(report: Report) -> Section | None:
    windows = report.windows
    if len(windows) < 2:
        return None
    blocks: list[Block] = [Gallery(lambda: [timeline(windows, report.settings.min_effect)])]
    # A comment shows the first rows of a table only: what one has to see stands in one of its own.
    telling = [window for window in windows if window.verdict in ("alarm", "changed")]
    if telling:
        blocks.append(_table(report, telling[:MOST], "Alarms and changes", _left_out(telling)))
    if len(telling) < len(windows):
        blocks.append(_table(report, windows[:MOST], "All windows", _left_out(windows), page_only=True))
    return Section("series", "Over time", blocks)


def _left_out(windows: list[Window]) -> str:
    return f"The first {MOST} of {plural(len(windows), 'window')}." if len(windows) > MOST else ""


def _table(report: Report, windows: list[Window], title: str, note: str, *, page_only: bool = False) -> Table:
    looked = any(window.look for window in report.windows)
    heads = ["window", "verdict", "times (UTC)", "column", "quality", "rows", "effect", "p", *["detector"] * looked]
    times = any(window.begins is not None for window in windows)
    rows: list[Row] = []
    for window in windows:
        row: Row = [
            Name(words.name(window.name, 60)), f"{wording.GLYPHS[window.verdict]} {window.verdict}",
            wording.span(window), Name(wording.column(window.column)) if words.known(window.effect) else "",
            _quality(window), Cell(f"{window.rows:,}", window.rows),
            Cell(words.share(window.effect), window.effect, strong=window.verdict == "alarm"),
            Cell(wording.chance(window.p), window.p),
        ]  # fmt: skip
        row += [_look(window)] if looked else []
        rows.append(row if times else [*row[:2], *row[3:]])
    if not times:
        heads.remove("times (UTC)")
    more = f"{note} p: the least of the window, corrected for its tests." if windows else note
    return Table(heads, rows, left=5 if times else 4, title=title, note=more.strip(), page_only=page_only)


def _look(window: Window) -> Cell | str:
    if window.look is None:
        return ""
    share = window.look.statistic / window.look.threshold if window.look.threshold > 0 else None
    return Cell("fired" if window.look.fired else words.share(share), window.look.statistic, strong=window.look.fired)


def _quality(window: Window) -> str:
    if window.quality is None or (metric := watched(window.quality)) is None:
        return ""
    told = "estimate" if metric.kind == "estimated" else VERDICTS.get(metric.verdict, metric.verdict)
    return f"{words.title(metric.name)} {words.number(metric.value, 3)}, {told}"
