"""Which window a row belongs to: the only one, so many rows in order, or a stretch of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mfbench.core.errors import UsageError
from mfbench.drift.reading import Data
from mfbench.drift.seen import TIME
from mfbench.drift.settings import Settings

MOST = 5000  # windows
DAY = 86_400_000_000  # microseconds
WEEK = 7 * DAY
MONDAY = 4 * DAY  # 1970 began on a Thursday
ALL = "all rows"
NONE = np.iinfo(np.int64).min


class Windows:
    """Tells of batch after batch which window each row is in, by a number that rises with the windows' order."""

    def __init__(self, settings: Settings, data: Data) -> None:
        seconds = settings.seconds()
        self.rows, self.length = settings.rows(), round(seconds * 1e6) if seconds is not None else None
        if self.rows == 0 or (self.length is not None and self.length < 1):
            raise UsageError(f"a window of {settings.window} holds nothing", hint='for example "1d" or "5000"')
        self._offset = MONDAY if self.length is not None and self.length % WEEK == 0 else 0
        self._data, self._before = data, 0

    @property
    def series(self) -> bool:
        return self.rows is not None or self.length is not None

    def of(self, batch: pl.DataFrame) -> NDArray[np.int64]:
        """(n,) the number of each row's window, NONE for one that has no time and needs one. Raises UsageError."""
        n, before = batch.height, self._before
        self._before += n
        if self.rows is not None:
            return (before + np.arange(n, dtype=np.int64)) // self.rows
        if self.length is None:
            return np.zeros(n, dtype=np.int64)
        if TIME not in batch.columns:
            times = ", ".join(repr(name) for name in self._data.times)
            hint = f"name the column by --time; times here: {times}" if times else "name the column by --time"
            raise UsageError("a window in time needs rows with a time, and none is known", hint=hint)
        moments = batch[TIME].to_physical()
        numbers = (moments.fill_null(0).to_numpy() - self._offset) // self.length
        return np.where(moments.is_not_null().to_numpy(), numbers, NONE)

    def bounds(self, number: int) -> tuple[int, int] | None:
        """(begin, end) of a window in time, microseconds since 1970, UTC."""
        if self.length is None:
            return None
        begin = number * self.length + self._offset
        return begin, begin + self.length

    def name(self, number: int, rows: int) -> str:
        if self.rows is not None:
            return f"rows {number * self.rows + 1:,} to {number * self.rows + rows:,}"
        if self.length is None:
            return ALL
        begin, end = (_moment(each) for each in self.bounds(number) or (0, 0))
        if self.length % DAY:
            return f"{begin:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
        last = end - timedelta(days=1)
        return f"{begin:%Y-%m-%d}" if self.length == DAY else f"{begin:%Y-%m-%d} to {last:%Y-%m-%d}"


def _moment(micros: int) -> datetime:
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    except OverflowError:
        hint = "is it the right column, and its unit?"
        raise UsageError(f"a row has a time {micros / 1e6:.3g} seconds from 1970", hint=hint) from None
