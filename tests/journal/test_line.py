from __future__ import annotations

import math
from zlib import crc32

import msgspec
import pytest

from mfbench.journal.line import decode_line, decode_next, encode_line, encode_text, pack_number, unpack_number


def test_a_line_is_json_a_tab_a_crc_and_a_newline() -> None:
    line = encode_line((3, 1_700_000_000_000_000, "m", "loss", 7, 0.5))
    body = b'[3,1700000000000000,"m","loss",7,0.5]'
    assert line == body + b"\t%08x\n" % crc32(body)
    assert decode_line(line[:-1]) == [3, 1_700_000_000_000_000, "m", "loss", 7, 0.5]


def test_text_with_tabs_newlines_and_unicode_stays_on_its_line() -> None:
    text = "a\tb\nc\r\u2028 ünï \0 日本"
    line = encode_line((0, 0, "log", text))
    assert line.count(b"\n") == 1
    assert line.count(b"\t") == 1
    assert decode_line(line[:-1])[3] == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.5, -0.0, 5e-324, 1.7976931348623157e308])
def test_every_float_survives(value: float) -> None:
    back = unpack_number(decode_line(encode_line((0, 0, "m", pack_number(value)))[:-1])[3])
    assert math.isnan(back) if math.isnan(value) else (back, math.copysign(1, back)) == (value, math.copysign(1, value))


def _signed(body: bytes) -> bytes:
    return body + b"\t%08x" % crc32(body)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "no checksum"),
        (b'[0,0,"m"]', "no checksum"),
        (b'[0,0,"m"]\t00000000', "checksum does not fit"),
        (_signed(b'[0,0,"m"]')[:-1], "checksum does not fit"),
        (_signed(b'[0,0,"m"]').upper(), "checksum does not fit"),
        (_signed(b'[0,0,"m"'), "truncated"),
        (_signed(b'[0,0,"\xff"]'), "utf-8"),
        (_signed(b"7"), "not an event"),
        (_signed(b"null"), "not an event"),
        (_signed(b"[0,0]"), "not an event"),
        (_signed(b'{"a":1}'), "not an event"),
        (_signed(b'["0",0,"m"]'), "not an event"),
        (_signed(b'[true,0,"m"]'), "not an event"),
        (_signed(b"[0,0,0]"), "not an event"),
        (_signed(b'[-1,0,"m"]'), "not an event"),
        (_signed(b'[0,1e300,"m"]'), "not an event"),
        (_signed(b'[99999999999999999999999,0,"m"]'), "not an event"),
        (_signed(b'[0,0,"m",' + b"[" * 100_000 + b"]" * 100_000 + b"]"), "nested too deeply"),
    ],
)
def test_a_damaged_line_is_refused(line: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_line(line)
    whole = encode_line((0, 0, "log"))[:-1]
    assert decode_next([whole, line, whole], 0, 0) == [[0, 0, "log"]]
    assert decode_next([line], 0, 0) == []


def test_lines_are_decoded_as_long_as_their_numbers_follow() -> None:
    lines = [encode_line((seq, -seq, "log", seq))[:-1] for seq in (5, 6, 7, 9, 8)]
    assert decode_next(lines, 0, 5) == [[5, -5, "log", 5], [6, -6, "log", 6], [7, -7, "log", 7]]
    assert decode_next(lines, 2, 7) == [[7, -7, "log", 7]]
    assert decode_next(lines, 0, 6) == decode_next(lines, 5, 9) == decode_next([], 0, 0) == []


@pytest.mark.parametrize("fields", [(), (None,), ("a", {"b": [1.5, "\t"]}), ("ü\n",)])
def test_a_line_can_be_made_again_from_its_parts(fields: tuple[object, ...]) -> None:
    line = encode_line((3, -7, "m.x", *fields))
    text = msgspec.json.encode(fields)[1:-1]
    assert encode_text(3, -7, b"m.x", text) == line
