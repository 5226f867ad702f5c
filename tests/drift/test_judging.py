"""From tests to a verdict."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from mfbench.drift import findings, judging
from mfbench.drift.settings import Settings
from tests.drift.simulated import World, profile_of


def _test(p: float | None, effect: float = 0.0, column: str = "x", **more: Any) -> findings.Test:
    return findings.Test(column=column, about="values", test="KS", p=p, effect=effect, **more)


def _look(fired: bool, column: str | None = "x") -> findings.Look:
    return findings.Look(e=1.0, statistic=3.0, threshold=100.0, fired=fired, column=column)


def test_holm_counts_the_judged_ones_only() -> None:
    found = judging.judge([_test(0.004), _test(None), _test(0.004), _test(0.5)], Settings(level=0.01))
    assert [test.adjusted for test in found] == [pytest.approx(0.012), None, pytest.approx(0.012), 0.5]
    # Benjamini-Hochberg lists what Holm does not hold: 0.004 * 3 / 2
    assert [test.listed for test in found] == [True, False, True, False]
    assert not judging.significant(found, Settings(level=0.01))
    assert judging.judge([], Settings()) == []


def test_an_alarm_is_significant_and_large() -> None:
    settings = Settings(level=0.01, min_effect=0.1)
    cases = [(0.001, 0.1, "alarm"), (0.001, 0.099, "changed"), (0.2, 0.5, "quiet"), (None, 0.5, "too small")]
    for p, effect, expected in cases:
        tests = judging.judge([_test(p, effect)], settings)
        assert judging.verdict(tests, None, settings) == expected
        assert any(test.alarming for test in tests) == (expected == "alarm")


def test_a_window_that_is_large_in_one_column_and_significant_in_another_is_no_alarm() -> None:
    settings = Settings()
    tests = judging.judge([_test(1e-9, 0.05, "a"), _test(0.9, 0.4, "b")], settings)
    assert judging.verdict(tests, None, settings) == "changed"


def test_in_a_series_the_detector_alarms() -> None:
    settings = Settings()
    large = judging.judge([_test(1e-9, 0.3), _test(0.9, 0.01, "b")], settings)
    assert judging.verdict(large, _look(fired=True), settings) == "alarm"
    # significant by itself is a change; that it is alarming is for the detector to say
    assert judging.verdict(large, _look(fired=False), settings) == "changed"
    # fired by another column: the large one is significant by itself, and has changed as well
    assert judging.verdict(large, _look(fired=True, column="b"), settings) == "alarm"
    quiet = judging.judge([_test(0.4, 0.02)], settings)
    assert judging.verdict(quiet, _look(fired=True), settings) == "changed"
    assert judging.verdict(quiet, _look(fired=False), settings) == "quiet"


def test_rows_that_are_needed() -> None:
    profile = profile_of(World(1).rows(5000))
    strict = judging.needed_rows(profile, Settings(level=0.01), 40)
    lax = judging.needed_rows(profile, Settings(level=0.05), 10)
    assert strict is not None
    assert lax is not None
    assert 100 < lax < strict < 1000
    # (z + z)² / 4 (1/n + 1/m) = min_effect²
    assert judging.needed_rows(profile, Settings(min_effect=0.5), 10) == 100
    assert judging.needed_rows(profile, Settings(min_effect=0.01), 10) is None
    least = judging.needed_reference(Settings(min_effect=0.01), 10)
    enough = replace(profile, rows=least)
    needed = judging.needed_rows(enough, Settings(min_effect=0.01), 10)
    assert needed == pytest.approx(least, rel=0.01)
