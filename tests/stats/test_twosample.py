"""Two samples from counts: the same numbers as SciPy gives for the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from mfbench.stats import twosample

Vector = np.ndarray[Any, np.dtype[np.int64]]


def _pair(least: int = 0) -> st.SearchStrategy[tuple[Vector, Vector]]:
    counts = st.lists(st.tuples(st.integers(least, 60), st.integers(least, 60)), min_size=2, max_size=12)
    pairs = counts.map(lambda rows: (np.array([a for a, _ in rows]), np.array([b for _, b in rows])))
    return pairs.filter(lambda pair: bool(pair[0].sum()) and bool(pair[1].sum()))


def _rows(counts: Vector) -> Vector:
    return np.repeat(np.arange(len(counts)), counts)


@settings(max_examples=60, deadline=None)
@given(_pair())
def test_distances_of_counts_are_those_of_the_rows(pair: tuple[Vector, Vector]) -> None:
    a, b = pair
    found = stats.ks_2samp(_rows(a), _rows(b), method="asymp")
    assert twosample.ks(a, b) == pytest.approx(found.statistic, abs=1e-12)
    assert twosample.ks_p(twosample.ks(a, b), a.sum(), b.sum()) == pytest.approx(found.pvalue, rel=1e-9)
    points = np.arange(len(a)) ** 2 / 3
    expected = stats.wasserstein_distance(points, points, a, b)
    assert twosample.wasserstein(a, b, points) == pytest.approx(expected, abs=1e-10)
    assert twosample.jensen_shannon(a, b) == pytest.approx(jensenshannon(a, b, base=2), abs=1e-7)
    assert twosample.total_variation(a, b) == pytest.approx(np.abs(a / a.sum() - b / b.sum()).sum() / 2)


@settings(max_examples=60, deadline=None)
@given(_pair())
def test_chi_square_and_g_are_scipys(pair: tuple[Vector, Vector]) -> None:
    table = np.stack(pair)[:, sum(pair) > 0]
    assume(table.shape[1] > 1)
    for likelihood, name in ((False, "pearson"), (True, "log-likelihood")):
        expected = stats.chi2_contingency(table, correction=False, lambda_=name)
        statistic, df = twosample.chi_square(*pair, likelihood=likelihood)
        assert (statistic, df) == (pytest.approx(expected.statistic, rel=1e-9, abs=1e-9), expected.dof)
        assert twosample.chi_square_p(statistic, df) == pytest.approx(expected.pvalue, rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 4000), st.data())
def test_fisher_is_scipys(n: int, m: int, data: st.DataObject) -> None:
    x, y = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    expected = stats.fisher_exact([[x, n - x], [y, m - y]])[1]
    assert twosample.fisher_p(x, n, y, m) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("z", [0.4, 1.2, 1.79, 1.81, 2.5, 4, 5])
@pytest.mark.parametrize(("n", "m"), [(300, 900), (2500, 2500), (5000, 100_000), (20_000, 20_000)])
def test_ks_far_out_and_with_many_rows(z: float, n: int, m: int) -> None:
    rows = n * m / (n + m)
    found = twosample.ks_p(z / np.sqrt(rows), n, m)
    assert found == pytest.approx(stats.kstwo.sf(z / np.sqrt(rows), np.round(rows)), rel=1e-8 if rows < 1000 else 3e-3)


def test_ks_of_very_many_rows_takes_no_longer() -> None:
    assert twosample.ks_p(0.004, 10**9, 10**9) == 0.0
    assert 0 < twosample.ks_p(0.0001, 10**9, 10**9) < 2e-4


def test_exact_ks_is_of_the_rows() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=200), rng.normal(0.2, size=150)
    assert twosample.exact_ks(x, y) == pytest.approx(tuple(stats.ks_2samp(x, y)[:2]))


def test_psi_and_its_floor() -> None:
    a, b = np.array([50, 30, 20]), np.array([20, 30, 50])
    p, q = a / 100, b / 100
    assert twosample.psi(a, b) == pytest.approx(((p - q) * np.log(p / q)).sum())
    # A share of nothing counts as 0.0001, on either side; where both have nothing it says nothing.
    empty = twosample.psi(np.array([90, 10, 0]), np.array([90, 0, 0]))
    p, q = np.array([0.9, 0.1]), np.array([1, 1e-4])
    assert empty == pytest.approx(((p - q) * np.log(p / q)).sum())


def test_where_bins_agree_evidently_gives_the_same() -> None:
    """What Evidently 0.7.23 gives for these categories (its PSI; its Jensen-Shannon distance with base 2)."""
    a, b = np.array([500, 300, 150, 50, 0]), np.array([400, 320, 180, 80, 20])
    assert twosample.psi(a, b) == pytest.approx(0.14861139672966903, rel=1e-9)
    assert twosample.jensen_shannon(a, b) == pytest.approx(0.13324091711430752, rel=1e-9)


@settings(max_examples=80, deadline=None)
@given(_pair())
def test_merged_cells_are_large_enough_and_lose_no_rows(pair: tuple[Vector, Vector]) -> None:
    a, b = pair
    smaller = min(a.sum(), b.sum())
    for merge in (twosample.merge_ordered, twosample.merge_rare):
        x, y = merge(a, b)
        assert (x.sum(), y.sum()) == (a.sum(), b.sum())
        expected = (x + y) * smaller / (a.sum() + b.sum())
        assert len(x) == 1 or (expected >= 10 - 1e-9).all()
        assert twosample.total_variation(x, y) <= twosample.total_variation(a, b) + 1e-12


def test_merging_keeps_what_is_large_and_neighbours_together() -> None:
    a, b = np.array([5, 100, 3, 0, 20, 9]), np.array([3, 200, 1, 1, 20, 9])
    assert [v.tolist() for v in twosample.merge_ordered(a, b, 15)] == [[105, 32], [203, 31]]
    assert [v.tolist() for v in twosample.merge_rare(a, b)] == [[17, 20, 100], [14, 20, 200]]
    untouched = twosample.merge_rare(a + 100, b + 100)
    assert untouched[0] is not a
    assert untouched[0].tolist() == (a + 100).tolist()


def test_chance_is_what_samples_of_one_kind_show() -> None:
    rng = np.random.default_rng(5)
    share = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
    a, b = rng.multinomial(800, share, 2000), rng.multinomial(300, share, 2000)
    apart = [twosample.total_variation(x, y) for x, y in zip(a, b, strict=True)]
    assert twosample.chance_variation(share * 800, share * 300) == pytest.approx(np.mean(apart), rel=0.03)
    x, y = np.sort(rng.random((2000, 400))), rng.random((2000, 300))
    ks = [stats.ks_2samp(p, q, method="asymp").statistic for p, q in zip(x[:500], y[:500], strict=True)]
    assert twosample.chance_ks(400, 300) == pytest.approx(np.mean(ks), rel=0.04)


def test_wasserstein_of_stretches_comes_near_the_rows() -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(size=20_000)
    inner = np.quantile(x, np.arange(1, 256) / 256)
    for y in (rng.normal(size=20_000), rng.normal(0.1, 1, 20_000), rng.normal(0.1, 1.4, 20_000)):
        a, b = (np.bincount(np.searchsorted(inner, side), minlength=256) for side in (x, y))
        found = twosample.wasserstein_spread(a, b, [x.min(), *inner, x.max()])
        assert found == pytest.approx(stats.wasserstein_distance(x, y), abs=0.004)
        assert twosample.wasserstein_spread(b, b, [x.min(), *inner, x.max()]) == 0


def test_a_sample_without_rows_is_refused() -> None:
    empty, full = np.zeros(3, dtype=int), np.ones(3, dtype=int)
    for measure in (twosample.ks, twosample.psi, twosample.jensen_shannon, twosample.total_variation):
        with pytest.raises(ValueError, match="without rows"):
            measure(full, empty)
    assert twosample.chi_square(full, empty) == (0.0, 0)


def test_a_scaled_chi_square_is_more_cautious() -> None:
    assert twosample.chi_square_p(20, 5) < twosample.chi_square_p(20, 5, 100) < twosample.chi_square_p(20, 5, 10)
    assert twosample.chi_square_p(20, 5, 10) == pytest.approx(stats.f.sf(4, 5, 50))
    assert twosample.chi_square_p(0, 0) == 1.0
