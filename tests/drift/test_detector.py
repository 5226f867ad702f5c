"""The detector of windows that keep coming."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from mfbench.drift.counts import ColumnCounts, Counts, reference_counts
from mfbench.drift.detector import Detector
from mfbench.drift.profile import Profile
from tests.drift.simulated import World, counts_of, profile_of


def _world(seed: int = 1, rows: int = 2000) -> tuple[World, Profile]:
    world = World(seed)
    return world, profile_of(world.rows(rows))


def test_a_change_fires_and_is_named_and_it_begins_anew() -> None:
    world, profile = _world()
    detector = Detector(profile, 200)
    for _ in range(5):
        assert not detector.look(counts_of(profile, world.rows(500))).fired
    looks = [detector.look(counts_of(profile, world.rows(500, effect=0.25))) for _ in range(3)]
    fired = next(look for look in looks if look.fired)
    assert (fired.column, fired.threshold) == ("x0", 200)
    assert fired.statistic >= 200
    assert fired.e > 1
    assert detector.look(counts_of(profile, world.rows(500))).statistic < 200


def test_all_windows_join_the_pool() -> None:
    world, profile = _world()
    detector = Detector(profile, 50)
    windows = [counts_of(profile, world.rows(300, effect=e)) for e in (0, 0.5, 0)]
    for window in windows:
        detector.look(window)
    expected = reference_counts(profile)
    for window in windows:
        expected = expected + window
    assert detector.pool.rows == detector.pool.units == 2900
    assert all((a.cells == b.cells).all() for a, b in zip(detector.pool.columns, expected.columns, strict=True))
    assert detector.looks == 3


def test_a_lasting_change_becomes_the_new_normal() -> None:
    world, profile = _world(rows=1000)
    detector = Detector(profile, 100)
    fired = [detector.look(counts_of(profile, world.rows(1000, effect=0.3))).fired for _ in range(60)]
    assert fired[0]
    assert not any(fired[40:])


def test_it_goes_on_from_its_state() -> None:
    world, profile = _world()
    through, parts = Detector(profile, 300), Detector(profile, 300)
    for i in range(12):
        window = counts_of(profile, world.rows(400, effect=0.06))
        if i % 3 == 0:
            window.columns[2].nulls, window.rows_of[2] = 7, 407
        if i == 5:
            window.units = None
        parts = Detector(profile, 300, json.loads(json.dumps(parts.state())))
        assert parts.look(window) == through.look(window)
    assert parts.state() == through.state()
    assert parts.looks == 12


def test_a_state_of_another_reference_is_refused() -> None:
    _, profile = _world()
    state = Detector(profile, 300).state()
    other = profile_of(World(2, numbers=2).rows(500))
    for broken in (state, {"looks": 3}, state | {"columns": "x"}, state | {"r": [["x9", "values", "KS", 2.0]]}):
        with pytest.raises(ValueError, match="another reference"):
            Detector(other, 300, broken)


def test_a_look_without_evidence_leaves_everything() -> None:
    world, profile = _world()
    detector = Detector(profile, 300)
    detector.look(counts_of(profile, world.rows(500, effect=0.05)))
    before = detector.state()
    nothing = [ColumnCounts(np.zeros_like(c.cells)) for c in detector.pool.columns]
    look = detector.look(Counts(0, nothing, [0] * len(nothing), 0))
    assert (look.e, look.fired) == (1.0, False)
    assert detector.state()["r"] == before["r"]


def test_nulls_that_were_never_there_are_found_although_they_weigh_little() -> None:
    world, profile = _world(rows=5000)
    detector = Detector(profile, 1000)
    window = counts_of(profile, world.rows(1000))
    window.columns[1].nulls, window.rows_of[1] = 60, 1060
    look = detector.look(window)
    assert (look.fired, look.column) == (True, "x1")


def test_a_column_that_is_gone_fires_at_once() -> None:
    world, profile = _world()
    window = counts_of(profile, world.rows(500))
    window.columns[3] = ColumnCounts(np.zeros_like(window.columns[3].cells), nulls=500, missing=True)
    look = Detector(profile, 1e6).look(window)
    assert (look.fired, look.column) == (True, "x3")
    assert np.isfinite(look.statistic)


def test_numbers_of_the_state_stay_plain() -> None:
    world, profile = _world()
    detector = Detector(profile, 300)
    detector.look(counts_of(profile, world.rows(500)))

    def plain(value: Any) -> bool:
        if isinstance(value, dict | list):
            return all(plain(each) for each in (value.values() if isinstance(value, dict) else value))
        return type(value) in (int, float, str)

    assert plain(detector.state())
