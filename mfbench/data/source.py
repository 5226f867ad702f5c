"""From a recipe's `source` to files, their format and their digest. Light: it reads no table."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import msgspec

from mfbench.core.errors import FitError
from mfbench.core.hashing import digest_file, digest_value
from mfbench.core.ids import random_text
from mfbench.core.text import did_you_mean
from mfbench.data.table import KEY
from mfbench.data.table import read_table as read_table

FORMATS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
}  # fmt: skip
_SETTLED = 2.0  # seconds after which a file's time stamp tells a later change apart


def find_files(source: str | tuple[str, ...] | list[str], folder: Path, where: tuple[str, ...] = KEY) -> list[Path]:
    """The files that names, globs and folders mean, relative to `folder`, sorted within each pattern.

    `where` is the recipe's key that names them, for messages.
    """
    found: list[Path] = []
    real = folder.resolve()  # what lies above a link is not what lies above the folder that it leads to
    for i, pattern in enumerate([source] if isinstance(source, str) else source):
        key: tuple[str | int, ...] = where if isinstance(source, str) else (*where, i)
        if "://" in pattern:
            raise FitError(key, f"{pattern!r}: remote sources are not built yet", "name a file, a glob or a folder")
        # By its text: in a container the folders that lead nowhere else but back do not exist.
        path = Path(os.path.normpath(real / Path(pattern).expanduser()))
        if path.is_dir():
            files = sorted(item for item in path.iterdir() if _is_data(item))
            if not files:
                hint = f"a data file ends in {', '.join(FORMATS)}"
                raise FitError(key, f"there is no data file in the folder {pattern!r}", hint)
        elif path.is_file():
            files = [path]
        elif any(sign in pattern for sign in "*?["):
            base, inner = _above(real, Path(os.path.normpath(Path(pattern).expanduser())))
            named = base.glob(str(inner))
            files = sorted(item for item in named if item.is_file() and not item.name.startswith("."))
            if not files:
                raise FitError(key, f"{pattern!r} matches no file (looked in {folder.absolute()})")
        else:
            near = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
            there = path.parent.absolute()
            hint = did_you_mean(path.name, near) if near else f"the folder {there} does not exist or is empty"
            raise FitError(key, f"there is no file {pattern!r} (looked in {there})", hint)
        found += [file for file in files if file not in found]
    return found


def at_home(source: Any) -> Any:
    """The same names and patterns, or None, without `~`: where a worker runs, its home may be another one."""
    if isinstance(source, list | tuple):
        return [at_home(pattern) for pattern in source]
    return os.path.expanduser(source) if isinstance(source, str) else source  # noqa: PTH111  a pattern, and no path


def _above(folder: Path, pattern: Path) -> tuple[Path, Path]:
    """(the folder that a pattern begins in, the rest of it): without '..' and without what is written absolutely."""
    if pattern.is_absolute():
        return Path(pattern.anchor), pattern.relative_to(pattern.anchor)
    while pattern.parts[0] == "..":
        folder, pattern = folder.parent, Path(*pattern.parts[1:])
    return folder, pattern


def _is_data(path: Path) -> bool:
    return path.suffix.lower() in FORMATS and path.is_file() and not path.name.startswith(".")


def format_of(files: list[Path], named: str | None) -> str:
    """'csv', 'parquet' or 'jsonl': as named, else by the file's ending."""
    if named:
        return named
    first, *others = files
    kind = FORMATS.get(first.suffix.lower())
    if kind is None:
        hint = f"known endings: {', '.join(FORMATS)}; for another one set data.format to csv, parquet or jsonl"
        raise FitError(KEY, f"the format of {first.name!r} is not known by its ending", hint)
    odd = next((file for file in others if FORMATS.get(file.suffix.lower()) != kind), None)
    if odd:
        told = f"{first.name} and {odd.name} have different formats"
        raise FitError(KEY, told, "set data.format, or name files of one kind")
    return kind


def digest_sources(files: list[Path], memory: Path | None = None) -> str:
    """One digest over the contents of the files, in order.

    `memory` is a folder that remembers a file's digest by its size, inode and time of change, so that
    gigabytes are not read again for a cached run. A file changed within the last two seconds is never
    remembered: a second change could carry the same time stamp.
    """
    return digest_value([_digest_one(file, memory) for file in files])


def _digest_one(file: Path, memory: Path | None) -> str:
    if memory is None:
        return digest_file(file)
    stat = file.stat()
    stamp = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
    note = memory / f"{digest_value(os.fspath(file.absolute()))[:32]}.json"
    try:
        seen = msgspec.json.decode(note.read_bytes())
        if seen["stamp"] == stamp:
            return str(seen["digest"])
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        pass
    digest = digest_file(file)
    if time.time() - stat.st_mtime > _SETTLED and time.time() - stat.st_ctime > _SETTLED:
        _remember(note, {"stamp": stamp, "digest": digest})
    return digest


def _remember(note: Path, value: dict[str, Any]) -> None:
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        staged = note.with_name(f".{random_text(10)}")
        staged.write_bytes(msgspec.json.encode(value))
        staged.replace(note)
    except OSError:  # a full or read-only disk: it is only a memory
        pass
