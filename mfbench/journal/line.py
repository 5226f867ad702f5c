"""One line of a journal or ledger: a JSON array, a tab, its CRC-32 in hex, a newline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from zlib import crc32

import msgspec

FORMAT = 1
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_LARGEST = 1 << 62  # of a time or sequence number: what the projection's columns hold, with room to add


def encode_line(event: Sequence[Any]) -> bytes:
    """`[seq, time, kind, …]` as a whole line. Times are integer microseconds since the epoch, UTC.

    Raises TypeError or ValueError for what JSON cannot hold.
    """
    body = _encode(event)
    return b"%b\t%08x\n" % (body, crc32(body))


def decode_line(line: bytes) -> list[Any]:
    """The event in a line without its newline. Raises ValueError where the line is damaged."""
    body, tab, check = line.rpartition(b"\t")
    if not tab:
        raise ValueError("no checksum")
    if check != b"%08x" % crc32(body):
        raise ValueError("checksum does not fit")
    event = _decode(body)
    try:
        seq, time, kind = event[:3]
        right = type(seq) is int and type(time) is int and type(kind) is str
        right = right and 0 <= seq < _LARGEST and -_LARGEST < time < _LARGEST
    except (TypeError, ValueError):
        right = False
    if not right:
        raise ValueError("not an event")
    return event  # type: ignore[no-any-return]


def pack_number(value: float) -> float | str:
    """JSON has no NaN and no infinity: they travel as 'nan', 'inf' and '-inf'."""
    return value if math.isfinite(value) else str(float(value))


def unpack_number(value: float | str | None) -> float:
    return math.nan if value is None else float(value)
