"""A row's fingerprint is what its values are, on every machine and with every version."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest

from mfbench.data.fingerprint import fingerprints, identifying


def _of(column: pl.Series) -> list[int]:
    return [int(value) for value in fingerprints(column.to_frame("x"), ["x"])]


def _blake(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=8).digest()


def test_they_never_change() -> None:
    """These numbers are in bundles: whoever changes them makes every champion forget its training rows."""
    frame = pl.DataFrame(
        {"a": [1, 2, None], "b": [1.5, 2.0, float("nan")], "c": ["x", None, "ü"], "d": [True, False, None]}
    )
    found = [hex(value) for value in fingerprints(frame, ["a", "b", "c", "d"])]
    assert found == ["0xc60caa79396fe0d2", "0x92cd4f0244d74e35", "0x5c7e83bbe4a2ef83"]


def test_they_are_the_hash_of_what_the_values_are() -> None:
    row = struct.pack("<q", -7) + struct.pack("<d", 2.25) + _blake("grüße".encode())
    expected = int.from_bytes(_blake(row), "little")
    frame = pl.DataFrame({"n": [-7], "f": [2.25], "t": ["grüße"]})
    assert fingerprints(frame, ["n", "f", "t"]).tolist() == [expected]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pl.Series([1, 2, None]), pl.Series([1.0, 2.0, float("nan")])),
        (pl.Series([1, 2], dtype=pl.UInt8), pl.Series([1, 2], dtype=pl.Int64)),
        (pl.Series([0.0]), pl.Series([-0.0])),
        (pl.Series([True, False]), pl.Series([1, 0])),
        (pl.Series([0.1], dtype=pl.Float32), pl.Series([float(np.float32(0.1))])),
        (pl.Series(["a", None]), pl.Series(["a", None], dtype=pl.Categorical)),
        (pl.Series([date(2026, 1, 31)]), pl.Series([datetime(2026, 1, 31)])),
        (pl.Series([datetime(2026, 1, 31, 5)]), pl.Series([datetime(2026, 1, 31, 5)], dtype=pl.Datetime("ms"))),
        (pl.Series([datetime(2026, 1, 31, 5)]), pl.Series([datetime(2026, 1, 31, 5, tzinfo=UTC)])),
        (pl.Series([Decimal("1.50")]), pl.Series([1.5])),
    ],
)
def test_the_same_value_in_another_type(one: pl.Series, other: pl.Series) -> None:
    assert _of(one) == _of(other)


@pytest.mark.parametrize(
    "values",
    [
        [0, 1, -1, 2**53, 2**53 + 1, 2**62, None],
        [0.5, 0.25, 1e300, float("inf"), float("-inf"), 5e-324, 2.0**60, None],
        ["", " ", "a", "A", "ü", "u\u0308", "\x00", "a\x00", "a" * 10_000, None],
        [date(1900, 1, 1), date(2026, 1, 1), date(2026, 1, 2), None],
        [[1], [1, 2], [], None],
        [b"", b"a", None],
    ],
)
def test_different_values_differ(values: list[Any]) -> None:
    assert len(set(_of(pl.Series(values)))) == len(values)


def test_a_row_is_its_values_in_their_columns() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [2, 1]})
    one, other = fingerprints(frame, ["a", "b"])
    assert one != other
    assert fingerprints(frame, ["b", "a"])[0] == other
    assert fingerprints(frame.reverse(), ["a", "b"]).tolist() == [other, one]
    assert fingerprints(frame.head(0), ["a", "b"]).tolist() == []
    assert len(set(fingerprints(frame, []).tolist())) == 1


def test_what_identifies_a_row() -> None:
    frame = pl.DataFrame({"b": [1], "a": [1], "__target__": [1], "__weight__": [1.0], "__mine": [1]})
    assert identifying(frame, "b") == ["b"]
    assert identifying(frame, None) == ["__mine", "a", "b"]


def test_a_hundred_thousand_rows_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"n": np.arange(100_000) // 2, "x": rng.normal(size=100_000), "t": ["a", "b"] * 50_000})
    assert len(np.unique(fingerprints(frame, ["n", "x", "t"]))) == 100_000
    assert len(np.unique(fingerprints(frame, ["n"]))) == 50_000
