"""One line of a journal or ledger: a JSON array, a tab, its CRC-32 in hex, a newline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from zlib import crc32

import msgspec

FORMAT = 1
encode_body = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_LARGEST = 1 << 62  # of a time or sequence number: what the projection's columns hold, with room to add


def encode_line(event: Sequence[Any]) -> bytes:
    """`[seq, time, kind, …]` as a whole line. Times are integer microseconds since the epoch, UTC.

    Raises TypeError or ValueError for what JSON cannot hold.
    """
    body = encode_body(event)
    return b"%b\t%08x\n" % (body, crc32(body))


def decode_line(line: bytes) -> list[Any]:
    """The event in a line without its newline. Raises ValueError where the line is damaged."""
    body, tab, check = line.rpartition(b"\t")
    if not tab:
        raise ValueError("no checksum")
    if check != b"%08x" % crc32(body):
        raise ValueError("checksum does not fit")
    try:
        event = _decode(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    try:
        seq, time, kind = event[:3]
        right = type(seq) is int and type(time) is int and type(kind) is str
        right = right and 0 <= seq < _LARGEST and -_LARGEST < time < _LARGEST
    except (TypeError, ValueError, LookupError):
        right = False
    if not right:
        raise ValueError("not an event")
    return event  # type: ignore[no-any-return]


def decode_next(lines: Sequence[bytes], start: int, seq: int) -> list[list[Any]]:
    """The events of `lines[start:]` as long as each is whole and they are numbered from `seq` on.

    What `decode_line` checks, in one loop: reading a journal is mostly this. `decode_line` tells why it stopped.
    """
    events: list[list[Any]] = []
    last = min(len(lines), start + _LARGEST - seq)
    try:
        for at in range(start, last):
            line = lines[at]
            body = line[:-9]
            if line[-9:] != b"\t%08x" % crc32(body):
                break
            event = _decode(body)
            found, time = event[0], event[1]
            if found != seq or type(found) is not int or type(time) is not int or not -_LARGEST < time < _LARGEST:
                break
            if type(event[2]) is not str or type(event) is not list:
                break
            events.append(event)
            seq += 1
    except (ValueError, TypeError, LookupError, RecursionError):
        pass
    return events


def encode_text(seq: int, time: int, kind: bytes, fields: bytes) -> bytes:
    """A line made again from the text of its parts; `fields` is what stood after the kind and its comma, or empty."""
    body = b'[%d,%d,"%b",%b]' % (seq, time, kind, fields) if fields else b'[%d,%d,"%b"]' % (seq, time, kind)
    return b"%b\t%08x\n" % (body, crc32(body))


def pack_number(value: float) -> float | str:
    """JSON has no NaN and no infinity: they travel as 'nan', 'inf' and '-inf'."""
    return value if math.isfinite(value) else str(float(value))


def unpack_number(value: float | str | None) -> float:
    return math.nan if value is None else float(value)
