"""A drift report on a terminal: the verdict, three answers, then columns, windows, segments and notes, as lines."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from mfbench.cli.drift_windows import NARROW, name_of, series
from mfbench.cli.layout import fit, length, wrapped

if TYPE_CHECKING:
    from mfbench.drift.findings import Difference, Report, Window

NARROWEST, WIDEST = 60, 140
COLUMNS, NOTES = 12, 8  # lines of each, unless everything is asked for

_SIGNS = 10  # of a column's picture, for either side


def show(report: Report, *, window: str | None = None, everything: bool = False) -> None:
    """Prints it on stdout. window: only this one, closely. Raises NotFoundError where there is no such window."""
    width = min(max(shutil.get_terminal_size((80, 24)).columns, NARROWEST), WIDEST)
    one = None if window is None else find_window(report, window)
    bold = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    for i, line in enumerate(lines(report, width, one, everything)):
        plain = line.replace("\N{NO-BREAK SPACE}", " ").rstrip()
        click.echo(click.style(plain, bold=True) if bold and not i else plain)


def lines(report: Report, width: int, window: Window | None = None, everything: bool = False) -> Iterator[str]:
    """The same as text: `width` signs at most, but for single words that are longer."""
    from mfbench.report.drift import wording
    from mfbench.report.drift.summary import focus, of_window, summary

    told = summary(report) if window is None else of_window(window, report)
    where = "" if window is None else f" · {name_of(window.name)}"
    yield from wrapped("", f"{wording.model(report)}{where} · {told.verdict}", width)
    yield ""
    for question, answer in told.answers():
        yield from wrapped(f"{question:<17}", answer, width)
    if window is None and len(report.windows) > 1:
        yield ""
        yield from series(report, width, everything)
    closely = window or focus(report)
    if closely is not None:
        if window is None and len(report.windows) > 1:
            yield ""
            head = of_window(closely, report)
            yield from wrapped(f"{name_of(closely.name)}: ", f"{head.verdict}; {head.large}", width, indent=2)
        yield from _columns(closely, width, everything)
        yield from _together(closely, width)
    yield from _notes(report, closely, width, everything)


def find_window(report: Report, name: str) -> Window:
    """Raises NotFoundError."""
    from mfbench.core.errors import NotFoundError
    from mfbench.core.text import did_you_mean

    for window in report.windows:
        if window.name == name:
            return window
    names = [name_of(window.name) for window in report.windows]
    raise NotFoundError(f"there is no window {name!r} in this report", hint=did_you_mean(name, names))


# -- columns -------------------------------------------------------------------------------------------------


def _columns(window: Window, width: int, everything: bool) -> Iterator[str]:
    """One line for each column and what was found of it, the largest first."""
    from mfbench.core.text import plural
    from mfbench.report import words
    from mfbench.report.drift import wording
    from mfbench.report.drift.short import short

    strongest = wording.strongest(window.tests)
    telling = [test for test in strongest if test.listed or test.alarming]
    shown = strongest if everything else telling[:COLUMNS]
    if not shown:
        return
    differences = {item.name: item for item in window.columns}
    drawn = width >= NARROW
    free = width - 2 - 7 - 9 - 8 - 2 - (21 if drawn else 0)  # beside mark, effect, by chance, p and pictures
    names = [wording.column(test.column) if test.column is not None else "(together)" for test in shown]
    widest = max(map(length, names))
    first = min(max(widest, 6), max(12, free // 2))
    rest = free - first - 1
    yield ""
    head = f"  {fit('column', first)} {'effect':>6} {'chance':>8} {'p':>7}  {fit('change', rest)}"
    yield f"{head} reference  window" if drawn else head
    for name, test in zip(names, shown, strict=True):
        found = differences.get(test.column or "")
        mark = "!" if test.alarming else "*" if test.listed else " "
        told = short(test, found) or test.about
        numbers = f"{words.share(test.effect):>6} {words.share(test.chance):>8} {wording.chance(test.adjusted):>7}"
        pictures = f" {_sparks(found)}" if drawn and found and test.about == "values" else ""
        yield f"{mark} {fit(name, first)} {numbers}  {fit(told, rest)}{pictures}"
    left = len(strongest) - len(shown)
    more = f"{plural(left, 'other line')} not shown" if left else ""
    found_more = f", {len(telling) - len(shown):,} of them found too" if len(telling) > len(shown) else ""
    marks = "! alarm, * found" if telling else "nothing found"
    told = f"{marks}; effect: share of rows that would have to change{'; ' + more + found_more if more else ''}"
    yield from wrapped("  ", told, width)


def _sparks(found: Difference) -> str:
    """'▂▅▇▅ ▁▃▆█': shares of the reference and of the window on one scale; a dot for none at all."""
    from mfbench.report.drift.short import shares

    sides = shares(found)
    together = -(-len(sides[0]) // _SIGNS) or 1
    groups = [[sum(side[i : i + together]) for i in range(0, len(side), together)] for side in sides]
    top = max((max(side, default=0.0) for side in groups), default=0.0)
    if not top:
        return ""
    drawn = ("".join("▁▂▃▄▅▆▇█"[min(int(v / top * 8), 7)] if v else "·" for v in side) for side in groups)
    return " ".join(f"{side:<{_SIGNS}}" for side in drawn)


# -- what is beside the columns ------------------------------------------------------------------------------


def _together(window: Window, width: int) -> Iterator[str]:
    from mfbench.report.drift.outline import segment_line
    from mfbench.report.drift.segments import together

    if window.joint is None:
        return
    yield ""
    yield from wrapped("", together(window.joint), width)
    for item in window.joint.segments[:6]:
        yield from wrapped("  ", segment_line(item), width, indent=4)


def _notes(report: Report, window: Window | None, width: int, everything: bool) -> Iterator[str]:
    from mfbench.report import words

    found = list(dict.fromkeys([*report.notes, *(window.notes if window is not None else ())]))
    if window is not None and window.quality is not None:
        found += window.quality.notes
    shown = found if everything else found[:NOTES]
    if shown:
        yield ""
    for note in shown:
        yield from wrapped("- ", words.prose(note), width)
    if len(found) > len(shown):
        yield f"- and {len(found) - len(shown):,} more"
