"""Reading segments: what is whole is read, what is damaged is reported, nothing is ever changed."""

from __future__ import annotations

import heapq
import os
from itertools import chain
from operator import itemgetter
from pathlib import Path

from mfbench.core.errors import DamageError
from mfbench.journal.cursor import Cursor, Damage, Event
from mfbench.journal.sealed import SEALED, is_segment, read_sealed, sealed_segments

__all__ = ["Event", "Tail", "read_events", "segment_names"]

LIVE = 1 << 20  # bytes of each segment that a driver reads at once: it has other things to look after
MOST = 1 << 30  # bytes of events that it takes from one worker
MANY = 10_000  # segments, and lines that are no events, that it puts up with


class Tail:
    """Follows every segment of one run, new ones included, also while it is sealed.

    live: this is the run's own driver, and nobody but its worker would seal it now. What is new then comes in parts of
    bounded size, until `at_end`, and there is an end to it.
    """

    def __init__(self, events_folder: Path, *, live: bool = False) -> None:
        self.folder = events_folder
        self.live = live
        self.cursors: dict[str, Cursor] = {}
        self._sealed = False
        self._skipped = 0  # bytes

    def skip(self) -> None:
        """Leaves out all that is there."""
        for name in segment_names(self.folder):
            self._cursor(name).read()
        self._skipped = sum(cursor.offset for cursor in self.cursors.values())

    def poll(self) -> list[Event]:
        """New events of all segments, ordered by time (within one segment by sequence).

        Raises DamageError where the journal is sealed and damaged, or where a worker has written what nobody can take.
        """
        if self.live:
            return self._poll_live()
        if self._sealed:  # nobody writes to it any more
            return []
        new: dict[str, list[Event]] = {}
        for name in segment_names(self.folder):
            if events := self._cursor(name).read():
                new[name] = events
        # Looked for last: segments that were gone by now are in it.
        if os.path.exists(f"{self.folder}/{SEALED}"):  # noqa: PTH110
            self._unseal(new)
        return _merged(new)

    def _poll_live(self) -> list[Event]:
        names = [name for name in os.listdir(self.folder) if is_segment(name)]
        if len(names) > MANY:
            raise DamageError(f"the worker writes more than {MANY} journals at once", where=str(self.folder))
        new = {name: self._cursor(name).read(LIVE) for name in sorted(names, key=_writer_and_number)}
        if sum(cursor.offset for cursor in self.cursors.values()) - self._skipped > MOST:
            said = f"the worker has told and printed more than {MOST >> 30} GB"
            raise DamageError(said, where=str(self.folder), hint="let its steps log less")
        for cursor in self.cursors.values():
            cursor.given_up = cursor.given_up or cursor.odd > MANY
        return _merged(new)

    @property
    def at_end(self) -> bool:
        """Whether the last poll has read all that was there."""
        return all(cursor.at_end for cursor in self.cursors.values())

    def _cursor(self, name: str) -> Cursor:
        if name not in self.cursors:
            self.cursors[name] = Cursor(f"{self.folder}/{name}")
        return self.cursors[name]

    def _unseal(self, new: dict[str, list[Event]]) -> None:
        """Adds what the sealed journal has beyond what was read of its segments."""
        for name, events in read_sealed(f"{self.folder}/{SEALED}"):
            cursor = self._cursor(name)
            if fresh := events[max(0, cursor.next_seq - events[0][0]) :]:
                new.setdefault(name, []).extend(fresh)
                cursor.next_seq = fresh[-1][0] + 1
        self._sealed = True

    @property
    def damages(self) -> list[Damage]:
        return [damage for cursor in self.cursors.values() for damage in cursor.damages]


def _merged(new: dict[str, list[Event]]) -> list[Event]:
    # Merged, not sorted: a clock that is set back does not change the order within a segment.
    return list(heapq.merge(*new.values(), key=itemgetter(1))) if len(new) > 1 else [*chain(*new.values())]


def read_events(events_folder: Path) -> list[Event]:
    """All whole events of a run, headers included, in order of time."""
    return Tail(events_folder).poll()


def segment_names(events_folder: str | Path) -> list[str]:
    """The segments of a run that are to be read as such: by writer, then by number. Not those that were sealed."""
    try:
        found = os.listdir(events_folder)
    except FileNotFoundError:
        return []
    names = [name for name in found if is_segment(name)]
    if names and SEALED in found:
        try:
            names = sorted(set(names).difference(sealed_segments(f"{events_folder}/{SEALED}")))
        except (DamageError, FileNotFoundError):
            pass  # what is wrong is told by who reads it; the segments may be all that is left
    return sorted(names, key=_writer_and_number) if len(names) > 1 else names


def _writer_and_number(name: str) -> tuple[str, int, str]:
    writer, _, number = name.removesuffix(".jsonl").rpartition("-")
    return writer, int(number) if number.isdecimal() else 0, name
