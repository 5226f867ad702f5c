"""Reading one segment: what is whole is read, what is damaged is reported, nothing is ever changed."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from errno import ELOOP
from io import FileIO
from typing import Any

from mfbench.journal.line import decode_line, decode_next

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
        if self.missing is None:
            return ""
        first, last = self.missing
        return f"; event {first} is missing" if first == last else f"; events {first} to {last} are missing"


TAIL = 10  # bytes: a checksum and its newline, which stand for the line that they end
PART = 64 << 20  # bytes that are read at once
LONGEST = 64 << 20  # bytes of a line: a file without an end must not fill the memory


@dataclass
class Cursor:
    """How far one segment was read: a byte offset at a line's start and the next expected sequence.

    `tail` is the end of the last line before `offset`. Where it does not stand there any more, the segment is not the
    one that was read: `changed` is set, and nothing more is read.
    """

    path: str
    offset: int = 0
    next_seq: int = 0
    tail: bytes = b""
    changed: bool = False
    damages: list[Damage] = field(default_factory=list)
    at_end: bool = False  # whether the last read got to where the file ended then
    size: int = 0  # bytes that the file had then, -1 where there was none
    given_up: bool = False  # whether it is nothing that could be read on
    odd: int = 0  # lines that were no event
    _after_damage: bool = False

    def read(self, limit: int | None = None) -> list[Event]:
        """New whole events since the last read (of about `limit` bytes); an unterminated tail waits."""
        events = self._read(limit or PART)
        while limit is None and not self.at_end:
            events += self._read(PART)
        return events

    def _read(self, limit: int) -> list[Event]:
        if self.given_up:
            self.at_end = True
            return []
        try:
            with open_plain(self.path) as stream:
                found = os.fstat(stream.fileno())
                if not stat.S_ISREG(found.st_mode):
                    return self._give_up("this is no file")
                self.size = found.st_size
                left = self.size - self.offset
                self.at_end = left <= limit
                stream.seek(self.offset - len(self.tail))
                if self.tail and stream.read(len(self.tail)) != self.tail:
                    self.changed = self.at_end = True
                    return []
                chunk = stream.read(max(0, left) if self.at_end else limit)
                while not self.at_end and b"\n" not in chunk:
                    if len(chunk) > LONGEST:
                        return self._give_up("a line without an end")
                    more = stream.read(max(limit, len(chunk)))
                    chunk += more
                    self.at_end = not more
        except FileNotFoundError:
            self.at_end, self.size = True, -1
            return []
        except OSError as error:  # one file without the right to read it must not hide the rest
            if error.errno == ELOOP:
                return self._give_up("this is a link, and no file")
            self.at_end = True
            self.damages.append(Damage(self.path, self.offset, f"cannot be read: {error.strerror}"))
            return []
        end = chunk.rfind(b"\n")
        if end >= 0:
            self.tail = (self.tail + chunk[max(0, end + 1 - TAIL) : end + 1])[-TAIL:]
            return self._take(chunk[:end].split(b"\n"))
        return []

    def _give_up(self, why: str) -> list[Event]:
        self.given_up = self.at_end = True
        self.damages.append(Damage(self.path, self.offset, why))
        return []

    def _take(self, lines: list[bytes]) -> list[Event]:
        """The events of whole lines, quickly while nothing is wrong with them."""
        events: list[Event] = []
        at = 0
        while at < len(lines):
            if not self._after_damage:
                good = decode_next(lines, at, self.next_seq)
                self.offset += sum(map(len, lines[at : at + len(good)])) + len(good)
                self.next_seq += len(good)
                at += len(good)
                events += good
            if at < len(lines):
                if event := self._take_one(lines[at]):
                    events.append(event)
                at += 1
        return events

    def _take_one(self, line: bytes) -> Event | None:
        """A line with which something may be wrong."""
        event = None
        try:
            event = decode_line(line)
            if event[0] != self.next_seq or self._after_damage:
                self._look_back(event[0])
            self.next_seq = event[0] + 1
        except ValueError as error:
            self.odd += 1
            if line:  # an empty one is where a torn write was ended
                self.damages.append(Damage(self.path, self.offset, str(error)))
                self._after_damage = True
        self.offset += len(line) + 1
        return event

    def _look_back(self, seq: int) -> None:
        """Tells the gap before event `seq`, if there is one; it is what the damaged line before it held."""
        if seq > self.next_seq:
            reason, at = "a gap in the sequence", self.offset
            if self._after_damage:
                last = self.damages.pop()
                reason, at = last.reason, last.offset
            self.damages.append(Damage(self.path, at, reason, (self.next_seq, seq - 1)))
        self._after_damage = False


def unread(path: str, offset: int) -> int:
    """The bytes of whole lines after `offset`; an unterminated tail does not count."""
    try:
        with open_plain(path) as stream:
            end = stream.seek(0, os.SEEK_END)
            while end > offset:  # backwards: the last newline is near
                start = max(offset, end - 65536)
                stream.seek(start)
                found = stream.read(end - start).rfind(b"\n")
                if found >= 0:
                    return start + found + 1 - offset
                end = start
    except OSError:  # gone, or not to be read: a reader tells which
        pass
    return 0


def ends_there(path: str, offset: int, tail: bytes) -> bool:
    """Whether a segment still holds the bytes that ended what was read of it."""
    try:
        with open_plain(path) as stream:
            stream.seek(offset - len(tail))
            return stream.read(len(tail)) == tail and os.fstat(stream.fileno()).st_size >= offset
    except OSError:
        return False


def open_plain(path: str) -> FileIO:
    """A segment for reading. A pipe of that name does not stop us, and a link leads nowhere."""
    return FileIO(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC))
