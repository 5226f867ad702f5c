"""Which windows of what has arrived are complete, and where the next pass begins."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mfbench.core.errors import MfbenchError, UsageError
from mfbench.core.text import plural
from mfbench.drift.scanning import scan
from mfbench.drift.seen import Seen
from mfbench.monitoring.state import File, Part, State
from mfbench.monitoring.stretch import Between, Stretch, cut, from_row
from mfbench.monitoring.subject import Subject

GRACE = (60.0, 3600.0)  # seconds for which rows may still come once the clock has passed a window's end


class UnreadError(Exception):
    """A file that cannot be read: its name, and why."""

    def __init__(self, file: str, error: MfbenchError) -> None:
        super().__init__(file)
        self.file, self.error = file, error


@dataclass
class Complete:
    """seen: the windows that are complete; parts: where the rows of each stand; files: what has to be known of those
    that were read; late: rows whose window had been judged before; waiting: what is missing, for people."""

    seen: list[Seen] = field(default_factory=list)
    parts: list[list[Part]] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)
    boundary: int | None = None
    rows: int = 0
    late: int = 0
    waiting: str = ""
    notes: list[str] = field(default_factory=list)


def complete(subject: Subject, ready: Mapping[str, File], state: State, now: int) -> Complete:
    """Reads the files (by name, in order) and finds the windows that are complete. now: microseconds since 1970.

    Raises UnreadError for the first file that cannot be read.
    """
    if not ready:
        return Complete(boundary=state.boundary)
    names = {absolute(subject.base, name): name for name in ready}
    rows = subject.settings.rows()
    between = Between(state.boundary)
    keep = from_row(lambda path: ready[names[path]].rows) if rows else between
    stretch = Stretch(subject.open([Path(path) for path in names]), keep, now)
    try:
        found = list(scan(stretch, subject.reference, subject.settings, model=subject.load()))
    except MfbenchError as error:
        if not stretch.finished and stretch.file in names:
            raise UnreadError(names[stretch.file], error) from None
        if not (stretch.finished and not stretch.parts and isinstance(error, UsageError)):
            raise
        found = []  # there was nothing new in them
    stretch.rename(names)
    made = (
        _by_rows(rows, found, stretch, ready, state) if rows else _by_time(found, stretch, ready, state, subject, now)
    )
    if not rows:
        made.late = sum(count for path, count in between.late.items() if names[path] not in state.files)
    made.notes = stretch.notes
    return made


def absolute(base: Path, name: str) -> str:
    return os.path.normpath(base / name)


def _by_rows(n: int, found: list[Seen], stretch: Stretch, ready: Mapping[str, File], state: State) -> Complete:
    """Windows of n rows: all but the last, unless it is full."""
    whole = [seen for seen in found if seen.counts.rows == n]
    used = n * len(whole)
    for i, seen in enumerate(whole):
        first = state.rows + i * n
        seen.name = f"rows {first + 1:,} to {first + n:,}"
    last = {part.path: part.last for part in cut(stretch.parts, 0, used)}
    files = {}
    for name, file in ready.items():
        extent = stretch.extents.get(name)
        judged = last.get(name, file.rows)
        done = extent is None or judged >= extent.rows
        if judged or done:
            files[name] = File(file.size, file.changed, judged, done)
    left = sum(part.last - part.first for part in stretch.parts) - used
    return Complete(
        whole, [cut(stretch.parts, i * n, (i + 1) * n) for i in range(len(whole))], files, state.boundary, used,
        waiting=f"{left:,} of {n:,} rows of the next window",
    )  # fmt: skip


def _by_time(
    found: list[Seen], stretch: Stretch, ready: Mapping[str, File], state: State, subject: Subject, now: int
) -> Complete:
    """Windows whose end a later row has passed, or the clock some time ago."""
    grace = _grace(subject)
    quiet = now - max(file.changed for file in ready.values()) // 1000 >= grace
    latest = [extent.high for extent in stretch.extents.values() if extent.high is not None]
    horizon = max([*latest, *([now - grace] if quiet else [])], default=None)
    whole = [seen for seen in found if seen.ends is not None and horizon is not None and seen.ends <= horizon]
    boundary = max([seen.ends for seen in whole if seen.ends is not None], default=state.boundary)
    parts = [
        [Part(name, 0, each.rows) for name, each in stretch.extents.items() if each.overlaps(seen.begins, seen.ends)]
        for seen in whole
    ]
    files = {}
    for name, file in ready.items():
        extent = stretch.extents.get(name)
        if extent is None or extent.top is None or (boundary is not None and extent.top < boundary):
            files[name] = File(file.size, file.changed, done=True)
        elif boundary is not None and extent.low is not None and extent.low < boundary:
            files[name] = File(file.size, file.changed)
    rows = sum(seen.counts.rows for seen in whole)
    left = found[len(whole) :]
    waiting = ""
    if left and left[0].ends is not None:
        end = datetime.fromtimestamp(left[0].ends / 1e6, UTC)
        so_far = f"window {left[0].name} has {plural(left[0].counts.rows, 'row')} so far"
        waiting = f"{so_far}; it is complete once a row of {end:%Y-%m-%d %H:%M} UTC or later has come"
    return Complete(whole, parts, files, boundary, rows, waiting=waiting)


def _grace(subject: Subject) -> int:
    """Microseconds."""
    least, most = GRACE
    return int(min(max((subject.settings.seconds() or 0.0) / 24, least), most) * 1e6)
