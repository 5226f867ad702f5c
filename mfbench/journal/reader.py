"""Reading segments: what is whole is read, what is damaged is reported, nothing is ever changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mfbench.journal.line import decode_line

Event = list[Any]


@dataclass(frozen=True)
class Damage:
    """A line that is not what was written: its file, its byte offset, and the events missing after it."""

    file: Path
    offset: int
    reason: str
    missing: tuple[int, int] | None = None

    def __str__(self) -> str:
        gap = f"; events {self.missing[0]} to {self.missing[1]} are missing" if self.missing else ""
        return f"{self.file}: byte {self.offset}: {self.reason}{gap}"


@dataclass
class Cursor:
    """How far one segment was read: a byte offset at a line's start and the next expected sequence."""

    path: Path
    offset: int = 0
    next_seq: int = 0
    damages: list[Damage] = field(default_factory=list)
    _gap_at: int | None = None

    def read(self, limit: int | None = None) -> list[Event]:
        """New whole events since the last read (at most `limit` bytes); an unterminated tail waits."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(self.offset)
                chunk = stream.read(limit if limit is not None else -1)
                if limit is not None and b"\n" not in chunk:
                    chunk += stream.readline()
        except FileNotFoundError:
            return []
        end = chunk.rfind(b"\n") + 1
        events: list[Event] = []
        position = self.offset
        for line in chunk[: end - 1].split(b"\n") if end else ():
            self._take(line, position, events)
            position += len(line) + 1
        self.offset = position
        return events

    def _take(self, line: bytes, position: int, events: list[Event]) -> None:
        if not line:
            return
        try:
            event = decode_line(line)
        except ValueError as error:
            self.damages.append(Damage(self.path, position, str(error)))
            return
        seq = event[0]
        if seq > self.next_seq:
            reason, at = "a gap in the sequence", position
            if self.damages and self.damages[-1].missing is None:
                last = self.damages.pop()
                reason, at = last.reason, last.offset
            self.damages.append(Damage(self.path, at, reason, (self.next_seq, seq - 1)))
        self.next_seq = seq + 1
        events.append(event)


class Tail:
    """Follows every segment of one run, new ones included."""

    def __init__(self, events_folder: Path) -> None:
        self.folder = events_folder
        self.cursors: dict[str, Cursor] = {}

    def poll(self) -> list[Event]:
        """New events of all segments, ordered by time (within one segment by sequence)."""
        try:
            names = sorted(path.name for path in self.folder.iterdir() if path.suffix == ".jsonl")
        except FileNotFoundError:
            return []
        new: list[Event] = []
        for name in names:
            cursor = self.cursors.setdefault(name, Cursor(self.folder / name))
            new += cursor.read()
        new.sort(key=lambda event: event[1])
        return new

    @property
    def damages(self) -> list[Damage]:
        return [damage for cursor in self.cursors.values() for damage in cursor.damages]


def read_events(events_folder: Path) -> list[Event]:
    """All whole events of a run, headers included, in order of time."""
    return Tail(events_folder).poll()
