"""The floor of the drift benchmarks: PSI, Jensen-Shannon and KS over cells, of both sides, with nothing around them.

    python -m benchmarks.drift_floor cells|exact FOLDER ROWS

``cells`` is as fast as we can write it: 256 cells of about equal rows for each column of numbers, counted to the row.
A fine grid tells the cell of most rows by one multiplication; only rows beside an edge are searched for. The
textbook's ways (sort and search; Polars' cut) take three times as long. ``exact`` sorts all rows: KS without cells.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.drift_data import CATEGORIES, NUMBERS, paths
from benchmarks.drift_timing import tell

CELLS, BARS, GRID, SAMPLE = 256, 10, 4096, 20_000
BLOCK = 1 << 15  # rows that stay in the cache
THREADS = 2
Array = Any


def cells(reference: pl.DataFrame, window: pl.DataFrame) -> dict[str, tuple[float, ...]]:
    """(PSI, Jensen-Shannon, KS) of each column of numbers, (PSI, Jensen-Shannon) of each of categories."""
    ranks = np.linspace(0, 1, CELLS + 1)[1:-1]
    bars = np.arange(BARS) * CELLS // BARS

    def numbers(name: str) -> tuple[float, ...]:
        x, y = reference[name].to_numpy(), window[name].to_numpy()
        some = np.sort(x[:: max(1, len(x) // SAMPLE)])
        count = _counter(some[(ranks * (len(some) - 1)).astype(int)])
        a, b = count(x) / len(x), count(y) / len(y)
        return *_distances(np.add.reduceat(a, bars), np.add.reduceat(b, bars)), float(np.abs(np.cumsum(a - b)).max())

    with ThreadPoolExecutor(THREADS) as pool:
        found = dict(zip(NUMBERS, pool.map(numbers, NUMBERS), strict=True))
    return {**found, **_categories(reference, window)}


def _counter(edges: Array) -> Callable[[Array], Array]:
    low, high = edges[0], edges[-1]
    scale = GRID / (high - low)
    holding = np.clip((edges - low) * scale, 0, GRID - 1).astype(np.intp)
    cell = np.searchsorted(holding, np.arange(GRID))
    near = np.zeros(GRID, dtype=bool)
    near[holding] = True

    def count(x: Array) -> Array:
        return sum(_block(x[i : i + BLOCK]) for i in range(0, len(x), BLOCK))

    def _block(x: Array) -> Array:
        place = np.clip((x - low) * scale, 0, GRID - 1).astype(np.intp)
        rows = np.bincount(place, minlength=GRID)
        sure = np.bincount(cell[~near], weights=rows[~near], minlength=CELLS)
        return sure + np.bincount(np.searchsorted(edges, x[near[place]]), minlength=CELLS)

    return count


def _categories(reference: pl.DataFrame, window: pl.DataFrame) -> dict[str, tuple[float, ...]]:
    names = list(CATEGORIES)
    sides = [frame.select(pl.col(name).value_counts().implode() for name in names) for frame in (reference, window)]
    found: dict[str, tuple[float, ...]] = {}
    for name in names:
        a, b = (side[name].explode().struct.unnest() for side in sides)
        both = a.join(b, on=name, how="full", coalesce=True).fill_null(0)
        p, q = both["count"].to_numpy(), both["count_right"].to_numpy()
        found[name] = _distances(p / p.sum(), q / q.sum())
    return found


def _distances(p: Array, q: Array) -> tuple[float, float]:
    p, q = np.maximum(p, 1e-4), np.maximum(q, 1e-4)
    middle = (p + q) / 2
    js = (p * np.log2(p / middle) + q * np.log2(q / middle)).sum() / 2
    return float(((p - q) * np.log(p / q)).sum()), float(np.sqrt(max(js, 0.0)))


def exact(reference: pl.DataFrame, window: pl.DataFrame) -> dict[str, float]:
    """KS on the rows of each column of numbers."""

    def one(name: str) -> float:
        x, y = np.sort(reference[name].to_numpy()), np.sort(window[name].to_numpy())
        both = np.concatenate([x, y])
        apart = np.searchsorted(x, both, side="right") / len(x) - np.searchsorted(y, both, side="right") / len(y)
        return float(np.abs(apart).max())

    with ThreadPoolExecutor(THREADS) as pool:
        return dict(zip(NUMBERS, pool.map(one, NUMBERS), strict=True))


if __name__ == "__main__":
    what, folder, rows = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    sides = [pl.read_parquet(path) for path in paths(folder, rows)]
    work = {"cells": cells, "exact": exact}[what]
    tell(lambda: work(*sides), warm=lambda: work(*(side.head(1000) for side in sides)), times=5)
