"""All columns together, and the rows that carry the shift."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfbench.core.text import plural
from mfbench.report import words
from mfbench.report.blocks import Block, Cell, Name, Notes, Row, Section, Table, Text
from mfbench.report.drift import wording
from mfbench.report.drift.summary import focus

if TYPE_CHECKING:
    from mfbench.drift.findings import Joint, Report

CONFIRMED = {True: "✓ confirmed", False: "not confirmed"}


def segments(report: Report) -> Section | None:
    window = focus(report)
    if window is None or window.joint is None:
        return None
    found = window.joint
    blocks: list[Block] = [Text(together(found))]
    if found.segments:
        rows: list[Row] = [
            [Name(words.name(item.where, 160)), CONFIRMED[item.confirmed],
             ", ".join(words.name(name, 40) for name in item.differs[:5]), Cell(words.share(item.share), item.share),
             Cell(words.share(item.reference_share), item.reference_share),
             Cell(words.share(item.of_shift), item.of_shift, strong=item.confirmed),
             Cell(wording.chance(item.p), item.p)]
            for item in found.segments[:30]
        ]  # fmt: skip
        heads = ["segment", "", "differs most in", "of the window", "of the reference", "of the shift", "p"]
        note = "Found on one half of the rows, confirmed on the other. Of the shift: how much of what tells the window "
        note += "from the reference these rows hold; it passes 100 % where other rows hide some of it."
        blocks.append(Table(heads, rows, left=3, title="Segments that carry the shift", note=note))
    if found.columns:
        rows = [[Name(words.name(name, 60)), Cell(words.number(value, 2), value)] for name, value in found.columns[:12]]
        note = "How much of the AUC is lost when the column's values are shuffled."
        blocks.append(Table(["column", "importance"], rows, title="What tells them apart", note=note))
    if found.note:
        blocks.append(Notes([words.prose(found.note)]))
    return Section("segments", "Columns together", blocks)


def together(found: Joint) -> str:
    """In a sentence."""
    if not words.known(found.auc):
        return f"All columns together were not judged: {words.prose(found.note, 200) or 'too few rows'}."
    value = words.with_interval({"value": found.auc, "low": found.low, "high": found.high})
    sure = f", {wording.with_sign(found.p)}" if words.known(found.p) else ""
    rows = plural(found.rows, "row")
    return f"A classifier tells rows of the window from rows of the reference with an AUC of {value}{sure} ({rows}); " \
           "0.5 is a guess, 1 is no mistake."  # fmt: skip
