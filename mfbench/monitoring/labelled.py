"""Windows that are looked at once more because their labels have come: for quality alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from mfbench.core.errors import MfbenchError
from mfbench.drift.findings import Quality, Window
from mfbench.drift.quality import quality
from mfbench.drift.scanning import scan
from mfbench.drift.seen import Seen
from mfbench.monitoring.state import Part, State, Waiting
from mfbench.monitoring.stretch import Between, Keep, Stretch, within
from mfbench.monitoring.subject import Subject
from mfbench.monitoring.windows import absolute

ENOUGH = 0.9  # of the rows: a window with so many labels is not looked at again
MORE = 100  # labels that must have come for another look
LONGEST = 30 * 86400.0  # seconds beyond the label's delay for which labels are waited for
MOST = 200  # windows that wait


def due(one: Waiting, subject: Subject, now: int) -> bool:
    return one.ends is None or one.ends + subject.label_delay * 1e6 <= now


def waits(subject: Subject, seen: Seen, parts: Sequence[Part], found: Quality, report: str, now: int) -> list[Waiting]:
    """The window as one that waits for its labels, where some may still come."""
    if found.labels >= ENOUGH * seen.counts.rows or not subject.expects_labels:
        return []
    return [
        Waiting(name=seen.name, rows=seen.counts.rows, parts=list(parts), begins=seen.begins, ends=seen.ends,
                labels=found.labels, report=report, judged=now)
    ]  # fmt: skip


def look_again(subject: Subject, state: State, now: int) -> tuple[list[Window], list[Waiting], int, list[float]]:
    """(windows whose labels came, those that still wait, labels that are new, losses of all that are through)."""
    windows, left, labels, losses = list[Window](), list[Waiting](), 0, list(state.losses)
    came = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in subject.later_labels()]
    for one in state.waiting:
        new = bool(came) and subject.looked.get(one.name) != came and due(one, subject, now)
        found = _quality(subject, one, losses) if new else None
        if new:
            subject.looked[one.name] = came
        if found is not None and found.labels >= one.labels + MORE:
            windows.append(_window(one, found))
            labels += found.labels - one.labels
            one = replace(one, labels=found.labels)
            if one.labels >= ENOUGH * one.rows:
                losses += found.losses
        over = now > max(one.ends or 0, one.judged) + (subject.label_delay + LONGEST) * 1e6
        if one.labels < ENOUGH * one.rows and not over:
            left.append(one)
    return windows, left[-MOST:], labels, losses


def _window(one: Waiting, found: Quality) -> Window:
    note = f"labels that came later; how the rows differ stands in report {one.report}"
    return Window(name=f"{one.name} (labels)", rows=one.rows, verdict="quiet", begins=one.begins, ends=one.ends,
                  quality=found, notes=[note])  # fmt: skip


def _quality(subject: Subject, one: Waiting, losses: Sequence[float]) -> Quality | None:
    """None where the window's rows are no longer there."""
    names = {absolute(subject.base, part.path): part for part in one.parts}
    if not names or not all(Path(path).is_file() for path in names):
        return None
    parts = [Part(path, part.first, part.last) for path, part in names.items()]
    keep: Keep = within(parts) if subject.settings.rows() else Between(one.begins, one.ends)
    now = 2**62  # its rows were judged: their times are believed
    stretch = Stretch(subject.open([Path(path) for path in names]), keep, now)
    whole = replace(subject.settings, window=None)
    try:
        (seen,) = scan(stretch, subject.reference, whole, model=subject.load())
        return quality(subject.reference, seen.sample, subject.settings, losses=tuple(losses))
    except MfbenchError:  # a file that is no longer what it was
        return None
