"""The cheapest threshold, against every threshold tried."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfbench.stats.threshold import cheapest

rng = np.random.default_rng(6)


def cost(target: list[int], p: list[float], at: float, fp: float, fn: float) -> float:
    y, positive = np.array(target), np.array(p) >= at
    return float((fp * (positive & (y == 0)) + fn * (~positive & (y == 1))).mean())


@given(
    st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.4, 0.5, 0.9, 1.0])), min_size=1, max_size=30),
    st.sampled_from([(1, 1), (1, 5), (3, 0), (0.5, 0.2)]),
)
def test_no_other_threshold_is_cheaper(rows: list[tuple[int, float]], costs: tuple[float, float]) -> None:
    target, p = [row[0] for row in rows], [row[1] for row in rows]
    found = cheapest(np.array(target), np.array(p), *costs)
    tried = [cost(target, p, at, *costs) for at in (0.0, 0.05, 0.2, 0.45, 0.7, 0.95, 1.1)]
    assert found.cost_per_row == pytest.approx(min(tried))
    assert cost(target, p, found.threshold, *costs) == pytest.approx(found.cost_per_row)
    for at, told in found.curve:
        assert cost(target, p, at, *costs) == pytest.approx(told)
    assert (found.threshold, found.cost_per_row) in found.curve


def test_for_honest_probabilities_it_is_the_ratio_of_the_costs() -> None:
    p = rng.random(200_000)
    target = (rng.random(200_000) < p).astype(int)
    assert cheapest(target, p, 1, 4).threshold == pytest.approx(0.2, abs=0.02)
    assert cheapest(target, p, 4, 1).threshold == pytest.approx(0.8, abs=0.02)
    curve = cheapest(target, p, 1, 4).curve
    assert len(curve) <= 100
    assert curve == sorted(curve)


def test_it_lies_in_the_middle_of_the_gap_and_of_equals() -> None:
    assert cheapest(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9]), 1, 1).threshold == pytest.approx(0.5)
    # wrong once whether it is cut at .15, .3, .5 or .7
    found = cheapest(np.array([0, 1, 0, 1]), np.array([0.2, 0.4, 0.6, 0.8]), 1, 1)
    assert found == (pytest.approx(0.3), 0.25, found.curve) or found.threshold == pytest.approx(0.7)


def test_weights_are_repeated_rows() -> None:
    target, p, times = rng.integers(0, 2, 40), np.round(rng.random(40), 1), rng.integers(1, 5, 40)
    weighted = cheapest(target, p, 1, 3, times)
    repeated = cheapest(np.repeat(target, times), np.repeat(p, times), 1, 3)
    assert weighted[:2] == pytest.approx(repeated[:2])


def test_one_class_and_the_edges() -> None:
    none = cheapest(np.zeros(3), np.array([0.2, 0.5, 1.0]), 1, 1)
    assert none.threshold > 1.0
    assert none.cost_per_row == 0
    every = cheapest(np.ones(3), np.array([0.0, 0.5, 1.0]), 1, 1)
    assert (every.threshold, every.cost_per_row) == (0.0, 0.0)
    close = np.array([0.5, np.nextafter(0.5, 1)])
    assert cheapest(np.array([0, 1]), close, 1, 1).threshold == close[1]
    with pytest.raises(ValueError, match="no rows"):
        cheapest(np.zeros(0), np.zeros(0), 1, 1)
