"""Does it matter: metrics measured with labels and estimated without, how far estimates were off, slices, concept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfbench.core.text import plural
from mfbench.report import words
from mfbench.report.blocks import Block, Cell, Name, Notes, Row, Section, Table, Text
from mfbench.report.drift.mattering import VERDICTS
from mfbench.report.drift.summary import focus

if TYPE_CHECKING:
    from mfbench.drift.findings import Metric, Quality, Report, Window


def quality(report: Report) -> Section | None:
    window = _window(report)
    found = window.quality if window is not None else None
    if window is None or found is None:
        return None
    told = words.prose(found.told, 1000)
    if len(report.windows) > 1:
        told = f"Window {words.name(window.name, 60)}. {told}"
    waiting = f" {plural(found.waiting, 'row')} still wait for their labels." if found.waiting else ""
    blocks: list[Block] = [Text(f"{told} {plural(found.labels, 'label')} for {plural(found.rows, 'row')}.{waiting}")]
    if found.metrics:
        blocks.append(_metrics(found))
    if found.segments:
        blocks.append(_slices(found.segments))
    if found.concept:
        blocks.append(_concept(found.concept))
    notes = [*_ground(found), *(words.prose(note) for note in found.notes)]
    if notes:
        blocks.append(Notes(notes))
    return Section("quality", "Does it matter?", blocks)


def _window(report: Report) -> Window | None:
    """The window to look at closely, else the last one with something known about its quality."""
    closely = focus(report)
    if closely is not None and closely.quality is not None:
        return closely
    return next((window for window in reversed(report.windows) if window.quality is not None), None)


def _metrics(found: Quality) -> Table:
    rows: list[Row] = [_row(metric, found) for metric in found.metrics[:60]]
    heads = ["metric", "how", "verdict", "window", "interval", "reference", "difference", "interval", "margin", "off"]
    note = "Equivalent: the difference is, with 95 % certainty on either side, within the margin. "
    note += "Off: the estimate less what was measured." if found.off else ""
    return Table(heads, rows, left=3, note=note.strip(), title="Metrics")


def _row(metric: Metric, found: Quality) -> Row:
    value, low, high = words.estimate(metric.value, metric.low, metric.high)
    _, least, most = words.estimate(metric.difference, metric.difference_low, metric.difference_high)
    estimated = metric.kind == "estimated"
    off = found.off.get(metric.name) if estimated else None
    # What would show belongs to an undecided verdict: it says how much more is needed.
    would = f"; {words.number(metric.detectable, 2)} would show" if words.known(metric.detectable) else ""
    verdict = VERDICTS.get(metric.verdict, "")
    return [
        words.title(metric.name), f"estimated{f' ({words.name(found.method, 30)})' if found.method else ''}"
        if estimated else "measured",
        "" if estimated else f"{verdict}{would if metric.verdict == 'unknown' else ''}",
        Cell(value, metric.value, strong=metric.name == found.metric),
        "" if low == words.NOTHING else f"{low} to {high}", Cell(words.number(metric.reference), metric.reference),
        Cell("" if metric.difference is None else
             words.signed(metric.difference, metric.difference_low, metric.difference_high), metric.difference),
        "" if least == words.NOTHING else f"{least} to {most}",
        Cell("" if metric.margin is None else words.number(metric.margin), metric.margin),
        Cell("" if off is None else words.signed(float(words.number(off, 2).replace("−", "-"))), off)
        if words.known(off) else "",
    ]  # fmt: skip


def _slices(segments: list[list[Any]]) -> Table:
    rows: list[Row] = []
    for item in segments[:60]:
        where, count, metric, value, reference, verdict = [*item, *[None] * 6][:6]
        rows.append([Name(words.name(where, 120)), words.title(str(metric)), VERDICTS.get(str(verdict), ""),
                     Cell(words.number(count), count), Cell(words.number(value), value),
                     Cell(words.number(reference), reference)])  # fmt: skip
    return Table(["rows where", "metric", "verdict", "rows", "window", "reference"], rows, left=3, title="By slice")


def _concept(found: list[dict[str, Any]]) -> Table:
    rows: list[Row] = []
    for item in found[:20]:
        told = {True: "has changed", False: "no change"}.get(bool(item.get("changed")), "")
        at = item.get("at")
        rows.append([words.name(item.get("detector"), 40), told, "" if at is None else words.name(at, 40),
                     *(Cell("" if item.get(key) is None else words.number(item.get(key)), item.get(key))
                       for key in ("before", "after"))])  # fmt: skip
    note = (
        "Detectors on the model's loss, row after row in the order of time. They declare no rate of false alarms and "
    )
    note += "count for no alarm here."
    return Table(["detector", "", "at", "loss before", "loss after"], rows, left=3, title="Concept drift", note=note)


def _ground(found: Quality) -> list[str]:
    """What an estimate stands on."""
    told = [f"Assumed: {words.prose(item)}" for item in found.assumptions]
    if words.known(found.inside):
        told.append(f"{words.share(found.inside)} of the rows are like those of the reference.")
    if found.coverage and len(found.coverage) > 1 and words.known(found.coverage[0]):
        told.append(f"On {words.number(found.coverage[1])} pieces of the reference the estimate's 95 % interval held "
                    f"what was measured in {words.share(found.coverage[0])} of the cases.")  # fmt: skip
    return told
