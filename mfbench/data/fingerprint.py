"""What stands for a row, so that a model can carry the set of rows it was trained on without carrying the rows.

A fingerprint is the same on every machine and with every version of every library: it is made from what a value is,
not from how it lies in memory. Each value becomes eight bytes (a whole number itself, another number its IEEE 754
bits, text the hash of its UTF-8); a row is the BLAKE2b hash of its values' bytes, 64 bits long. Of a million rows, two
different ones share a fingerprint with a chance of 3 in 10^8.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

_OURS = re.compile(r"__.*__")  # columns that mfbench or a writer of files adds
MISSING = 0x6D69_7373_696E_6721
_WHOLE = 2.0**53  # floats up to here hold every whole number exactly


def identifying(frame: pl.DataFrame, key: str | None) -> list[str]:
    """The columns that tell rows apart: the key, else every column of the data, sorted by name."""
    return [key] if key is not None else sorted(name for name in frame.columns if not _OURS.fullmatch(name))


def fingerprints(frame: pl.DataFrame, columns: Sequence[str]) -> NDArray[np.uint64]:
    """(n,) one number a row, from its values in these columns, in this order."""
    if not columns:
        return np.zeros(frame.height, dtype="<u8")
    cells = np.column_stack([_values(frame[name]) for name in columns]).astype("<u8")
    content, width = cells.tobytes(), 8 * len(columns)
    digests = (_hash(content[start : start + width]) for start in range(0, len(content), width))
    return np.frombuffer(b"".join(digests), dtype="<u8")


def _values(column: pl.Series) -> NDArray[np.uint64]:
    """(n,) what each value is, as 64 bits."""
    dtype = column.dtype
    if dtype == pl.Boolean or (dtype.is_integer() and dtype not in (pl.Int128, pl.UInt128)):
        wide = column.cast(pl.UInt64 if dtype == pl.UInt64 else pl.Int64, strict=False)
        return _filled(column, wide.fill_null(0).to_numpy())
    if isinstance(dtype, pl.Datetime | pl.Duration | pl.Date):
        moment = column.cast(pl.Duration("us") if isinstance(dtype, pl.Duration) else pl.Datetime("us"))
        return _filled(column, moment.to_physical().fill_null(0).to_numpy())
    if dtype.is_numeric():
        return _numbers(column)
    return _texts(column)


def _filled(column: pl.Series, bits: NDArray[np.int64]) -> NDArray[np.uint64]:
    return np.where(column.is_null().to_numpy(), np.uint64(MISSING), bits.astype("<i8").view("<u8"))


def _numbers(column: pl.Series) -> NDArray[np.uint64]:
    """1.0 is 1, as the next extract may have it; NaN is missing."""
    number = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    whole = np.isfinite(number) & (np.abs(number) < _WHOLE) & (np.trunc(number) == number)
    bits = np.where(whole, np.where(whole, number, 0).astype("<i8").view("<u8"), number.astype("<f8").view("<u8"))
    return np.where(np.isnan(number), np.uint64(MISSING), bits)


def _texts(column: pl.Series) -> NDArray[np.uint64]:
    """Every different text is hashed once; what is neither number, time nor text, by how it is written."""
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        text = column.cast(pl.String)
    else:
        text = pl.Series([None if value is None else repr(value) for value in column.to_list()], dtype=pl.String)
    different = text.drop_nulls().unique()
    hashes = b"".join(_hash(value.encode()) for value in different)
    table = pl.DataFrame({"text": different, "bits": np.frombuffer(hashes, dtype="<u8")})
    found = pl.DataFrame({"text": text}).join(table, on="text", how="left", maintain_order="left")["bits"]
    return found.fill_null(MISSING).to_numpy()


def _hash(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=8).digest()
