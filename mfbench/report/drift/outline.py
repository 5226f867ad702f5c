"""A drift report for a screen: plain values beside the words of the page, of the whole, of a window, of a column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfbench.report import words
from mfbench.report.drift import wording
from mfbench.report.drift.mattering import VERDICTS, watched
from mfbench.report.drift.segments import together
from mfbench.report.drift.short import shares, short
from mfbench.report.drift.summary import focus, of_window, summary

if TYPE_CHECKING:
    from mfbench.drift.findings import Difference, Report, Segment, Test, Window

_CHANGES = 12  # values that came or went, by name


def outline(report: Report) -> dict[str, Any]:
    """{id, model, made, data, verdict, answers, windows, focus, notes}: answers are [question, answer] pairs.

    windows: [{name, verdict, effect, column}] in their order; focus: the number of the one to look at first.
    """
    told, closely = summary(report), focus(report)
    return {
        "id": report.id,
        "model": wording.model(report),
        "made": wording.minute(report.made),
        "data": words.name(report.data, 160),
        "verdict": told.verdict,
        "answers": [list(pair) for pair in told.answers()],
        "windows": [_window(window) for window in report.windows],
        "focus": next((i for i, window in enumerate(report.windows) if window is closely), 0),
        "notes": [words.prose(note) for note in report.notes],
    }


def window_outline(report: Report, number: int) -> dict[str, Any]:
    """{name, rows, verdict, told, answers, found, together, segments, notes}: found are columns, the largest first.

    found: [{column, about, effect, effect_told, chance, p, mark, change}]; column None: all together; mark 'alarm',
    'found' or ''. segments: lines.
    """
    window = report.windows[number]
    told = of_window(window, report)
    differences = {item.name: item for item in window.columns}
    found = [_found(test, differences.get(test.column or "")) for test in wording.strongest(window.tests)]
    joint = window.joint
    notes = [*window.notes, *(window.quality.notes if window.quality is not None else ())]
    return {
        **_window(window),
        "told": told.verdict,
        "answers": [list(pair) for pair in told.answers()],
        "found": found,
        "together": together(joint) if joint is not None else "",
        "segments": [segment_line(item) for item in joint.segments] if joint is not None else [],
        "notes": [words.prose(note) for note in dict.fromkeys(notes)],
    }


def column_outline(report: Report, number: int, name: str) -> dict[str, Any] | None:
    """{name, kind, tests, figures, labels, reference, window, new, vanished}; None where the window kept no figures.

    tests: lines; figures: [what, of the reference, of the window]; reference, window: the share of each label's rows.
    """
    window = report.windows[number]
    item = next((each for each in window.columns if each.name == name), None)
    if item is None:
        return None
    reference, here = shares(item)
    return {
        "name": words.name(item.name, 80),
        "kind": f"{words.name(item.role, 20)}, {words.name(item.dtype, 30)}",
        "tests": [_test(test) for test in window.tests if test.column == name],
        "figures": _figures(item),
        "labels": [words.name(label, 40) for label in item.labels],
        "reference": reference,
        "window": here,
        "new": [f"{words.name(value, 30)} ({rows:,})" for value, rows in item.new[:_CHANGES]],
        "vanished": [words.name(value, 30) for value in item.vanished[:_CHANGES]],
    }


def _window(window: Window) -> dict[str, Any]:
    metric = watched(window.quality) if window.quality is not None else None
    quality = ""
    if metric is not None:
        verdict = "estimate" if metric.kind == "estimated" else VERDICTS.get(metric.verdict, metric.verdict)
        quality = f"{words.title(metric.name)} {words.number(metric.value, 3)}, {verdict}"
    return {
        "name": words.name(window.name, 60),
        "rows": window.rows,
        "verdict": window.verdict,
        "glyph": wording.GLYPHS[window.verdict],
        "effect": window.effect if words.known(window.effect) else None,
        "column": wording.column(window.column, 40),
        "quality": quality,
    }


def _found(test: Test, item: Difference | None) -> dict[str, Any]:
    return {
        "column": test.column,
        "about": test.about,
        "effect": test.effect if words.known(test.effect) else None,
        "effect_told": words.share(test.effect),
        "chance": words.share(test.chance),
        "p": wording.chance(test.adjusted),
        "mark": "alarm" if test.alarming else "found" if test.listed else "",
        "change": short(test, item),
    }


def segment_line(item: Segment) -> str:
    """Where, how many rows, how much of the shift."""
    inside = f" ({', '.join(words.name(name, 40) for name in item.differs[:3])})" if item.differs else ""
    told = f"{words.share(item.share)} of rows (reference {words.share(item.reference_share)})"
    sure = "" if item.confirmed else "not confirmed: "
    return f"{sure}{words.name(item.where, 160)}: {told}, {words.share(item.of_shift)} of the shift{inside}"


def _test(test: Test) -> str:
    name = f"{words.name(test.test, 30)} of {test.about}"
    if not words.known(test.p):
        return f"{name}: not judged, {words.prose(test.why, 160)}"
    sure = "alarm" if test.alarming else "found" if test.listed else "nothing found"
    told = (
        f"effect {words.share(test.effect)} (chance {words.share(test.chance)}, seen from {words.share(test.visible)})"
    )
    return f"{name}: {sure}; {told}; {wording.with_sign(test.adjusted)} corrected"


def _figures(item: Difference) -> list[list[str]]:
    rows: list[tuple[str, list[Any] | None]] = [("mean", item.mean), ("sd", item.sd), ("least", item.low),
                                                ("most", item.high), ("values", item.distinct)]  # fmt: skip
    figures = [[what, *(_number(value) for value in pair[:2])] for what, pair in rows if pair and len(pair) > 1]
    figures.append(["missing", *(words.share(value) for value in item.nulls[:2])])
    if item.odd:
        figures.append(["of another type", "", words.share(item.odd)])
    if item.outside is not None:
        figures.append(["beyond the range", "", words.share(item.outside)])
    measures = (("PSI", item.psi), ("KS", item.ks), ("JS", item.js), ("Wasserstein, sd", item.wasserstein))
    return figures + [[what, "", words.number(value, 3)] for what, value in measures if value is not None]


def _number(value: Any) -> str:
    return words.number(value, 3) if value is None or words.known(value) else words.name(value, 30)
