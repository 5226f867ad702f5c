"""The tests of one window against the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import stats

from mfbench.drift import comparing, findings, power
from mfbench.drift.counts import ColumnCounts, Counts, reference_counts
from mfbench.drift.profile import Column, Profile
from tests.drift.simulated import World, counts_of, numeric, profile_of, values


def _only(column: Column, window: ColumnCounts, **more: Any) -> list[findings.Test]:
    """The tests of a profile of one column."""
    rows = sum(column.counts) + column.nulls
    facts: dict[str, Any] = {"task": "regression", "rows": rows, "units": rows, "columns": (column,)}
    units = more.pop("units_of", None)
    n = int(window.cells.sum()) + window.nulls
    return comparing.compare(Profile(**facts | more), Counts(n, [window], [n], units))


def _by_about(tests: list[findings.Test]) -> dict[tuple[str, str], findings.Test]:
    return {(test.about, test.test): test for test in tests}


def test_numbers_are_tested_as_scipy_tests_them() -> None:
    world = World(1, numbers=1, codes=0)
    before, now = world.rows(3000), world.rows(800, effect=0.08)
    profile = profile_of(before)
    counts = counts_of(profile, now)
    ks, chi = comparing.compare(profile, counts)
    rows = stats.ks_2samp(before.numbers[:, 0], now.numbers[:, 0], method="asymp")
    assert ks.statistic == pytest.approx(rows.statistic, abs=0.01)  # on 256 cells
    assert ks.p == pytest.approx(stats.kstwo.sf(ks.statistic, round(3000 * 800 / 3800)))
    bars = profile.columns[0].bars
    table = [np.add.reduceat(np.array(cells), bars) for cells in (profile.columns[0].counts, counts.columns[0].cells)]
    expected = stats.chi2_contingency(table, correction=False)
    assert (chi.statistic, chi.p) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))
    assert ks.effect == pytest.approx(0.08, abs=0.04)
    assert chi.chance is not None
    assert 0 < chi.chance < 0.1


def test_values_with_a_new_one_and_rare_ones_merged() -> None:
    column = values("carrier", np.repeat(np.arange(4), [600, 390, 6, 4]), 4)
    (chi,) = _only(column, ColumnCounts(np.array([300, 120, 2, 0, 80])))
    expected = stats.chi2_contingency([[600, 390, 10], [300, 120, 82]], correction=False)
    # the rare ones are too few by themselves: they stand with the new ones
    assert (chi.statistic, chi.p) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))
    assert chi.effect == pytest.approx(82 / 502 - 0.01)


def test_nulls_are_tested_exactly_where_few_are_expected() -> None:
    column = replace(numeric("x", np.random.default_rng(0).normal(size=5000)), nulls=0)
    cells = np.array(column.counts) // 10
    window = ColumnCounts(cells, nulls=3)
    found = _by_about(_only(column, window))["missing", "Fisher"]
    n = int(cells.sum()) + 3
    assert found.p == pytest.approx(stats.fisher_exact([[0, 5000], [3, n - 3]])[1], rel=1e-6)
    assert found.effect == pytest.approx(3 / n)
    many = replace(column, nulls=500)
    found = _by_about(_only(many, replace_nulls(window, 80)))["missing", "chi-square"]
    n += 77
    assert found.p == pytest.approx(stats.chi2_contingency([[500, 5000], [80, n - 80]], correction=False).pvalue)


def replace_nulls(window: ColumnCounts, nulls: int, odd: int = 0) -> ColumnCounts:
    return ColumnCounts(window.cells, nulls, odd)


def test_odd_values_are_told_apart_from_missing_ones() -> None:
    column = numeric("x", np.random.default_rng(0).normal(size=2000))
    cells = np.array(column.counts) // 2
    tests = _by_about(_only(column, ColumnCounts(cells, nulls=40, odd=40)))
    assert not any(about == "missing" for about, _ in tests)
    odd = next(test for (about, _), test in tests.items() if about == "type")
    assert odd.p is not None
    assert odd.p < 1e-10
    assert odd.effect == pytest.approx(40 / (cells.sum() + 40))


def test_a_column_that_is_gone_has_one_test() -> None:
    column = replace(numeric("x", np.random.default_rng(0).normal(size=2000)), nulls=100)
    tests = _only(column, ColumnCounts(np.zeros(len(column.counts), dtype=np.int64), nulls=500, missing=True))
    (missing,) = tests
    assert (missing.about, missing.effect) == ("missing", pytest.approx(1 - 100 / 2100))
    assert missing.p is not None
    assert missing.p < 1e-100


def test_almost_all_missing_is_as_exact_as_almost_none() -> None:
    column = Column(name="x", role="input", kind="values", dtype="String", values=("a",), counts=(2, 0), nulls=2998)
    test = _by_about(_only(column, ColumnCounts(np.array([7, 0]), nulls=593)))["missing", "Fisher"]
    assert test.p == pytest.approx(stats.fisher_exact([[2998, 2], [593, 7]])[1], rel=1e-6)


def test_too_few_rows_are_shown_and_not_judged() -> None:
    column = numeric("x", np.random.default_rng(0).normal(size=2000))
    window = np.zeros(len(column.counts), dtype=np.int64)
    window[:19] = 1
    tests = _only(column, ColumnCounts(window))
    assert [test.p for test in tests] == [None, None]
    assert all("19 effective rows" in test.why for test in tests)
    assert tests[0].effect is not None


def test_one_value_only_is_no_evidence() -> None:
    column = Column(name="x", role="input", kind="values", dtype="String", values=("a",), counts=(500, 0))
    (test,) = _only(column, ColumnCounts(np.array([300, 0])))
    assert (test.p, test.effect, test.why) == (None, 0, "one value only")


def test_rows_of_one_unit_count_for_less() -> None:
    column = replace(numeric("x", np.random.default_rng(0).normal(size=6000)), icc=0.1)
    rng = np.random.default_rng(1)
    window = ColumnCounts(rng.multinomial(900, np.array(column.counts) / 6000))
    ks, chi = _only(column, window, units=200, units_of=30, unit="shop")
    assert ks.p is None
    assert "one shop" in ks.why
    # 30 rows a unit on both sides: deff 1 + 29 * 0.1
    table = np.stack([np.add.reduceat(c, column.bars) for c in (np.array(column.counts), window.cells)]) / 3.9
    statistic = stats.chi2_contingency(table, correction=False).statistic
    assert chi.statistic == pytest.approx(statistic)
    assert chi.p == pytest.approx(stats.f.sf(statistic / 9, 9, 9 * 199))
    # Units that are not known are as large as the reference's.
    unknown = _only(column, window, units=200, unit="shop")[1]
    assert unknown.p == pytest.approx(chi.p)
    alike = _only(replace(column, icc=0.001), window, units=200, units_of=30, unit="shop")[0]
    assert alike.p is not None  # deff 1.029: hardly clustered, KS is judged on so many fewer rows
    assert alike.p == pytest.approx(stats.kstwo.sf(alike.statistic, round(6000 * 900 / 6900 / 1.029)))


def test_answers_that_were_not_looked_at_have_no_tests() -> None:
    world = World(3)
    profile = profile_of(world.rows(1000))
    counts = counts_of(profile, world.rows(500))
    counts.rows_of[0] = 0
    counts.columns[0] = ColumnCounts(np.zeros_like(counts.columns[0].cells))
    assert "x0" not in {test.column for test in comparing.compare(profile, counts)}


def test_moments_are_never_tested() -> None:
    described = Column(name="at", role="input", kind="described", dtype="Date", nulls=3, low=0.0, high=9.0)
    assert _only(described, ColumnCounts(np.zeros(0, dtype=np.int64), nulls=50)) == []


def test_every_test_that_is_made_was_possible() -> None:
    world = World(4)
    profile = profile_of(world.rows(1000))
    counts = counts_of(profile, world.rows(600))
    counts.columns = [replace_nulls(column, 60, 20) for column in counts.columns]
    keys = [comparing.key(test) for test in comparing.compare(profile, counts)]
    assert sorted(map(str, keys)) == sorted(map(str, comparing.possible(profile)))


def test_against_a_pool() -> None:
    world = World(5)
    profile = profile_of(world.rows(1000))
    first, second = (counts_of(profile, world.rows(500)) for _ in range(2))
    pool = reference_counts(profile) + first
    ks = comparing.compare(profile, second, pool)[0]
    both = np.array(profile.columns[0].counts) + first.columns[0].cells
    apart = np.abs(np.cumsum(both) / 1500 - np.cumsum(second.columns[0].cells) / 500).max()
    assert ks.statistic == pytest.approx(apart)


def test_visible_is_found_with_80_percent_power() -> None:
    """Of 400 windows with just that effect in one column, corrected for all tests."""
    world = World(6, numbers=1, codes=1)
    profile = profile_of(world.rows(20_000))
    level = 0.01
    shown = comparing.compare(profile, counts_of(profile, world.rows(1500)), level=level)
    ks, share = shown[0], level / len(shown)
    assert ks.visible is not None
    found = 0
    for _ in range(400):
        test = comparing.compare(profile, counts_of(profile, world.rows(1500, effect=ks.visible)), level=0)[0]
        found += test.p is not None and test.p <= share
    assert 0.74 <= found / 400 <= 0.9


def test_visible_shares_and_bars() -> None:
    rng = np.random.default_rng(8)
    n, m, level = 20_000, 1500, 0.001
    seen = power.visible_share(0.05, n, m, level)
    before, now = rng.binomial(n, 0.05, 500), rng.binomial(m, 0.05 + seen, 500)
    p = [stats.chi2_contingency([[a, n - a], [b, m - b]], correction=False).pvalue
         for a, b in zip(before, now, strict=True)]  # fmt: skip
    assert np.mean(np.array(p) <= level) == pytest.approx(0.8, abs=0.05)
    moved = power.visible_variation(n, m, 9, level)
    shares = np.full(10, 0.1) + np.repeat([1, -1], 5) * moved / 5
    tables = zip(rng.multinomial(n, np.full(10, 0.1), 500), rng.multinomial(m, shares, 500), strict=True)
    p = [stats.chi2_contingency(table, correction=False).pvalue for table in tables]
    assert np.mean(np.array(p) <= level) == pytest.approx(0.8, abs=0.05)
