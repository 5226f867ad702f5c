"""Corrections for how many tests were looked at."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from mfbench.stats.multiple import benjamini_hochberg, holm


def test_holm_by_hand() -> None:
    # sorted .005 .011 .02 .04 times 4 3 2 1, never falling
    assert holm([0.02, 0.005, 0.04, 0.011]) == pytest.approx([0.04, 0.02, 0.04, 0.033])
    assert holm([0.6, 0.7]) == pytest.approx([1, 1])
    assert holm([0.01, 0.01]) == pytest.approx([0.02, 0.02])


def test_false_discoveries() -> None:
    p = [0.001, 0.02, 0.03, 0.8]
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p))


@pytest.mark.parametrize("correct", [holm, benjamini_hochberg])
def test_unknown_ones_count_but_show_nothing(correct: object) -> None:
    assert correct([0.01, np.nan]) == pytest.approx([0.02, 1])  # type: ignore[operator]
    assert len(correct([])) == 0  # type: ignore[operator]
    with pytest.raises(ValueError, match="between 0 and 1"):
        correct([0.5, 1.2])  # type: ignore[operator]


def test_holm_keeps_the_familywise_rate_where_no_correction_does_not() -> None:
    p = np.random.default_rng(0).random((4000, 10))
    p[:, 7:] *= 1e-3  # three of the ten are true finds
    false_finds = np.mean([(holm(row)[:7] <= 0.05).any() for row in p])
    assert false_finds <= 0.06
    assert np.mean((p[:, :7] <= 0.05).any(axis=1)) > 0.25
