"""Turning a finished run's segments into one sealed file.

The order makes kill -9 harmless: written beside under a hidden name, read back and compared with the segments byte
for byte, fsynced, renamed, the folder fsynced, and only then the segments are removed. Sealing again goes on from
wherever it was broken off.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from mfbench.core.errors import from_os
from mfbench.core.files import fsync
from mfbench.core.ids import random_text
from mfbench.journal.line import decode_next
from mfbench.journal.reader import segment_names
from mfbench.journal.sealed import (
    COLUMNS,
    FORMAT,
    METADATA,
    ROWS,
    SEALED,
    Metadata,
    Sealed,
    is_segment,
    read_lines,
    sealed_segments,
)

WORTH = 256 << 10  # bytes; below, what it saves is not worth the fsync, and reading it loads pyarrow (0.15 s)
STAGED = ".sealed-"
_CHUNK = 4 << 20  # bytes of lines in a row group, about
_encode = msgspec.json.Encoder().encode


class _Unfit(Exception):
    """Something in the segments that has to stay as it is."""


def worth_sealing(events_folder: Path) -> int:
    """The bytes of the segments that `seal` would turn over; 0 where that does not pay.

    Segments that a sealing which was broken off has left behind always pay.
    """
    try:
        names = set(filter(is_segment, os.listdir(events_folder)))
        is_begun = (events_folder / SEALED).exists()
        if is_begun:
            names.difference_update(segment_names(events_folder))
        size = sum(_size(events_folder / name) for name in names)
    except OSError:
        return 0
    return size if is_begun or size >= WORTH else 0


def seal(events_folder: Path) -> int:
    """Seals a journal: how many bytes smaller it is now. 0: it stays as it is.

    The caller makes sure that the run has finished and that nobody is left who could write to it. Anything that is
    not a whole journal (a damaged line, a torn tail, a gap, no header) is evidence, and stays. Raises DamageError where
    a sealed file is there and damaged, DiskError where the disk does not take it; then too everything is as it was.
    """
    sealed = events_folder / SEALED
    try:
        for old in events_folder.glob(f"{STAGED}*"):
            old.unlink(missing_ok=True)
        if not sealed.exists():
            if not (names := segment_names(events_folder)):
                return 0
            _make(events_folder, names)
            return _remove_segments(events_folder) - _size(sealed)
        for _ in read_lines(sealed):  # raises where it is not whole: then the segments are all that is left
            pass
        return _remove_segments(events_folder)
    except _Unfit:
        return 0
    except OSError as error:
        raise from_os(error, "the journal cannot be sealed") from error


def _make(folder: Path, names: list[str]) -> None:
    staged = folder / f"{STAGED}{random_text(8)}"
    try:
        _write(staged, folder, names)
        _compare(staged, folder, names)
        fsync(staged)
        staged.replace(folder / SEALED)
        fsync(folder)
    finally:
        staged.unlink(missing_ok=True)


def _write(staged: Path, folder: Path, names: list[str]) -> None:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    schema = pyarrow.schema([(name, getattr(pyarrow, kind)()) for name, kind in COLUMNS.items()])
    segments: list[Sealed] = []
    packed = dict.fromkeys(("seq", "time"), "DELTA_BINARY_PACKED")
    with ParquetWriter(
        staged,
        schema,
        compression="zstd",
        use_dictionary=["segment", "kind"],
        column_encoding=packed,
        write_page_checksum=True,
        write_statistics=False,
        store_schema=False,
    ) as writer:
        for rows in _groups(folder, names, segments):
            columns = map(pyarrow.array, zip(*rows, strict=True), schema.types)
            writer.write_batch(pyarrow.record_batch(list(columns), schema=schema), row_group_size=ROWS)
        writer.add_key_value_metadata({METADATA: _encode(Metadata(FORMAT, segments)).decode()})


def _groups(folder: Path, names: list[str], segments: list[Sealed]) -> Iterator[list[tuple[Any, ...]]]:
    """Rows in bounded lots; what is known of each segment at its end goes into `segments`."""
    rows: list[tuple[Any, ...]] = []
    size = 0
    for name in names:
        digest, seq = sha256(), 0
        with open(folder / name, "rb") as stream:  # noqa: PTH123
            while lines := stream.readlines(_CHUNK - size):
                digest.update(b"".join(lines))
                rows += _rows(name, lines, seq)
                seq += len(lines)
                size += sum(map(len, lines))
                if size >= _CHUNK:
                    yield rows
                    rows, size = [], 0
        if not seq:
            raise _Unfit
        segments.append(Sealed(name, seq, digest.hexdigest()))
    if rows:
        yield rows


def _rows(name: str, lines: list[bytes], seq: int) -> Iterator[tuple[Any, ...]]:
    events = decode_next([line[:-1] for line in lines], 0, seq)
    if len(events) < len(lines) or not lines[-1].endswith(b"\n") or (seq == 0 and events[0][2] != "header"):
        raise _Unfit
    for line, (found, time, kind, *_) in zip(lines, events, strict=True):
        head = b'[%d,%d,"%b"' % (found, time, kind.encode())
        if not line.startswith(head):  # written by another hand; to be kept as it is
            raise _Unfit
        yield name, found, time, kind, line[len(head) + 1 : -11]


def _compare(staged: Path, folder: Path, names: list[str]) -> None:
    """What the file gives back is what stands in the segments."""
    sizes = dict.fromkeys(names, 0)
    for name, lines in read_lines(staged):
        content = b"".join(lines)
        with open(folder / name, "rb") as stream:  # noqa: PTH123
            stream.seek(sizes[name])
            if stream.read(len(content)) != content:
                raise _Unfit
        sizes[name] += len(content)
    if any(_size(folder / name) != size for name, size in sizes.items()):
        raise _Unfit


def _remove_segments(folder: Path) -> int:
    """Their bytes. They were checked: from here on the sealed file alone is the journal."""
    freed = 0
    for name in sealed_segments(folder / SEALED):
        try:
            size = _size(folder / name)
            (folder / name).unlink()
            freed += size
        except FileNotFoundError:
            pass
    return freed


def _size(path: Path) -> int:
    return path.stat().st_size
