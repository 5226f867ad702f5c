"""Columns of a window beside the reference's: what was found, pictures, figures, every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfbench.core.text import plural
from mfbench.report import words
from mfbench.report.blocks import Block, Cell, Gallery, Name, Row, Section, Table, Text
from mfbench.report.drift import wording
from mfbench.report.drift.short import short
from mfbench.report.drift.summary import focus, of_window
from mfbench.report.figures.canvas import Picture
from mfbench.report.figures.drift import column as drawn

if TYPE_CHECKING:
    from mfbench.drift.findings import Difference, Report, Window

PICTURES = 48
MOST = 400  # rows of a table
MARKED = {(True, True): "! alarm", (True, False): "! alarm", (False, True): "found", (False, False): ""}


def columns(report: Report) -> Section | None:
    """Of the window to look at closely."""
    window = focus(report)
    if window is None or not (window.tests or window.columns):
        return None
    blocks: list[Block] = []
    if len(report.windows) > 1:
        told = of_window(window, report)
        more = f"{told.verdict}. Significant? {told.significant}. How large? {told.large}."
        blocks.append(Text(f"Window {words.name(window.name, 60)}: {more}"))
    blocks.append(_found(window))
    ordered = by_effect(window)
    marks = {test.column: MARKED[test.alarming, test.listed] for test in reversed(wording.strongest(window.tests))}
    note = "Filled: the reference. Line or strokes: the window. Shares of the rows of each that have a value; bars of "
    note += "different width hold what their area says, the outermost all that lies beyond."
    note += f" The {PICTURES} that differ most of {len(ordered):,} columns." if len(ordered) > PICTURES else ""
    blocks.append(Gallery(lambda: [_picture(item, window, marks.get(item.name, "")) for item in ordered[:PICTURES]],
                          title="Reference and window", note=note, small=True))  # fmt: skip
    blocks += _figures(ordered) if ordered else []
    return Section("columns", "Columns", blocks)


def by_effect(window: Window) -> list[Difference]:
    """The columns with something found first, then by effect."""
    place = {test.column: i for i, test in reversed(list(enumerate(wording.strongest(window.tests))))}
    return sorted(window.columns, key=lambda item: place.get(item.name, len(place)))


def _found(window: Window) -> Block:
    strongest = wording.strongest(window.tests)
    shown = [test for test in strongest if test.listed or test.alarming or (test.why and not words.known(test.p))]
    if not shown:
        return Text(f"{plural(len(strongest), 'question')} asked, and nothing found that chance does not explain.")
    differences = {item.name: item for item in window.columns}
    rows: list[Row] = [
        [Name(wording.column(test.column)), MARKED[test.alarming, test.listed], test.about,
         short(test, differences.get(test.column or "")),
         Cell(words.share(test.effect), test.effect, strong=test.alarming), Cell(words.share(test.chance), test.chance),
         Cell(wording.chance(test.adjusted), test.adjusted)]
        for test in shown[:MOST]
    ]  # fmt: skip
    note = "Effect: the least share of the rows that would have to change for the window to look like the reference. "
    note += "By chance: what chance alone makes of it on average. p is corrected for all tests of the window."
    heads = ["column", "", "what", "reference → window", "effect", "by chance", "p"]
    return Table(heads, rows, left=4, title="What was found", note=note)


def _picture(item: Difference, window: Window, mark: str) -> Picture | None:
    tests = [test for test in wording.strongest(window.tests) if test.column == item.name]
    values = next((test for test in tests if test.about == "values"), None)
    told = short(values, item) if values else ""
    effect = f"{words.share(values.effect)} of rows" if values and words.known(values.effect) else ""
    missing = next((short(test, item) for test in tests if test.about == "missing" and test.listed), "")
    text = "; ".join(part for part in (effect, told, missing) if part)
    return drawn(item, f"{text}." if text else "", f" ({mark.removeprefix('! ')})" if mark else "")


def _figures(found: list[Difference]) -> list[Block]:
    """Two tables: what the columns hold, and how far they are apart."""
    shown = found[:MOST]
    first = f"The first {MOST} of {len(found):,} columns. " if len(found) > MOST else ""
    holds: list[Row] = [
        [_name(item), f"{words.name(item.role, 20)}, {words.name(item.dtype, 30)}", _pair(item.mean), _pair(item.sd),
         _range(item), ", ".join(f"{words.name(value, 20)} ({rows:,})" for value, rows in item.new[:5]),
         ", ".join(words.name(value, 20) for value in item.vanished[:5])]
        for item in shown
    ]  # fmt: skip
    heads = ["column", "type", "mean", "sd", "range", "new values (rows)", "vanished values"]
    apart: list[Row] = [
        [_name(item), *(_share(value) for value in [*item.nulls, None, None][:2]), _share(item.outside),
         *(Cell("" if value is None else words.number(value, 3), value)
           for value in (item.ks, item.wasserstein, item.psi, item.js))]
        for item in shown
    ]  # fmt: skip
    note = "Missing: of the reference and of the window. Beyond: values outside the reference's range. Wasserstein in "
    note += (
        "standard deviations of the reference; PSI: population stability index; JS: Jensen-Shannon distance, 0 to 1."
    )
    measures = ["column", "missing", "missing now", "beyond", "KS", "Wasserstein", "PSI", "JS"]
    return [
        Table(heads, holds, left=7, title="What the columns hold", note=f"{first}Reference → window.", page_only=True),
        Table(measures, apart, title="How far they are apart", note=f"{first}{note}", page_only=True),
    ]


def _name(item: Difference) -> Name:
    return Name(words.name(item.name, 60))


def _share(value: float | None) -> Cell:
    return Cell("" if value is None else words.share(value), value)


def _range(item: Difference) -> str:
    ends = [[*(pair or []), None, None][:2] for pair in (item.low, item.high)]
    before, after = (" to ".join(_end(pair[i]) for pair in ends) for i in (0, 1))
    return f"{before} → {after}" if any(end is not None for pair in ends for end in pair) else ""


def _end(value: object) -> str:
    return words.number(value, 3) if words.known(value) else "" if value is None else words.name(value, 30)


def _pair(values: list[float | None] | None) -> str:
    if not values or len(values) < 2:
        return ""
    return f"{words.number(values[0], 3)} → {words.number(values[1], 3)}"
