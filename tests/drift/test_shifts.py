"""A shift that is put in has the size that was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from mfbench.drift.shifts import KINDS, NOBODY, Ranked, missing, power, shift
from mfbench.stats import twosample

ROWS = 40_000


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def ranked(values: np.ndarray, rng: np.random.Generator, known: np.ndarray | None = None) -> Ranked:
    return Ranked(values, np.ones(len(values), dtype=bool) if known is None else known, rng)


def halves(values: np.ndarray, donors: np.ndarray, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Counts of all values, and of the donors', in cells of equal numbers of rows."""
    cells = np.searchsorted(np.quantile(values, np.arange(1, points) / points), values)
    return np.bincount(cells, minlength=points), np.bincount(cells[donors], minlength=points)


@pytest.mark.parametrize("effect", [0.05, 0.1, 0.2, 0.4])
@pytest.mark.parametrize("name", ["normal", "lognormal", "integers"])
def test_numbers_grow_by_the_effect(name: str, effect: float, rng: np.random.Generator) -> None:
    values = rng.normal(size=ROWS)
    if name != "normal":
        values = np.exp(3 * values) if name == "lognormal" else rng.integers(0, 1000, ROWS).astype(float)
    rows = rng.choice(ROWS, ROWS // 2, replace=False)
    before, after = halves(values, shift("larger", ranked(values, rng), None, rows, effect, rng), 100)
    assert twosample.ks(before, after) == pytest.approx(effect, abs=0.012)
    assert twosample.total_variation(*(np.add.reduceat(c, range(0, 100, 10)) for c in (before, after))) == (
        pytest.approx(effect, abs=0.03)
    )
    cells = np.arange(100)
    assert np.average(cells, weights=after) > np.average(cells, weights=before)


@pytest.mark.parametrize("effect", [0.1, 0.3])
def test_numbers_spread_around_their_median(effect: float, rng: np.random.Generator) -> None:
    values = rng.normal(size=ROWS)
    donors = shift("spread", ranked(values, rng), None, np.arange(ROWS), effect, rng)
    before, after = halves(values, donors, 100)
    assert twosample.ks(before, after) == pytest.approx(effect / 2, abs=0.02)
    assert twosample.total_variation(before, after) == pytest.approx(effect, abs=0.04)
    assert np.median(values[donors]) == pytest.approx(np.median(values), abs=0.03)
    assert values[donors].std() > values.std()


@pytest.mark.parametrize("effect", [0.05, 0.2, 0.6])
def test_the_most_frequent_value_gives_way(effect: float, rng: np.random.Generator) -> None:
    values = rng.choice(4, ROWS, p=[0.5, 0.3, 0.15, 0.05])
    donors = shift("replaced", ranked(values, rng), None, np.arange(ROWS), effect, rng)
    before, after = np.bincount(values, minlength=4), np.bincount(values[donors], minlength=4)
    assert twosample.total_variation(before, after) == pytest.approx(effect, abs=0.01)
    assert after[0] < before[0]


def test_a_value_that_stands_alone_cannot_be_replaced(rng: np.random.Generator) -> None:
    rows = np.arange(100)
    assert (shift("replaced", ranked(np.zeros(100), rng), None, rows, 0.2, rng) == rows).all()


def test_missing_values_are_taken_from_rows_that_have_one(rng: np.random.Generator) -> None:
    known = rng.random(ROWS) > 0.3
    donors = missing(ranked(rng.normal(size=ROWS), rng, known), np.arange(ROWS), 0.2, rng)
    gone = donors == NOBODY
    assert gone.sum() == round(0.2 * ROWS)
    assert known[gone].all()
    few = missing(ranked(np.zeros(ROWS), rng, np.arange(ROWS) < 50), np.arange(ROWS), 0.2, rng)
    assert (few == NOBODY).sum() == 50


def test_a_segment_lies_together_and_little_else_changes(rng: np.random.Generator) -> None:
    values, by = rng.normal(size=ROWS), rng.normal(size=ROWS)
    rows = np.arange(ROWS)
    donors = shift("segment", ranked(values, rng), ranked(by, rng), rows, 0.03, rng)
    changed = donors != rows
    assert changed.mean() == pytest.approx(0.03, abs=0.002)
    inside = (by >= by[changed].min()) & (by <= by[changed].max())
    assert inside.mean() < 0.035
    assert values[donors[changed]].min() >= np.quantile(values, 0.89)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_without_a_value_stay_without(kind: str, rng: np.random.Generator) -> None:
    values, known = rng.integers(0, 30, 1000).astype(float), rng.random(1000) > 0.5
    donors = shift(kind, ranked(values, rng, known), None, np.arange(1000), 0.2, rng)
    assert (donors[~known] == np.flatnonzero(~known)).all()
    nothing = ranked(values, rng, np.zeros(1000, dtype=bool))
    assert (shift(kind, nothing, nothing, np.arange(1000), 0.2, rng) == np.arange(1000)).all()


def test_power_of_nothing_and_of_nearly_all() -> None:
    assert power(0.0) == 1.0
    assert power(0.2) > power(0.1) > 1.0
    assert np.isfinite(power(1.0))
