"""Which files have come for a model since the last pass: known by their path, size and time of change.

A file is read once it is whole. One that changed after its rows were judged is told of and not read again: which of
its rows are new cannot be known.
"""

from __future__ import annotations

import glob
import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mfbench.core.errors import UsageError
from mfbench.data.source import FORMATS
from mfbench.monitoring.state import File

SETTLED = 2.0  # seconds after its last change for which a file of text may still be being written
ABANDONED = 3600.0  # and one of Parquet that has no end; after that it is read, which says what is wrong with it
LABELS = "labels"  # folder among captured requests that holds no requests
_PARQUET = (b"PAR1", 12)  # how a whole file begins and ends, and how many bytes it has at least


@dataclass
class Arrivals:
    """ready: files to read in order, by path, as the disk tells of them; known ones that are not done come first.
    half: files that seem not to be whole yet, to be tried again; changed: after they were read, as they are now;
    misnamed: whose names are no UTF-8, which no record can hold."""

    ready: dict[str, File] = field(default_factory=dict)
    half: list[str] = field(default_factory=list)
    changed: dict[str, File] = field(default_factory=dict)
    misnamed: list[str] = field(default_factory=list)


def arrivals(data: Sequence[str], base: Path, known: Mapping[str, File], *, timed: bool = False) -> Arrivals:
    """data: files, globs or folders (with all that lies below), relative to `base`. timed: what was judged of a file is
    known by the time of its rows, so that one that is not done may change. Raises UsageError where a named file or
    folder is not there."""
    found, now = Arrivals(), time.time()
    for name in sorted(set(_listed(data, base)), key=lambda name: (name not in known, name)):
        try:
            state = (base / name).stat()
        except OSError:  # taken away meanwhile
            continue
        if not stat.S_ISREG(state.st_mode):  # a pipe would never end
            continue
        told = name.encode(errors="replace").decode()
        if told != name:
            found.misnamed.append(told)
            continue
        before = known.get(name)
        now_is = File(state.st_size, state.st_mtime_ns, before.rows if before else 0)
        other = before is not None and (before.size, before.changed) != (now_is.size, now_is.changed)
        if before is not None and other and (before.done or not timed):
            found.changed[name] = File(state.st_size, state.st_mtime_ns, done=True)
        elif before is not None and before.done:
            continue
        elif is_half(base / name, now - state.st_mtime):
            found.half.append(name)
        else:
            found.ready[name] = now_is
    return found


def is_half(path: Path, age: float) -> bool:
    """Whether somebody may still be writing it: of Parquet the end says so, of text the time of its last change."""
    if FORMATS.get(path.suffix.lower()) != "parquet":
        return age < SETTLED
    sign, least = _PARQUET
    if age > ABANDONED:
        return False
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            if size < least:
                return True
            stream.seek(-len(sign), os.SEEK_END)
            return stream.read() != sign
    except OSError:
        return False  # reading it will say why


def _listed(patterns: Sequence[str], base: Path) -> Iterator[str]:
    """Paths relative to `base` where they lie below it, else absolute."""
    for pattern in patterns:
        path = base / Path(pattern).expanduser()
        if path.is_dir():
            yield from _below(path, base)
        elif path.is_file():
            yield _name(path, base)
        elif glob.has_magic(pattern):
            for each in map(Path, glob.glob(str(path), recursive=True)):  # noqa: PTH207  absolute patterns too
                yield from _below(each, base) if each.is_dir() else [_name(each, base)]
        else:
            hint = "name a folder, a glob or a file: --data, or data in config.toml"
            raise UsageError(f"there is no {pattern!r} to watch", where=str(path), hint=hint)


def _below(folder: Path, base: Path) -> Iterator[str]:
    """Links are not followed; what begins with a dot or an underscore is being written, or no data."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name[0] not in "._" and name != LABELS]
        for name in names:
            if name[0] not in "._" and Path(name).suffix.lower() in FORMATS:
                yield _name(Path(place) / name, base)


def _name(path: Path, base: Path) -> str:
    path = Path(os.path.normpath(path))
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)
