"""False alarms as rare as declared, and real shifts found: on census data and on simulated streams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace
from scipy.stats import binom

from mfbench.drift.building import build_profile
from mfbench.drift.clusters import with_likeness
from mfbench.drift.comparing import compare
from mfbench.drift.counting import count
from mfbench.drift.counts import ColumnCounts, Counts
from mfbench.drift.detector import Detector
from mfbench.drift.judging import judge, significant
from mfbench.drift.profile import Column, Profile
from mfbench.drift.settings import Settings
from tests.drift.simulated import World, counts_of, profile_of

DATA = Path(__file__).parents[2] / "sample_data"
LEVELS = (0.05, 0.01)
NOT_INPUTS = ("id", "year", "employed", "prediction", "predicted_probability")


class Census:
    """The rows of one year with the cell of each value, so that thousands of windows are counted in no time."""

    def __init__(self) -> None:
        files = [pl.read_parquet(DATA / name) for name in ("employment.parquet", "employment-2018.parquet")]
        self.frame = pl.concat(files, how="diagonal_relaxed")
        names = [name for name in self.frame.columns if name not in NOT_INPUTS]
        self.year = {year: self.frame.filter(pl.col("year") == year).select(names) for year in range(2015, 2019)}
        known = self.year[2015]
        self.profile = build_profile(known, [(name, "input") for name in names], task="classification")
        self.cells = [_cells(column, known[column.name]) for column in self.profile.columns]

    def counts(self, rows: Any) -> Counts:
        found = [ColumnCounts(np.bincount(cells[rows], minlength=len(column.counts)))
                 for column, cells in zip(self.profile.columns, self.cells, strict=True)]  # fmt: skip
        return Counts(len(rows), found, [len(rows)] * len(found), len(rows))


def _cells(column: Column, values: pl.Series) -> Any:
    assert not values.null_count()
    if column.kind == "numeric":
        return np.searchsorted(column.edges, values.to_numpy())
    last = len(column.values)
    return values.replace_strict(list(column.values), list(range(last)), default=last, return_dtype=pl.Int64).to_numpy()


@pytest.fixture(scope="module")
def census() -> Census:
    return Census()


def _within(found: int, looks: int, level: float) -> bool:
    """Whether so many finds are what the level makes likely, on both sides (one time in a thousand it would not)."""
    return bool(binom.ppf(0.0005, looks, level) <= found <= binom.ppf(0.9995, looks, level))


def test_unchanged_windows_alarm_at_the_nominal_rate(census: Census) -> None:
    """1,000 windows, each with a reference of its own: one that is shared would make its own noise common to all."""
    rng = np.random.default_rng(20)
    looks, before, rows = 1000, 5000, 1000
    found, alone = dict.fromkeys(LEVELS, 0), 0
    profile = replace(census.profile, rows=before, units=before)
    for _ in range(looks):
        some = rng.permutation(census.profile.rows)[: before + rows]
        tests = compare(profile, census.counts(some[before:]), census.counts(some[:before]), level=0)
        for level in LEVELS:
            found[level] += significant(judge(tests, Settings(level=level)), Settings(level=level))
        alone += min(test.p for test in tests if test.p is not None) <= 0.05
    assert all(_within(found[level], looks, level) for level in LEVELS), found
    assert alone / looks > 0.4  # each column by itself, as is often done


@pytest.mark.parametrize(("rows", "least"), [(5000, 0.8), (20_000, 1.0)])
def test_the_real_shift_is_found_and_is_small(census: Census, rows: int, least: float) -> None:
    settings = Settings(level=0.01)
    for year in (2016, 2017, 2018):
        found, largest = [], 0.0
        for seed in range(15):
            window = count(census.profile.columns, census.year[year].sample(rows, seed=seed))
            tests = judge(compare(census.profile, window, level=0), settings)
            found.append(significant(tests, settings))
            assert not any(test.alarming for test in tests)
            largest = max(largest, *(test.effect or 0.0 for test in tests))
        assert np.mean(found) >= least, year
        assert 0.02 < largest < 0.1


class Fixed(Detector):
    """The same against the reference alone, as if that were the truth."""

    def _pool(self, counts: Counts) -> None:
        pass


def _alarms(kind: type[Detector], declared: int, before: int, rows: int, streams: int, looks: int) -> int:
    """Alarms in so many looks at streams in which nothing changes, those after the first counted as well."""
    alarms = 0
    for seed in range(streams):
        world = World(seed, numbers=2, codes=1)
        profile = profile_of(world.rows(before))
        detector = kind(profile, declared)
        alarms += sum(detector.look(counts_of(profile, world.rows(rows))).fired for _ in range(looks))
    return alarms


@pytest.mark.parametrize(("declared", "before", "rows"), [(20, 500, 200), (50, 5000, 200)])
def test_false_alarms_of_streams_are_as_rare_as_declared(declared: int, before: int, rows: int) -> None:
    streams, looks = 8, 200
    alarms = _alarms(Detector, declared, before, rows, streams, looks)
    assert alarms <= streams * looks / declared, alarms


def test_a_finite_reference_taken_for_the_truth_breaks_the_promise() -> None:
    pooled = _alarms(Detector, 50, 500, 1000, 4, 250)
    fixed = _alarms(Fixed, 50, 500, 1000, 4, 250)
    assert pooled < 1000 / 50 < fixed


@pytest.mark.parametrize(("effect", "most"), [(0.1, 12), (0.2, 2)])
def test_lasting_shifts_are_found_soon(effect: float, most: float) -> None:
    """In one of ten columns; windows of 500 rows, a reference of 5,000, one false alarm in 365 windows."""
    delays = []
    for seed in range(10):
        world = World(seed, numbers=7, codes=3)
        profile = profile_of(world.rows(5000))
        detector = Detector(profile, 365)
        for _ in range(10):
            detector.look(counts_of(profile, world.rows(500)))
        looks = (detector.look(counts_of(profile, world.rows(500, effect=effect))) for _ in range(60))
        delays.append(next((i for i, look in enumerate(looks, 1) if look.fired and look.column == "x0"), 61))
    assert np.mean(delays) <= most


SHARES = np.array([0.3, 0.2, 0.15, 0.1, 0.08, 0.07, 0.06, 0.04])


def _clustered(rng: np.random.Generator, units: int, rows: int, icc: float, even: bool) -> Any:
    """(units, cells) rows of each unit in each cell; not even: units of very different sizes."""
    sizes = np.full(units, rows) if even else np.maximum(rng.lognormal(np.log(rows) - 0.3, 0.8, units).astype(int), 1)
    return rng.multinomial(sizes, rng.dirichlet(SHARES * (1 / icc - 1), units))


def _column(cells: Any) -> Column:
    """As the profile has it: from the cell and the unit of each row."""
    names = tuple(f"v{i}" for i in range(len(SHARES) - 1))
    column = Column(name="c", role="input", kind="values", dtype="String", values=names,
                    counts=tuple(cells.sum(axis=0).tolist()), bars=tuple(range(len(SHARES))))  # fmt: skip
    of_rows = np.repeat(np.tile(np.arange(cells.shape[1]), len(cells)), cells.ravel())
    return with_likeness(column, of_rows, np.repeat(np.arange(len(cells)), cells.sum(axis=1)))


@pytest.mark.parametrize(
    ("units", "rows", "icc", "even"),
    [(1, 200, 0.01, True), (5, 200, 0.05, True), (30, 20, 0.2, True), (60, 20, 0.8, True), (60, 20, 0.2, False)],
)
def test_rows_that_resemble_each_other_raise_no_more_alarms(units: int, rows: int, icc: float, even: bool) -> None:
    rng = np.random.default_rng(units)
    looks, naive, found = 400, 0, 0
    for _ in range(looks):
        before, now = _clustered(rng, 200, rows, icc, even), _clustered(rng, units, rows, icc, even)
        column = _column(before)
        profile = Profile(task="regression", rows=int(before.sum()), unit="shop", units=200, columns=(column,))
        window = Counts(int(now.sum()), [ColumnCounts(now.sum(axis=0))], [int(now.sum())], units)
        alike = compare(profile, window, level=0)[0].p
        alone = compare(replace(profile, columns=(replace(column, icc=0.0, within=(), groups=()),)), window, level=0)[
            0
        ].p
        assert alike is not None
        assert alone is not None
        found += alike <= 0.05
        naive += alone <= 0.05
    assert found / looks <= 0.1
    assert naive / looks >= 0.3
