"""Reliability bins and the debiased calibration error."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mfbench.stats.calibration import calibration_error, reliability, wilson
from mfbench.stats.predicted import Predicted
from mfbench.stats.resampling import Bootstrap

rng = np.random.default_rng(4)
P = rng.random(3000)
HONEST = (rng.random(3000) < P).astype(float)


def both(p: np.typing.NDArray[np.float64]) -> np.typing.NDArray[np.float64]:
    return np.column_stack([1 - p, p])


def test_wilson() -> None:
    for hits, rows in ((0, 7), (3, 10), (40, 40)):
        expected = stats.binomtest(hits, rows).proportion_ci(0.95, method="wilson")
        assert wilson(hits / rows, rows) == pytest.approx((expected.low, expected.high))


def test_bins_hold_equal_numbers_of_rising_probability() -> None:
    found = reliability(HONEST, P)
    order = np.argsort(P)
    assert [one.rows for one in found] == [300] * 10
    for i, one in enumerate(found):
        rows = order[300 * i : 300 * (i + 1)]
        assert (one.mean, one.observed) == pytest.approx((P[rows].mean(), HONEST[rows].mean()))
        assert one.low < one.observed < one.high


def test_equal_probabilities_share_a_bin() -> None:
    found = reliability(np.array([0, 1, 1, 1]), np.array([0.5, 0.5, 0.5, 0.9]), bins=10)
    assert [(one.mean, one.observed, one.rows) for one in found] == [(0.5, pytest.approx(2 / 3), 3), (0.9, 1.0, 1)]
    assert [one.rows for one in reliability(HONEST, np.full(3000, 0.5))] == [3000]
    assert reliability(np.zeros(0), np.zeros(0)) == []


def test_weights_weigh() -> None:
    weight = rng.random(3000)
    [one] = reliability(HONEST, P, weight, bins=1)
    assert one.mean == pytest.approx(np.average(P, weights=weight))
    assert one.observed == pytest.approx(np.average(HONEST, weights=weight))
    assert (one.low, one.high) == pytest.approx(wilson(one.observed, weight.sum() ** 2 / (weight**2).sum()))


def plug_in(target: np.typing.NDArray[np.float64], p: np.typing.NDArray[np.float64]) -> float:
    parts = np.array_split(np.argsort(p), 15)
    return float(sum(len(rows) / len(p) * (target[rows].mean() - p[rows].mean()) ** 2 for rows in parts))


def test_the_estimate_is_the_plug_in_less_its_bias() -> None:
    p, target = P[:1500], (rng.random(1500) < P[:1500] ** 2).astype(float)
    parts = np.array_split(np.argsort(p), 15)
    noise = sum(100 / 1500 * target[rows].var() / 99 for rows in parts)
    assert calibration_error(target, both(p)) == pytest.approx((plug_in(target, p) - noise) ** 0.5)


def test_on_average_it_is_right_where_the_plug_in_is_not() -> None:
    """Kumar et al.'s point, by simulation: squared and unclipped, the debiased estimate is centred on the truth."""
    debiased, plain = [], []
    for _ in range(300):
        p = rng.random(300)
        target = (rng.random(300) < p).astype(float)
        plain.append(plug_in(target, p))
        debiased.append(calibration_error(target, both(p)))
    assert np.sqrt(np.mean(plain)) > 0.08  # it tells an error of 8 points of a perfect model
    assert np.median(debiased) < 0.04
    assert np.mean([value == 0 for value in debiased]) > 0.3


def test_a_known_error_is_found() -> None:
    p = rng.uniform(0.1, 0.8, 20_000)
    target = (rng.random(20_000) < p + 0.1).astype(float)
    assert calibration_error(target, both(p)) == pytest.approx(0.1, abs=0.015)


def test_several_classes_look_at_the_most_probable_one() -> None:
    scores = rng.dirichlet((1, 1, 1), 20_000)
    target = (scores.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    assert calibration_error(target, scores) < 0.02
    wrong = (target + 1) % 3
    top = scores.max(axis=1)
    right = (wrong == scores.argmax(axis=1)).astype(float)
    assert calibration_error(wrong, scores) == pytest.approx(calibration_error(right, both(top)))


def test_its_interval_holds_the_truth() -> None:
    """Resampling adds noise of its own to a squared gap; uncorrected the whole interval would lie above the truth."""
    honest, off = 0, 0
    for i in range(100):
        p = rng.uniform(0.1, 0.8, 600)
        boot = Bootstrap(np.arange(600), resamples=200, seed=i)
        for gap in (0.0, 0.1):
            target = (rng.random(600) < p + gap).astype(float)
            found = boot.interval("calibration_error", Predicted(target, target, both(p)), 0.9)
            inside = found.low <= max(gap, 1e-9) and found.high >= gap  # type: ignore[operator]
            honest, off = honest + (inside and gap == 0), off + (inside and gap > 0)
    assert honest >= 88
    assert 82 <= off <= 97


@pytest.mark.parametrize("rows", [1, 2, 30])
def test_few_rows_give_a_number(rows: int) -> None:
    assert 0 <= calibration_error(HONEST[:rows], both(P[:rows])) <= 1
    assert calibration_error(np.zeros(rows), both(np.zeros(rows))) == 0
