"""e-values and the detector that adds them up."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from mfbench.stats.sequential import ShiryaevRoberts, calibrate


def test_an_e_value_is_one_on_average() -> None:
    area = quad(lambda x: float(calibrate(np.exp([x]))[0]) * np.exp(x), np.log(1e-30), 0, limit=400)[0]
    assert area == pytest.approx(1, abs=1e-6)
    assert calibrate(np.array([0.25, 1.0])).tolist() == [1.0, 0.5]


def test_the_least_p_stays_finite_and_nothing_stays_nothing() -> None:
    found = calibrate(np.array([0.0, 1e-300, 1.0, np.nan]))
    assert found[0] == found[1]
    assert np.isfinite(found[:3]).all()
    assert np.isnan(found[3])


def test_looks_add_up_by_hand() -> None:
    detector = ShiryaevRoberts(2, 10)
    assert detector.look(np.array([2.0, 0.5])) == pytest.approx((2 + 0.5) / 2)
    # (2 + 1) * 3; the second had no evidence and stays as it was
    assert detector.look(np.array([3.0, np.nan])) == pytest.approx((9 + 0.5) / 2)
    detector.reset()
    assert detector.r.tolist() == [0, 0]
    weighted = ShiryaevRoberts(2, 10, np.array([1.0, 3.0]))
    assert weighted.look(np.array([2.0, 0.4])) == pytest.approx(0.25 * 2 + 0.75 * 0.4)
    assert ShiryaevRoberts(0, 10).look(np.array([])) == 0


def test_evidence_without_end_does_not_overflow() -> None:
    detector = ShiryaevRoberts(1, 10)
    for _ in range(5):
        assert np.isfinite(detector.look(calibrate(np.array([0.0]))))


@pytest.mark.parametrize(("tests", "declared"), [(1, 30), (8, 60)])
def test_false_alarms_are_as_rare_as_declared(tests: int, declared: int) -> None:
    """Dependent tests on purpose: half of them see the same p."""
    rng = np.random.default_rng(11)
    looks, alarms = 20_000, 0
    detector = ShiryaevRoberts(tests, declared)
    for _ in range(looks):
        p = rng.random(tests)
        p[: tests // 2] = p[0]
        if detector.look(calibrate(p)) >= declared:
            alarms += 1
            detector.reset()
    assert 1 <= alarms <= looks / declared


def test_a_small_change_that_lasts_is_found() -> None:
    rng = np.random.default_rng(13)
    detector, looks = ShiryaevRoberts(10, 365), 0
    while True:
        p = rng.random(10)
        p[0] = rng.beta(0.3, 1)
        looks += 1
        if detector.look(calibrate(p)) >= 365:
            break
    assert looks < 200
