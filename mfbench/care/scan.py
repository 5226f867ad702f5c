"""A run's journal, read whole: what is damaged, and the few events that the doctor goes by.

At 100,000 runs the time goes into decoding; so a segment is first only checked line by line, checksum and number,
and read in full where something is wrong with it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from zlib import crc32

from mfbench.core.errors import DamageError
from mfbench.journal.cursor import TAIL, Cursor, Damage, Event
from mfbench.journal.line import decode_line
from mfbench.journal.sealed import SEALED, read_sealed, sealed_segments
from mfbench.workspace.workspace import Workspace

KINDS = ("header", "run.started", "run.ended", "artifact")
_TOLD = re.compile(rb'^\[\d+,-?\d+,"(?:header|run\.started|run\.ended|artifact)"[^\n]*', re.MULTILINE)
RUN = re.compile(r"\d{8}-\d{9}-[0-9a-z]{5}")
_CUT = "no checksum"  # what is said of a line that ends before it should
_CHUNK = 8 << 20  # bytes


@dataclass
class Segment:
    """`size` and `tail` (its last bytes) are of whole lines; `lines` counts the whole ones; `told`: events of KINDS."""

    name: str
    size: int = 0
    tail: bytes = b""
    lines: int = 0
    told: list[Event] = field(default_factory=list)
    damages: list[Damage] = field(default_factory=list)


@dataclass
class Journal:
    """`alive` was asked before anything was read: a leader that ends meanwhile has written its end before."""

    run: str
    alive: bool
    segments: list[Segment] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # names in the folder that are no segments
    unreadable: dict[str, str] = field(default_factory=dict)  # by name, with the reason; '' is the folder
    sealed: bool = False

    @property
    def is_run(self) -> bool:
        """Whether its name is one that runs are given."""
        return RUN.fullmatch(self.run) is not None

    @property
    def missing(self) -> bool:
        """Whether nobody has ever written a whole line to it, as far as can be seen."""
        return not (self.unreadable or self.sealed or any(one.lines or one.damages for one in self.segments))

    @property
    def began(self) -> bool:
        return any(event[2] == "run.started" for segment in self.segments for event in segment.told)

    @property
    def rows(self) -> int:
        """Events that have a row in the database."""
        headers: int = sum(event[2] == "header" for segment in self.segments for event in segment.told)
        return sum(segment.lines for segment in self.segments) - headers

    @property
    def ended(self) -> bool:
        """Whether the last word about its life is an end: a run that was resumed has begun again."""
        began = ended = -(1 << 62)
        for segment in self.segments:
            for event in segment.told:
                if event[2] == "run.started":
                    began = max(began, event[1])
                elif event[2] == "run.ended":
                    ended = max(ended, event[1])
        return ended >= began and ended > -(1 << 62)


def scan(workspace: Workspace, run: str, suspect: Collection[str] = ()) -> Journal:
    """Reads all of a run's journal. suspect: segments to read in full, whatever they look like."""
    journal = Journal(run, workspace.is_alive(run))
    folder = f"{workspace.root}/runs/{run}/events"
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return journal
    except OSError as error:
        journal.unreadable[""] = error.strerror or str(error)
        return journal
    if SEALED in names:
        journal.sealed = True
        _unseal(journal, f"{folder}/{SEALED}", names)
    for name in sorted(names):
        if name == SEALED or name[0] == ".":
            continue
        if not name.endswith(".jsonl"):
            journal.others.append(name)
            continue
        try:
            journal.segments.append(_segment(f"{folder}/{name}", name, name in suspect))
        except OSError as error:  # also where it was sealed just now: the second look finds that
            journal.unreadable[name] = error.strerror or str(error)
    return journal


def _segment(path: str, name: str, suspect: bool) -> Segment:
    if not suspect:
        try:
            return _quickly(path, name)
        except ValueError:
            pass
    open(path, "rb").close()  # noqa: PTH123  raises OSError, which a cursor tells as a damage
    segment, cursor = Segment(name), Cursor(path)
    while not cursor.at_end:
        events = cursor.read(_CHUNK)
        segment.lines += len(events)
        segment.told += [event for event in events if event[2] in KINDS]
    segment.damages = [found for found in cursor.damages if not _was_refused(found, cursor)]
    segment.size, segment.tail = cursor.offset, cursor.tail
    return segment


def _was_refused(found: Damage, cursor: Cursor) -> bool:
    """Whether the disk took only a part of a line: its writer was told, and the next line has the same number."""
    if found.missing or found.reason != _CUT:
        return False
    with open(cursor.path, "rb") as stream:  # noqa: PTH123
        stream.seek(found.offset)
        stream.readline()
        return stream.tell() < cursor.offset


def _quickly(path: str, name: str) -> Segment:
    """Raises ValueError where a line is not what was written, or has another number than it should have."""
    segment = Segment(name)
    for chunk in _chunks(path):
        lines = chunk.split(b"\n")
        lines.pop()
        for seq, line in enumerate(lines, segment.lines):
            if line[-9:] != b"\t%08x" % crc32(line[:-9]) or not line.startswith(b"[%d," % seq):
                raise ValueError(seq)
        segment.lines += len(lines)
        segment.told += [decode_line(found) for found in _TOLD.findall(chunk)]
        segment.size += len(chunk)
        segment.tail = (segment.tail + chunk[-TAIL:])[-TAIL:]
    return segment


def _chunks(path: str) -> Iterator[bytes]:
    """Whole lines, some megabytes at a time; an unterminated tail is left out."""
    rest = b""
    with open(path, "rb", buffering=0) as stream:  # noqa: PTH123  100,000 of them
        while read := stream.read(_CHUNK):
            whole, newline, rest = (rest + read).rpartition(b"\n")
            if newline:
                yield whole + newline


def _unseal(journal: Journal, path: str, names: list[str]) -> None:
    """Adds the segments of a sealed journal, and takes those that it names out of `names`."""
    segments: dict[str, Segment] = {}
    inside: set[str] = set()
    try:
        inside.update(sealed_segments(path))
        for name, events in read_sealed(path):
            segment = segments.setdefault(name, Segment(name))
            segment.lines += len(events)
            segment.told += [event for event in events if event[2] in KINDS]
    except DamageError as error:
        journal.unreadable[SEALED] = error.message
    except OSError as error:
        journal.unreadable[SEALED] = error.strerror or str(error)
    journal.segments += segments.values()
    names[:] = [name for name in names if name not in inside]
