"""Reading segments: what is whole is read, what is damaged is reported, nothing is ever changed."""

from __future__ import annotations

import heapq
import os
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

from mfbench.journal.line import decode_line

Event = list[Any]


@dataclass(frozen=True)
class Damage:
    """A line that is not what was written: its file, its byte offset, and the events missing after it."""

    file: str
    offset: int
    reason: str
    missing: tuple[int, int] | None = None

    def __str__(self) -> str:
        return f"{self.file}: byte {self.offset}: {self.reason}{self.gap}"

    @property
    def gap(self) -> str:
        return f"; events {self.missing[0]} to {self.missing[1]} are missing" if self.missing else ""


@dataclass
class Cursor:
    """How far one segment was read: a byte offset at a line's start and the next expected sequence."""

    path: str
    offset: int = 0
    next_seq: int = 0
    damages: list[Damage] = field(default_factory=list)
    _after_damage: bool = False

    def read(self, limit: int = -1) -> list[Event]:
        """New whole events since the last read (at most `limit` bytes and a line); an unterminated tail waits."""
        try:
            with open(self.path, "rb") as stream:  # noqa: PTH123  thousands of small files: paths as text
                stream.seek(self.offset)
                chunk = stream.read(limit)
                if limit >= 0 and b"\n" not in chunk:
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
            self._after_damage = True
            return
        seq = event[0]
        if seq > self.next_seq:
            reason, at = "a gap in the sequence", position
            if self._after_damage:  # the gap is what that line held
                last = self.damages.pop()
                reason, at = last.reason, last.offset
            self.damages.append(Damage(self.path, at, reason, (self.next_seq, seq - 1)))
        self.next_seq = seq + 1
        self._after_damage = False
        events.append(event)


class Tail:
    """Follows every segment of one run, new ones included."""

    def __init__(self, events_folder: Path) -> None:
        self.folder = events_folder
        self.cursors: dict[str, Cursor] = {}

    def poll(self) -> list[Event]:
        """New events of all segments, ordered by time (within one segment by sequence)."""
        new: list[list[Event]] = []
        for name in segment_names(self.folder):
            if name not in self.cursors:
                self.cursors[name] = Cursor(f"{self.folder}/{name}")
            if events := self.cursors[name].read():
                new.append(events)
        # Merged, not sorted: a clock that is set back does not change the order within a segment.
        return new[0] if len(new) == 1 else list(heapq.merge(*new, key=itemgetter(1)))

    @property
    def damages(self) -> list[Damage]:
        return [damage for cursor in self.cursors.values() for damage in cursor.damages]


def read_events(events_folder: Path) -> list[Event]:
    """All whole events of a run, headers included, in order of time."""
    return Tail(events_folder).poll()


def segment_names(events_folder: str | Path) -> list[str]:
    """The segments of a run: by writer, then by number."""
    try:
        names = [name for name in os.listdir(events_folder) if name.endswith(".jsonl") and name[0] != "."]
    except FileNotFoundError:
        return []
    return sorted(names, key=_writer_and_number) if len(names) > 1 else names


def _writer_and_number(name: str) -> tuple[str, int, str]:
    writer, _, number = name.removesuffix(".jsonl").rpartition("-")
    return writer, int(number) if number.isdecimal() else 0, name
