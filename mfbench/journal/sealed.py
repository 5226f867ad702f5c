"""A finished run's journal as one Parquet file.

`sealed.parquet` holds every event of every segment, in order: segment, seq, time, kind, and the JSON text of the
fields after the kind, so that each line can be made again byte for byte. Its metadata names the segments with the
SHA-256 of what stood in them. Where it is, it is the journal: segments that it names are no longer read.
`journal.sealing` makes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from mfbench.core.errors import DamageError
from mfbench.core.structs import make_ready
from mfbench.journal.line import decode_next, encode_text

SEALED = "sealed.parquet"
FORMAT = 1
METADATA = "mfbench"
ROWS = 65_536  # at most so many in a row group, which is about what a reader holds in memory
COLUMNS = {"segment": "string", "seq": "int64", "time": "int64", "kind": "string", "body": "string"}


class Sealed(NamedTuple):
    """One segment: its file's name, how many lines it had, and their SHA-256."""

    name: str
    lines: int
    sha256: str


class Metadata(msgspec.Struct):
    format: int
    segments: list[Sealed]


make_ready(Metadata)


def sealed_segments(path: str | Path) -> list[str]:
    """The files that a sealed journal stands for. Raises DamageError, and FileNotFoundError where there is none."""
    with _opened(path) as file:
        return [segment.name for segment in _segments(file)]


def read_sealed(path: str | Path) -> Iterator[tuple[str, list[list[Any]]]]:
    """(segment, events) in order, some thousands at a time; a segment's numbers run from 0 without a gap.

    Raises DamageError where something is not what was sealed, FileNotFoundError where there is no file.
    """
    at: tuple[str, int] = ("", 0)
    for name, lines in read_lines(path):
        seq = at[1] if name == at[0] else 0
        events = decode_next([line[:-1] for line in lines], 0, seq)
        at = (name, seq + len(events))
        if len(events) < len(lines):
            raise _damaged(path, f"line {at[1]} of {name} is no event")
        yield name, events


def read_lines(path: str | Path) -> Iterator[tuple[str, list[bytes]]]:
    """(segment, lines with their newlines), byte for byte as they stood there, some thousands at a time.

    Raises as `read_sealed` does; what is not what was sealed is known for sure only when a segment is at its end.
    """
    with _opened(path) as file:
        segments = iter(_segments(file))
        segment = next(segments, None)
        digest, count = sha256(), 0
        for batch in file.iter_batches(ROWS, use_threads=False):
            for name, lines in _by_segment(batch):
                if segment is None or name != segment.name:
                    raise ValueError(f"it holds lines of {name!r} where none should be")
                digest.update(b"".join(lines))
                count += len(lines)
                yield name, lines
                if count >= segment.lines:
                    if (count, digest.hexdigest()) != segment[1:]:
                        raise ValueError(f"the lines of {name} are not those that were sealed")
                    segment = next(segments, None)
                    digest, count = sha256(), 0
        if segment is not None:
            raise ValueError(f"lines of {segment.name} are missing")


def _by_segment(batch: Any) -> Iterator[tuple[str, list[bytes]]]:
    """The lines of a record batch, made again."""
    import pyarrow
    import pyarrow.compute

    _, seq, time, *texts = batch.columns
    kind, body = (text.cast(pyarrow.binary()).to_pylist() for text in texts)
    lines = list(map(encode_text, seq.to_pylist(), time.to_pylist(), kind, body))
    runs = pyarrow.compute.run_end_encode(batch.column(0))
    ends = [0, *runs.run_ends.to_pylist()]
    for name, (start, end) in zip(runs.values.to_pylist(), pairwise(ends), strict=True):
        yield name, lines[start:end]


@contextmanager
def _opened(path: str | Path) -> Iterator[Any]:
    """The file, with everything that goes wrong with it told as DamageError. It may come from anybody."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    with open(path, "rb") as stream:  # noqa: PTH123
        try:
            # Without threads: a forked child has none. Without `pre_buffer`: it would hold the whole file.
            file = ParquetFile(stream, page_checksum_verification=True, pre_buffer=False)
            found = [(field.name, str(field.type)) for field in file.schema_arrow]
            groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
            if found != list(COLUMNS.items()) or max(groups, default=0) > ROWS:
                raise ValueError("it is no sealed journal")
            yield file
        except (ArrowException, OSError, ValueError, TypeError, msgspec.MsgspecError) as error:
            raise _damaged(path, str(error).partition("\n")[0] or type(error).__name__) from error


def _segments(file: Any) -> list[Sealed]:
    content = (file.metadata.metadata or {}).get(METADATA.encode(), b"")
    metadata = msgspec.json.decode(content, type=Metadata)
    if metadata.format > FORMAT:
        raise ValueError(f"it has format {metadata.format}, and this mfbench knows up to {FORMAT}")
    names = [segment.name for segment in metadata.segments]
    if len(set(names)) < len(names) or not all(map(is_segment, names)):
        raise ValueError("it names files that are no segments")
    return metadata.segments


def is_segment(name: str) -> bool:
    """Whether a file of this name in an events folder is a segment."""
    return name.endswith(".jsonl") and name[0] != "." and "/" not in name and "\0" not in name


def _damaged(path: str | Path, why: str) -> DamageError:
    hint = "restore the file from a copy; what it held cannot be made again"
    return DamageError(f"a sealed journal cannot be read: {why}", where=str(path), hint=hint)
