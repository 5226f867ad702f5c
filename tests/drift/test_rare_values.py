"""Columns of many values: which of them have a bar must not depend on the rows that are counted in it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from mfbench.drift.building import build_profile
from mfbench.drift.comparing import compare
from mfbench.drift.counting import count
from mfbench.drift.detector import Detector
from mfbench.drift.profile import Column, Profile

ROWS, WINDOWS = 3000, 60
FLAT = np.full(300, 1 / 300)
TAILED = 1 / np.arange(1, 401) ** 2 / (1 / np.arange(1, 401) ** 2).sum()


def _rows(shares: NDArray[np.float64], seed: int, names: str = "v") -> pl.DataFrame:
    values = np.array([f"{names}{i}" for i in range(len(shares))])
    return pl.DataFrame({"x": np.random.default_rng(seed).choice(values, ROWS, p=shares)})


def _profile(rows: pl.DataFrame, codes: NDArray[np.int64] | None = None) -> Profile:
    unit = "row" if codes is None else "shop"
    return build_profile(rows, [("x", "input")], task="regression", unit=unit, codes=codes)


def _column(rows: pl.DataFrame) -> Column:
    return _profile(rows).columns[0]


@pytest.mark.parametrize("shares", [FLAT, TAILED], ids=["flat", "tailed"])
def test_rare_values_raise_no_false_alarm(shares: NDArray[np.float64]) -> None:
    found = []
    for seed in range(WINDOWS):
        profile = _profile(_rows(shares, seed))
        found += [test.p for test in compare(profile, count(profile.columns, _rows(shares, 1000 + seed)))]
    p = np.array([each for each in found if each is not None])
    assert len(p) >= WINDOWS
    assert (p <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(p))


def test_a_stream_of_rare_values_stays_calm() -> None:
    detector = Detector(_profile(_rows(TAILED, 1)), 1000)
    assert not any(detector.look(count(detector.profile.columns, _rows(TAILED, 10 + i))).fired for i in range(60))


def test_values_that_are_all_new_are_found() -> None:
    profile = _profile(_rows(FLAT, 1))
    p = [test.p for test in compare(profile, count(profile.columns, _rows(TAILED, 2, "w"))) if test.p is not None]
    assert min(p) < 1e-6


def test_frequent_values_are_counted_in_all_rows() -> None:
    column = _column(_rows(np.full(20, 1 / 20), 1))
    assert (column.part, sum(column.counts), len(column.bars)) == (1.0, ROWS, 21)


def test_rare_values_are_counted_in_the_units_that_did_not_choose() -> None:
    profile = _profile(_rows(FLAT, 1), np.arange(ROWS) // 50)
    (column,) = profile.columns
    assert profile.units == 60
    assert column.part == 45 / 60
    assert sum(column.counts) == 45 * 50
