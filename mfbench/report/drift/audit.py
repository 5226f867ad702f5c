"""The page of an audit: can the alarms be trusted on this data, and what would they see?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfbench.core.text import plural
from mfbench.drift.shifts import KINDS
from mfbench.report import html, words
from mfbench.report.blocks import Block, Cell, Gallery, Name, Notes, Row, Section, Table, Text
from mfbench.report.figures import intervals
from mfbench.report.figures.detected import detected

if TYPE_CHECKING:
    from mfbench.drift.audited import Audit, Replay, Share

VERDICTS = {"consistent": "as declared", "too many": "too many", "fewer": "fewer than declared",
            "cannot tell": "cannot tell"}  # fmt: skip
DRAWN = {"rows": "rows at random", "units": "whole units at random", "blocks": "rows that follow each other"}
METHOD = (
    "Replayed is the sample of test rows that the model's bundle holds. Each window is compared with all other rows of "
    "the sample, so that no row is compared with itself.",
    "Significant: a test holds at the declared level, corrected for all tests of the window (Holm). Alarm: it is also "
    "large enough.",
    "Intervals are Clopper and Pearson's, 95 %. Blocks that overlap count as if only those that fit side by side had "
    "been looked at.",
    "Streams are drawn with replacement, each with a reference of its own, as finite as the real one.",
    "A shift of 10 % means: 10 % of the rows would have to change to undo it. It is put into one column at a time, "
    "drawn anew for each window, so that a share speaks for the average column.",
    "What nobody put in cannot be judged: an audit does not say that the reference is like the world.",
)


def render_html(audit: Audit) -> str:
    """The page. The same audit gives the same text."""
    name = words.name(audit.model, 80) if audit.model else "a reference"
    model = name if audit.version is None else f"{name}:{audit.version}"
    return html.page(
        title=f"Audit of the alarms of {model}",
        about=_about(audit),
        summary="On this data the alarms keep what is declared." if audit.trusted else
                "On this data alarms are raised more often than declared, though nothing changed: see below.",
        sections=[section for section in sections(audit) if section.blocks],
        made_from="an audit",
    )  # fmt: skip


def sections(audit: Audit) -> list[Section]:
    return [
        Section("conclusion", "What it comes to", [Notes([words.block(line, 1000) for line in audit.conclusion])]),
        Section("unchanged", "Windows in which nothing changed", _unchanged(audit)),
        Section("series", "Windows that keep coming", _series(audit)),
        Section("seen", "What would be seen", _seen(audit)),
        Section("method", "How to read this", [Notes([*METHOD, *(words.prose(note) for note in audit.notes)])]),
    ]


def _about(audit: Audit) -> str:
    known, settings = audit.reference, audit.settings
    unit = "" if known["unit"] == "row" else f", {plural(known['units'], words.name(known['unit'], 40))}"
    return " · ".join([
        f"{known['sample']:,} of {known['rows']:,} test rows{unit}", plural(known["columns"], "column"),
        f"window {words.name(settings.window, 20) if settings.window else f'{audit.size:,} rows'}",
        f"level {words.share(settings.level)}", f"alarms from {words.share(settings.min_effect)} of the rows on",
        f"seed {audit.seed}",
    ])  # fmt: skip


def _unchanged(audit: Audit) -> list[Block]:
    rows: list[Row] = [_replay(each) for each in [*audit.replays, *audit.tried]]
    heads = ["windows of", "unit", "most often", "significant", "alarms", "rows", "windows", "side by side"]
    items = [
        {"name": f"{each.drawn}, {each.size:,}" + (f", {each.unit}" if each in audit.tried else ""),
         "value": each.alarms.value, "low": each.alarms.low, "high": each.alarms.high}
        for each in [*audit.replays, *audit.tried]
    ]  # fmt: skip
    caption = (
        "Windows in which nothing changed and an alarm was raised, with 95 % intervals; dotted: the declared level."
    )
    level = audit.settings.level
    return [
        Gallery(lambda: [intervals.rows("False alarms", caption, items, "share of windows", level)]),
        Table(heads, rows, left=5, note=f"Declared: at most {words.share(level)} of the windows significant."),
    ]


def _replay(each: Replay) -> Row:
    refused = f", {each.refused:,} not judged" if each.refused else ""
    column = f"{words.name(each.column, 40)} ({each.by:,})" if each.column else words.NOTHING
    return [
        DRAWN[each.drawn], Name(words.name(each.unit, 40)), Name(column),
        f"{_share(each.significant)}: {VERDICTS[each.verdict]}{refused}",
        f"{_share(each.alarms)}: {VERDICTS[each.alarming]}", Cell(f"{each.size:,}", each.size),
        Cell(f"{each.significant.looks:,}", each.significant.looks), Cell(f"{each.significant.independent:,}"),
    ]  # fmt: skip


def _series(audit: Audit) -> list[Block]:
    blocks: list[Block] = []
    if audit.stream is not None:
        s = audit.stream
        least, most = words.number(round(s.low)), words.number(None if s.high is None else round(s.high))
        rows: list[Row] = [
            ["windows to a false alarm, declared", Cell(words.number(round(s.declared)), s.declared)],
            ["measured", Cell(words.number(round(s.run_length)), s.run_length) if s.run_length else "no false alarm"],
            ["at least (95 %)", Cell(least, s.low)], ["at most (95 %)", Cell(most, s.high)],
            ["false alarms", Cell(words.number(s.alarms))], ["windows", Cell(words.number(s.looks))],
            ["streams", Cell(words.number(s.streams))], ["verdict", VERDICTS[s.verdict]],
        ]  # fmt: skip
        blocks.append(Table(["", ""], rows, left=1, title="Nothing changed"))
    if audit.delays:
        told: list[Row] = [
            [KINDS[e.shift], words.share(e.effect), Cell(words.number(e.windows), e.windows) if e.windows else
             f"not within {e.most}", f"{e.found} of {e.streams}"] for e in audit.delays
        ]  # fmt: skip
        note = f"Windows of {audit.delays[0].size:,} rows; the median over the streams."
        heads = ["shift that stays", "share moved", "windows until it is seen", "streams"]
        blocks.append(Table(heads, told, left=1, title="Something changed", note=note))
    return blocks


def _seen(audit: Audit) -> list[Block]:
    kinds = [kind for kind in KINDS if sum(each.shift == kind for each in audit.found) > len(audit.sizes)]
    rows: list[Row] = []
    for kind, effect in sorted(
        {(e.shift, e.effect) for e in audit.found}, key=lambda k: (list(KINDS).index(k[0]), k[1])
    ):
        of = {e.size: e for e in audit.found if (e.shift, e.effect) == (kind, effect)}
        cells = [f"{words.share(of[size].significant.value)} / {words.share(of[size].alarms.value)}" if size in of else
                 words.NOTHING for size in audit.sizes]  # fmt: skip
        rows.append([KINDS[kind], words.share(effect), *cells])
    if not rows:
        return []
    text = "Each figure is the share of windows in which the shift is significant / raises an alarm."
    return [
        Text(text),
        Gallery(lambda: [detected(KINDS[kind], [e for e in audit.found if e.shift == kind]) for kind in kinds]),
        Table(["shift", "share moved", *(f"{size:,} rows" for size in audit.sizes)], rows, left=1),
    ]


def _share(found: Share) -> str:
    return f"{words.share(found.value)} ({words.share(found.low)} to {words.share(found.high)})"
