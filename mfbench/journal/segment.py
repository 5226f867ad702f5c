"""Writing a segment.

Ownership: a segment has exactly one writer, and nobody else ever writes to it. Threads of one process
share a writer (a mutex keeps sequence and order); a forked child opens a segment of its own at its first
write; a resumed worker starts the next number. No writer takes a file lock or waits for another process.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from time import time_ns
from typing import Any
from zlib import crc32

from mfbench.core.errors import MfbenchError, UsageError
from mfbench.core.machine import host
from mfbench.journal import flusher
from mfbench.journal.line import FORMAT, encode_body, encode_line
from mfbench.journal.sealed import SEALED

_open_writers: weakref.WeakSet[SegmentWriter] = weakref.WeakSet()
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC


class SegmentWriter:
    """Appends events to `folder/<writer>-<n>.jsonl`; each is in the kernel's hands when `write` returns.

    A signal handler may log too, in the middle of a write of the same thread: it cannot wait for that write, and
    writes to a segment beside this one. So does everybody once a write was left by an exception that such a handler
    raised (Ctrl-C): nobody knows whether its number is taken.
    """

    def __init__(self, folder: str | Path, writer: str, *, run: str, attempt: int = 1) -> None:
        self.folder = str(folder)
        self.writer = writer
        self.run = run
        self.attempt = attempt
        self.lock = threading.RLock()  # of this process's threads; a fork has its own
        self._busy = False
        self._aside: SegmentWriter | None = None
        self._descriptor = -1
        self._path = ""
        self._seq = 0
        self._torn = False
        self._closed = False
        _open_writers.add(self)
        self._open()

    def write(self, kind: str, *fields: Any) -> None:
        """One event, one write.

        Raises MfbenchError when the disk takes less than the whole line, UsageError for what JSON cannot hold
        or once the run has ended.
        """
        with self.lock:
            if self._busy or self._torn or self._descriptor < 0:
                self.write_many(kind, (fields,))
                return
            # The usual case, which people call in loops, in few steps: all else is in `write_many`.
            self._busy = True
            try:
                body = encode_body((self._seq, time_ns() // 1000, kind, *fields))
                line = b"%b\t%08x\n" % (body, crc32(body))
                written = os.write(self._descriptor, line)
            except (TypeError, ValueError, OSError) as error:
                raise self._refused(kind, error) from error
            if written == len(line) and self._descriptor in flusher.dirty:
                self._seq += 1
            else:
                self._count(line, written, 1)
            self._busy = False

    def write_many(self, kind: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Many events of one kind in one write. Raises as `write` does; what then stands is told in the error."""
        with self.lock:
            if self._busy:
                self._beside().write_many(kind, rows)
                return
            self._busy = True
            if self._descriptor < 0:
                self._open()
            self._put(kind, rows)
            self._busy = False

    def close(self) -> None:
        """Ends the segment. Writing afterwards is an error.

        Raises MfbenchError where the segment was deleted while it was written to.
        """
        with self.lock:
            aside, self._aside = self._aside, None
            if aside:
                aside.close()
            self._closed = True
            is_gone = self._descriptor >= 0 and self._is_gone()
            self._let_go()
        if is_gone:
            raise MfbenchError(f"the journal of run {self.run} was deleted while it was written", where=self._path)

    def _put(self, kind: str, rows: Sequence[tuple[Any, ...]]) -> None:
        now = time_ns() // 1000
        try:
            lines = [encode_line((seq, now, kind, *row)) for seq, row in enumerate(rows, self._seq)]
            if self._torn:  # the last write stopped inside a line: end it, so that only that line is damaged
                lines.insert(0, b"\n")
            data = b"".join(lines)
            written = os.write(self._descriptor, data)
        except (TypeError, ValueError, OSError) as error:
            raise self._refused(kind, error) from error
        self._count(data, written, len(rows))

    def _count(self, data: bytes, written: int, count: int) -> None:
        """Takes note of `count` events in `data`, of which so many bytes were written."""
        if written != len(data):
            # Lines that are whole keep their numbers; so does one that lacks only its newline, which comes next.
            count_whole = data.count(b"\n", int(self._torn), written + 1)
            self._seq += count_whole
            self._torn = True
            raise self._failed(f"{count_whole} of {count} events were written, then no more; is the disk full?")
        self._torn = False
        self._seq += count
        if self._descriptor not in flusher.dirty:
            flusher.mark_dirty(self._descriptor)

    def _refused(self, kind: str, error: Exception) -> MfbenchError:
        if isinstance(error, OSError):
            return self._failed(error.strerror or str(error))
        self._busy = False
        return UsageError(f"an event {kind!r} cannot be written: {error}")

    def _failed(self, why: str) -> MfbenchError:
        self._busy = False
        return MfbenchError(
            f"an event of run {self.run} could not be written: {why}",
            where=self.folder,
            hint="what was logged before is safe; free some space and log again",
        )

    def _beside(self) -> SegmentWriter:
        if self._aside is None:
            if self._closed:
                raise self._ended()
            self._aside = SegmentWriter(self.folder, self.writer, run=self.run, attempt=self.attempt)
        return self._aside

    def _is_gone(self) -> bool:
        """Whether nobody can ever read it: no name leads to it any more."""
        return os.fstat(self._descriptor).st_nlink == 0 and not os.path.exists(self._path)  # noqa: PTH110

    def _ended(self) -> UsageError:
        return UsageError(f"run {self.run} has ended: nothing more can be logged to it")

    def _open(self) -> None:
        # A sealed journal hides what would be written beside it under a name that it holds.
        if self._closed or os.path.exists(f"{self.folder}/{SEALED}"):  # noqa: PTH110
            self._busy = False
            raise self._ended()
        number, previous = 1, None
        while True:
            name = f"{self.writer}-{number}.jsonl"
            self._path = f"{self.folder}/{name}"
            try:
                self._descriptor = os.open(self._path, _CREATE, 0o644)
                break
            except FileExistsError:
                number, previous = number + 1, name
            except OSError as error:
                raise self._failed(error.strerror or str(error)) from error
        flusher.opened(self.folder)
        self._seq, self._torn = 0, False
        header = {
            "format": FORMAT,
            "run": self.run,
            "writer": self.writer,
            "attempt": self.attempt,
            "host": host(),
            "pid": os.getpid(),
            "previous": previous,
        }
        try:
            self._put("header", ((header,),))
        except MfbenchError:
            self._let_go()  # a segment without its header takes no events: the next write opens another
            raise

    def _let_go(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            flusher.close(descriptor, self.folder)

    def _forked(self) -> None:
        self.lock = threading.RLock()
        self._busy = False
        self._aside = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self.writer = f"{self.writer}.{os.getpid()}"


def _after_fork() -> None:
    for writer in list(_open_writers):
        writer._forked()


os.register_at_fork(after_in_child=_after_fork)
