"""The alarms that the report does not look at closely, and every test of the one that it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfbench.report import words
from mfbench.report.blocks import Cell, Name, Row, Section, Table
from mfbench.report.drift import wording
from mfbench.report.drift.columns import MARKED, MOST
from mfbench.report.drift.summary import focus

if TYPE_CHECKING:
    from mfbench.drift.findings import Report, Test


def alarms(report: Report) -> Section | None:
    """The other alarms of a series, each with the columns behind it."""
    closely = focus(report)
    others = [window for window in report.windows if window.verdict == "alarm" and window is not closely]
    if not others:
        return None
    rows: list[Row] = []
    for window in others[:MOST]:
        found = [test for test in wording.strongest(window.tests) if test.listed or test.alarming]
        told = ", ".join(f"{wording.column(test.column, 30)} ({words.share(test.effect)})" for test in found[:6])
        where = (
            next((words.name(s.where, 80) for s in window.joint.segments if s.confirmed), "") if window.joint else ""
        )
        more = f" and {len(found) - 6:,} more" if len(found) > 6 else ""
        rows.append([Name(words.name(window.name, 60)), f"{told}{more}", where,
                     Cell(words.share(window.effect), window.effect)])  # fmt: skip
    table = Table(["window", "columns (effect)", "segment", "effect"], rows, left=3)
    return Section("alarms", "The other alarms", [table])


def tests(report: Report) -> Section | None:
    """Every test of the window to look at closely, with what it could have seen."""
    window = focus(report)
    if window is None or not window.tests:
        return None
    ordered = sorted(window.tests, key=lambda test: (test.adjusted is None, test.adjusted or 0.0, -(test.effect or 0)))
    rows: list[Row] = [_row(test) for test in ordered[: MOST * 2]]
    heads = ["column", "what", "test", "", "statistic", "effect", "by chance", "visible", "p alone", "p corrected"]
    note = f"The first {MOST * 2} of {len(ordered):,} tests. " if len(ordered) > MOST * 2 else ""
    note += "Visible: the effect that a window of this size shows in 8 of 10 cases. Corrected after Holm, over all "
    note += "tests of the window."
    table = Table(heads, rows, left=4, note=note, page_only=True)
    return Section("tests", "All tests", [table])


def _row(test: Test) -> Row:
    told = MARKED[test.alarming, test.listed] or words.prose(test.why, 120)
    numbers = (test.effect, test.chance, test.visible)
    return [
        Name(wording.column(test.column)), test.about, words.name(test.test, 30), told,
        Cell(words.number(test.statistic), test.statistic), *(Cell(words.share(value), value) for value in numbers),
        Cell(wording.chance(test.p), test.p), Cell(wording.chance(test.adjusted), test.adjusted),
    ]  # fmt: skip
