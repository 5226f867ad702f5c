"""The ledger: what people and runs decided about models, append-only, each line bound to the one before.

A line is `[seq, time, kind, actor, reason, previous, body]`; `previous` is the SHA-256 of the line before
(its bytes, newline included). Appending happens under a lock, so that a writer can compare before it sets.
The chain shows edits inside the file; whoever needs more keeps a copy of its head elsewhere.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from mfbench.core.errors import DamageError, DiskError
from mfbench.core.hashing import digest_bytes
from mfbench.core.machine import actor
from mfbench.core.structs import make_ready
from mfbench.journal.line import decode_line, encode_line
from mfbench.workspace.locks import locked

START = "0" * 64
REPAIRED = "ledger.repaired"  # the last entry of a ledger that was written anew from what could be read


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One decision. `time` is in microseconds since the epoch, UTC."""

    seq: int
    time: int
    kind: str
    actor: str
    reason: str
    previous: str
    body: dict[str, Any]


make_ready(Entry)


def read_ledger(path: Path) -> list[Entry]:
    """Every entry, in order, the chain verified. Raises DamageError naming the line that does not fit."""
    return read_from(path)[0]


class LedgerWriter:
    """The ledger while its lock is held: what stands in it, and `append`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.entries, self._head, size = read_from(path)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        os.ftruncate(self._descriptor, size)  # a torn tail was never acknowledged

    def append(self, kind: str, body: dict[str, Any], *, reason: str = "", by: str | None = None) -> Entry:
        """Adds one entry; it is on disk when this returns."""
        return self.append_all([(kind, body, reason)], by=by)[0]

    def append_all(self, items: Sequence[tuple[str, dict[str, Any], str]], *, by: str | None = None) -> list[Entry]:
        """Adds (kind, body, reason) entries in one write, all or none; they are on disk when this returns."""
        now, actor_ = time.time_ns() // 1000, by or actor()
        added: list[Entry] = []
        lines: list[bytes] = []
        head = self._head
        for seq, (kind, body, reason) in enumerate(items, len(self.entries)):
            added.append(Entry(seq, now, kind, actor_, reason, head, body))
            lines.append(encode_line(msgspec.to_builtins(added[-1])))
            head = digest_bytes(lines[-1])
        self._put(b"".join(lines))
        self._head = head
        self.entries += added
        return added

    def _put(self, data: bytes) -> None:
        end = os.lseek(self._descriptor, 0, os.SEEK_END)
        try:
            written = os.write(self._descriptor, data)
        except OSError:
            written = 0
        if written != len(data):
            os.ftruncate(self._descriptor, end)
            hint = "free some space and try again: nothing was changed"
            raise DiskError("the ledger could not take the entry; is the disk full?", where=str(self._path), hint=hint)
        os.fsync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


@contextmanager
def open_ledger(path: Path) -> Iterator[LedgerWriter]:
    """Takes the ledger's lock, reads it, and lets the caller append after comparing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.open("ab").close()  # before its lock: where a lock stands without its ledger, the ledger was lost
    with locked(path.with_suffix(".lock")):
        writer = LedgerWriter(path)
        try:
            yield writer
        finally:
            writer.close()


def read_from(path: Path, offset: int = 0, head: str = START) -> tuple[list[Entry], str, int]:
    """(entries from byte `offset` on, hash of the last line, size of the whole lines).

    head: the hash of the line before `offset`. Raises DamageError where the chain does not go on from it.
    """
    try:
        with path.open("rb") as stream:
            if stream.seek(0, os.SEEK_END) < offset:
                hint = "entries were taken away; restore the file from a copy"
                raise DamageError("the ledger is shorter than it was", where=str(path), hint=hint)
            stream.seek(offset)
            content = stream.read()
    except FileNotFoundError:
        content = b""
    size = content.rfind(b"\n") + 1
    entries: list[Entry] = []
    for number, line in enumerate(content[:size].split(b"\n")[:-1], 1):
        where = f"{path}:{number}"
        try:
            entry = msgspec.convert(decode_line(line), Entry)
        except (ValueError, msgspec.ValidationError) as error:
            hint = "restore the file from a copy, or keep all its other entries: mfbench doctor --repair"
            raise DamageError(f"a ledger entry is damaged: {error}", where=where, hint=hint) from None
        if entry.previous != head:
            hint = (
                "an entry before it was changed, added or removed; restore the file from a copy, or see: mfbench doctor"
            )
            raise DamageError("the ledger's chain is broken here", where=where, hint=hint)
        head = digest_bytes(line + b"\n")
        entries.append(entry)
    return entries, head, offset + size
