"""A random sample of rows that stream by, in their order, and how many different units they come from."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

MERGE = 1_000_000  # codes of units that are held before they are made unique


class Sample:
    """Every row draws a number; those with the `most` smallest ones stay."""

    def __init__(self) -> None:
        self._frames: list[pl.DataFrame] = []
        self._draws: list[NDArray[np.float64]] = []
        self._held, self._limit = 0, 1.0

    def add(self, frame: pl.DataFrame, draws: NDArray[np.float64], most: int) -> None:
        if self._limit < 1.0:
            chosen = draws < self._limit
            frame, draws = frame.filter(pl.Series(chosen)), draws[chosen]
        if not frame.height:
            return
        self._frames.append(frame)
        self._draws.append(draws)
        self._held += frame.height
        if self._held > 2 * most:
            self._thin(most)

    def trim(self, most: int) -> None:
        if self._held > most:
            self._thin(most)

    def rows(self, most: int) -> pl.DataFrame:
        self.trim(most)
        return pl.concat(self._frames, how="diagonal_relaxed")

    def _thin(self, most: int) -> None:
        draws = np.concatenate(self._draws)
        self._limit = float(np.partition(draws, most)[most])
        chosen = draws < self._limit
        frame = pl.concat(self._frames, how="diagonal_relaxed").filter(pl.Series(chosen))
        self._frames, self._draws, self._held = [frame], [draws[chosen]], frame.height


class Units:
    """Counts different codes."""

    def __init__(self) -> None:
        self._codes: list[NDArray[np.uint64]] = []
        self._held = self._last = 0

    def add(self, codes: pl.Series) -> None:
        self._codes.append(codes.unique().to_numpy())
        self._held += len(self._codes[-1])
        if self._held > MERGE + 2 * self._last:
            self.count()

    def count(self) -> int:
        self._codes = [np.unique(np.concatenate(self._codes))] if self._codes else []
        self._held = self._last = len(self._codes[0]) if self._codes else 0
        return self._held
