"""Profiles and windows of simulated rows, counted with NumPy alone: (n, k) numbers and (n, j) codes of values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mfbench.drift.counts import ColumnCounts, Counts
from mfbench.drift.profile import BARS, CELLS, Column, Profile

Array = NDArray[Any]


@dataclass
class Rows:
    """Some rows: `numbers` (n, k), `codes` (n, j)."""

    numbers: Array
    codes: Array

    def __len__(self) -> int:
        return max(len(self.numbers), len(self.codes))


def numeric(name: str, x: Array, **more: Any) -> Column:
    edges = np.unique(np.quantile(x, np.arange(1, CELLS) / CELLS))
    counts = np.bincount(np.searchsorted(edges, x), minlength=len(edges) + 1)
    bars = np.unique(np.searchsorted(np.cumsum(counts), np.arange(BARS) * len(x) / BARS, side="right"))
    return Column(
        name=name, role="input", kind="numeric", dtype="Float64", edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()), bars=tuple(bars.tolist()), distinct=len(np.unique(x)), mean=float(x.mean()),
        sd=float(x.std(ddof=1)), low=float(x.min()), high=float(x.max()), **more,
    )  # fmt: skip


def values(name: str, codes: Array, k: int, **more: Any) -> Column:
    counts = np.bincount(codes, minlength=k + 1)
    names = tuple(f"v{i}" for i in range(k))
    return Column(name=name, role="input", kind="values", dtype="String", values=names, counts=tuple(counts.tolist()),
                  bars=tuple(range(k + 1)), distinct=k, **more)  # fmt: skip


def profile_of(rows: Rows, k: int = 6, **more: Any) -> Profile:
    columns = [numeric(f"x{i}", rows.numbers[:, i]) for i in range(rows.numbers.shape[1])]
    columns += [values(f"c{i}", rows.codes[:, i], k) for i in range(rows.codes.shape[1])]
    facts = {"task": "classification", "rows": len(rows), "units": len(rows), "columns": tuple(columns)} | more
    return Profile(**facts)


def counts_of(profile: Profile, rows: Rows, units: int | None = None) -> Counts:
    found, n = [], len(rows)
    kinds = [column.kind for column in profile.columns]
    for place, column in enumerate(profile.columns):
        if column.kind == "numeric":
            x = rows.numbers[:, kinds[:place].count("numeric")]
            cells = np.bincount(np.searchsorted(column.edges, x), minlength=len(column.counts))
            apart = x - column.mean
            outside = int(((x < column.low) | (x > column.high)).sum())
            found.append(ColumnCounts(cells, 0, 0, outside, float(apart.sum()), float((apart**2).sum()), float(x.min()),
                                      float(x.max())))  # fmt: skip
        else:
            codes = rows.codes[:, kinds[:place].count("values")]
            found.append(ColumnCounts(np.bincount(codes, minlength=len(column.counts))))
    return Counts(n, found, [n] * len(found), units or n)


class World:
    """Rows of one kind for ever: `numbers` numeric columns that correlate by a half, `codes` columns of six values."""

    def __init__(self, seed: int, numbers: int = 4, codes: int = 2) -> None:
        self.rng = np.random.default_rng(seed)
        self.numbers, self.codes = numbers, codes

    def rows(self, n: int, effect: float = 0.0) -> Rows:
        """effect: the share of the first column's rows that moved (total variation of a normal pushed to the right)."""
        common = self.rng.normal(size=(n, 1))
        x = np.sqrt(0.5) * common + np.sqrt(0.5) * self.rng.normal(size=(n, self.numbers))
        if effect:
            from scipy.special import ndtri

            x[:, 0] += 2 * ndtri((1 + effect) / 2)
        share = np.array([0.4, 0.25, 0.15, 0.1, 0.07, 0.03]).cumsum()
        codes = np.searchsorted(share, self.rng.random((n, self.codes)) * 0.999999)
        return Rows(x, codes)
