"""A run's folder as it travels: which files belong to it, what its journal says and which content that names."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from mfbench.care.archive import Content, collision, is_run_file
from mfbench.core.errors import DamageError
from mfbench.core.hashing import digest_file, is_digest
from mfbench.journal.line import decode_line
from mfbench.journal.reader import segment_names
from mfbench.journal.sealed import SEALED, read_lines
from mfbench.workspace.workspace import WORK

LOST = "lost"
T = TypeVar("T")
_LONGEST = 256 << 20  # bytes of a line: nobody has logged a longer one


class Journal(msgspec.Struct):
    """`files`: the segments up to their last whole line. `named`: the digests of the artifacts and outputs."""

    run: str
    name: str | None = None
    status: str = LOST
    damaged: int = 0
    files: dict[str, Content] = {}
    named: set[str] = set()
    ended: int = -(1 << 62)  # the time of the end that counts, the last


def read_journal(run: str, folder: Path) -> Journal:
    """What stands in the journal of `run`, whose folder is `folder`.

    Raises DamageError where it is the journal of another run, or sealed and damaged.
    """
    return _steadily(folder, lambda: _read_journal(run, folder))


def _read_journal(run: str, folder: Path) -> Journal:
    journal = Journal(run)
    events = folder / "events"
    if (sealed := events / SEALED).is_file():
        journal.files[f"events/{SEALED}"] = Content(digest_file(sealed), sealed.stat().st_size)
        for segment, lines in read_lines(sealed):
            _check_segment(segment, sealed)
            for line in lines:
                _take_line(journal, line, sealed)
    for segment in segment_names(events):
        path = events / segment
        if is_run_file(f"events/{segment}") and not path.is_symlink():
            digest, size = hashlib.sha256(), 0
            for line in _lines(path):
                digest.update(line)
                size += len(line)
                _take_line(journal, line, path)
            journal.files[f"events/{segment}"] = Content(digest.hexdigest(), size)
    return journal


def fingerprint(folder: Path) -> dict[str, str]:
    """SHA-256 of the whole lines of each segment, whether or not the journal is sealed: a run is what it has said."""
    return _steadily(folder, lambda: _fingerprint(folder))


def _fingerprint(folder: Path) -> dict[str, str]:
    events = folder / "events"
    digests: dict[str, Any] = {}
    if (sealed := events / SEALED).is_file():
        for segment, lines in read_lines(sealed):
            digests.setdefault(segment, hashlib.sha256()).update(b"".join(lines))
    for segment in segment_names(events):
        digest = digests[segment] = hashlib.sha256()
        for line in _lines(events / segment):
            digest.update(line)
    return {segment: digest.hexdigest() for segment, digest in digests.items()}


def _steadily(folder: Path, read: Callable[[], T]) -> T:
    """What `read` finds, read once more where the journal was sealed meanwhile: its segments go away then."""
    sealed = folder / "events" / SEALED
    before = sealed.exists()
    try:
        found = read()
        if sealed.exists() == before:
            return found
    except FileNotFoundError:
        if sealed.exists() == before:
            raise
    return read()


def other_files(folder: Path) -> tuple[list[str], list[str]]:
    """(the files of a run's folder beside its journal, those left out: no name for every system, or no plain file).

    Scratch files of steps and those that begin with a dot are neither.
    """
    found: list[str] = []
    odd: list[str] = []
    for place, folders, names in os.walk(folder):
        below = os.path.relpath(place, folder)
        folders[:] = sorted(
            name for name in folders if name[0] != "." and not (below == "." and name in ("events", WORK))
        )
        odd += [path for path in (_below(below, name) for name in folders) if (folder / path).is_symlink()]
        for path in (_below(below, name) for name in sorted(names) if name[0] != "."):
            plain = stat.S_ISREG((folder / path).lstat().st_mode)
            (found if plain and is_run_file(path) else odd).append(path)
    while (same := collision(found)) is not None:
        found.remove(same)
        odd.append(same)
    return found, odd


def _below(folder: str, name: str) -> str:
    return name if folder == "." else f"{folder}/{name}"


def _lines(path: Path) -> Iterator[bytes]:
    """The whole lines; what is written on meanwhile is for the next time."""
    with path.open("rb") as stream:
        left = os.fstat(stream.fileno()).st_size
        while left > 0:
            line = stream.readline(min(left, _LONGEST))
            if not line.endswith(b"\n"):
                if len(line) == _LONGEST:
                    raise DamageError("a line of the journal is longer than any event", where=str(path))
                return
            left -= len(line)
            yield line


def _take_line(journal: Journal, line: bytes, path: Path) -> None:
    try:
        _, time, kind, *fields = decode_line(line[:-1])
    except ValueError:
        journal.damaged += len(line) > 1  # an empty one is where a torn write was ended
        return
    if kind == "header":
        _check_header(journal.run, fields, path)
    elif kind == "artifact" and len(fields) > 1:
        _take_digests(journal, [fields[1]])
    elif kind == "step.ended" and len(fields) > 5 and isinstance(fields[5], dict):
        _take_digests(journal, fields[5].values())
    elif kind == "run.started" and fields and isinstance(fields[0], dict):
        name = fields[0].get("name")
        journal.name = name[:200] if isinstance(name, str) else None
    elif kind == "run.ended" and fields and isinstance(fields[0], str) and time >= journal.ended:
        journal.status, journal.ended = fields[0][:50], time


def _take_digests(journal: Journal, values: Any) -> None:
    journal.named.update(value for value in values if is_digest(value))


def _check_header(run: str, fields: list[Any], path: Path) -> None:
    said = fields[0].get("run") if fields and isinstance(fields[0], dict) else None
    if said != run:
        raise DamageError(f"a segment of run {run} says that it is of {str(said)[:50]!r}", where=str(path))


def _check_segment(name: str, path: Path) -> None:
    if not is_run_file(f"events/{name}"):
        raise DamageError(f"a sealed journal names a segment that cannot be: {name[:50]!r}", where=str(path))
