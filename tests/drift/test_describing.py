"""How a column differs, in numbers and bars for people."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from mfbench.drift.building import build_profile
from mfbench.drift.counting import count
from mfbench.drift.counts import ColumnCounts, Counts
from mfbench.drift.describing import describe
from mfbench.drift.findings import Difference
from mfbench.drift.labels import bar_labels, short
from mfbench.drift.profile import Column, Profile


def _described(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Difference]:
    profile = build_profile(pl.DataFrame(before), [(name, "input") for name in before], task="regression")
    return {each.name: each for each in describe(profile, count(profile.columns, pl.DataFrame(now)))}


def test_numbers() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(1e6, 2, 4000), rng.normal(1e6 + 0.5, 3, 3000)
    found = _described({"x": x}, {"x": y})["x"]
    assert found.mean == pytest.approx([x.mean(), y.mean()])
    assert found.sd == pytest.approx([x.std(), y.std(ddof=1)], rel=1e-3)
    assert (found.low, found.high) == ([x.min(), y.min()], [x.max(), y.max()])
    assert found.outside == pytest.approx(((y < x.min()) | (y > x.max())).mean())
    assert found.ks == pytest.approx(stats.ks_2samp(x, y).statistic, abs=0.005)
    assert found.wasserstein == pytest.approx(stats.wasserstein_distance(x, y) / x.std(), rel=0.05)
    assert len(found.edges) == len(found.labels) + 1 == len(found.bars) + 1
    assert np.all(np.diff(found.edges) >= 0)
    assert np.isfinite(found.edges).all()
    bars = np.array(found.bars)
    assert bars.sum(axis=0).tolist() == [4000, 3000]
    assert (
        bars[:, 1].tolist() == np.histogram(y, [-np.inf, *np.nextafter(found.edges[1:-1], np.inf), np.inf])[0].tolist()
    )
    p, q = bars[:, 0] / 4000, bars[:, 1] / 3000
    assert found.psi == pytest.approx(((p - q) * np.log(p / q)).sum())
    assert found.js == pytest.approx(jensenshannon(p, q, base=2))


def test_rows_beyond_all_known_ones_are_as_far_as_they_moved() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=3000)
    found = _described({"x": x}, {"x": x + 50})["x"]
    assert found.wasserstein == pytest.approx(50 / x.std(), rel=1e-3)
    assert (found.ks, found.js, found.outside) == (pytest.approx(1, abs=0.005), pytest.approx(1, abs=0.15), 1)


def test_few_numbers_are_named_one_by_one() -> None:
    found = _described({"n": [1, 2, 2, 7] * 100}, {"n": [1, 2, 7, 7] * 50})["n"]
    assert (found.labels, found.edges) == (["1", "2", "7"], [])
    assert found.bars == [[100, 50], [200, 50], [100, 100]]
    assert found.wasserstein == pytest.approx(5 / 4 / np.std([1, 2, 2, 7]), rel=1e-3)
    assert found.ks == pytest.approx(0.25)


def test_values_new_and_vanished() -> None:
    before = {"c": ["EWR"] * 500 + ["JFK"] * 300 + ["LGA"] * 199 + ["TEB"]}
    found = _described(before, {"c": ["EWR"] * 60 + ["JFK"] * 20 + ["HPN"] * 15 + ["ISP"] * 5 + [None] * 100})["c"]
    assert found.labels == ["EWR", "JFK", "LGA", "other"]  # TEB is too rare for a bar of its own
    assert found.new == [["HPN", 15], ["ISP", 5]]
    assert found.vanished == ["LGA"]  # of TEB not one row was to be expected
    assert found.distinct == [4, 4]
    assert found.nulls == [0, 0.5]
    assert found.bars[-1][1] == 20
    assert found.edges == []


def test_odd_values_are_not_missing_ones() -> None:
    found = _described({"x": np.linspace(0, 1, 300)}, {"x": ["0.5"] * 80 + ["much"] * 15 + [None] * 5})["x"]
    assert (found.odd, found.nulls[1]) == (pytest.approx(0.15), pytest.approx(0.05))


def test_without_rows_there_are_no_numbers() -> None:
    x = np.linspace(0, 1, 300)
    profile = build_profile(pl.DataFrame({"x": x}), [("x", "input")], task="regression")
    empty = Counts(50, [ColumnCounts(np.zeros(len(profile.columns[0].counts), dtype=np.int64))], [0])
    (found,) = describe(profile, empty)
    assert (found.rows, found.psi, found.ks, found.mean, found.wasserstein) == (0, None, None, None, None)
    assert found.low == [0, None]


def test_a_constant_has_no_deviation_to_measure_by() -> None:
    found = _described({"x": [3.0] * 200}, {"x": [3.0] * 50 + [4.0] * 50})["x"]
    assert found.wasserstein is None
    assert found.outside == 0.5
    assert found.labels == ["3"]


def test_infinite_values_do_not_spoil_the_rest() -> None:
    rng = np.random.default_rng(1)
    found = _described({"x": rng.normal(size=500)}, {"x": [*rng.normal(size=98), np.inf, -np.inf]})["x"]
    told = [*found.edges, found.psi, found.js, found.wasserstein, *(found.mean or []), *(found.sd or [])]
    assert np.isfinite(np.array(told, dtype=float)).all()


def test_moments_have_a_range() -> None:
    before = pl.datetime_range(pl.datetime(2020, 1, 1), pl.datetime(2020, 3, 1), "1d", eager=True)
    now = before.dt.offset_by("60d")
    found = _described({"at": before, "day": before.dt.date()}, {"at": now, "day": now.dt.date()})
    assert found["day"].low == ["2020-01-01", "2020-03-01"]
    assert found["at"].high == ["2020-03-01T00:00:00", "2020-04-30T00:00:00"]
    assert found["at"].psi is None


def test_moments_out_of_any_calendar() -> None:
    column = Column(name="at", role="input", kind="described", dtype="Datetime(us, UTC)", low=0.0, high=1e30)
    profile = Profile(task="regression", rows=10, units=10, columns=(column,))
    (found,) = describe(profile, Counts(5, [ColumnCounts(np.zeros(0, dtype=np.int64))], [5], 5))
    assert found.low == ["1970-01-01T00:00:00", None]
    assert found.high == [None, None]


def test_labels() -> None:
    rng = np.random.default_rng(1)
    zeros = np.concatenate([np.zeros(900), rng.uniform(1, 101, 900)])
    profile = build_profile(pl.DataFrame({"rain": zeros}), [("rain", "input")], task="regression")
    labels = bar_labels(profile.columns[0])
    assert labels[0] == "0"
    assert " to " in labels[1]
    assert labels[-1].startswith("> ")
    assert len(labels) == len(profile.columns[0].bars)


def test_numbers_are_short_and_told_apart() -> None:
    assert short([0.0, 1.5, 1000.123, 1e12, -3.33333, 1e-9]) == ["0", "1.5", "1000", "1e+12", "-3.33", "1e-09"]
    assert short([20130101.0, 20130102.0]) == ["20130101", "20130102"]
    assert short([0.12345, 0.12346]) == ["0.12345", "0.12346"]
