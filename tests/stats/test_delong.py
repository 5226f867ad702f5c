"""DeLong's test against its definition by pairs, and against the bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mfbench.stats.delong import delong
from mfbench.stats.predicted import Predicted
from mfbench.stats.resampling import Bootstrap

rng = np.random.default_rng(2)
N = 400
TARGET = (rng.random(N) < 0.3).astype(int)
A = np.round(TARGET + 1.2 * rng.normal(size=N), 1)
B = np.round(A + rng.normal(size=N), 1)


def by_pairs(target: np.typing.NDArray[np.int64], scores: list[np.typing.NDArray[np.float64]]) -> tuple[float, float]:
    """DeLong, DeLong and Clarke-Pearson 1988, equations 2 to 6, every pair compared."""
    kernels = [
        (s[target == 1][:, None] > s[target == 0]) + 0.5 * (s[target == 1][:, None] == s[target == 0]) for s in scores
    ]
    ten, one = np.cov([k.mean(axis=1) for k in kernels]), np.cov([k.mean(axis=0) for k in kernels])
    m, n = kernels[0].shape
    covariance = ten / m + one / n
    contrast = np.array([1, -1])
    return float(kernels[0].mean() - kernels[1].mean()), float((contrast @ covariance @ contrast) ** 0.5)


def test_by_pairs_and_by_midranks_it_is_the_same() -> None:
    found = delong(TARGET, A, B)
    assert (found.value, found.se) == pytest.approx(by_pairs(TARGET, [A, B]))
    assert found.value == pytest.approx(roc_auc_score(TARGET, A) - roc_auc_score(TARGET, B))
    assert (found.high - found.low) == pytest.approx(2 * 1.959964 * found.se)  # type: ignore[operator]
    assert found.units == N
    one_sided = delong(TARGET, A, B, 0.95, one_sided=True)
    assert one_sided.low == pytest.approx(found.value - 1.644854 * found.se, rel=1e-4)  # type: ignore[operator]


def test_the_bootstrap_says_nearly_the_same() -> None:
    found, models = delong(TARGET, A, B), [Predicted(TARGET, s > 0.5, np.column_stack([-s, s])) for s in (A, B)]
    resampled = Bootstrap(np.arange(N), resamples=1000).difference("roc_auc", *models)
    assert resampled.value == pytest.approx(found.value)
    assert resampled.se == pytest.approx(found.se, rel=0.1)
    assert resampled.low == pytest.approx(found.low, abs=0.3 * found.se)  # type: ignore[operator]


def test_the_same_ranking_is_equal() -> None:
    found = delong(TARGET, A, 2 * A + 1)
    assert (found.equal, found.value, found.low, found.high) == (True, 0, 0, 0)


def test_too_few_of_a_class() -> None:
    assert np.isnan(delong(np.zeros(20), np.arange(20.0), np.arange(20.0)).value)
    found = delong(np.eye(20)[3], A[:20], B[:20])
    assert np.isfinite(found.value)
    assert (found.low, found.equal) == (None, False)


def test_its_size_is_the_level() -> None:
    """Two models that are as good as each other: the two-sided test at 10 % errs in about 10 %."""
    wrong = 0
    for _ in range(600):
        target = np.repeat([0, 1], [60, 60])
        shared = target + rng.normal(size=120)
        found = delong(target, shared + 0.7 * rng.normal(size=120), shared + 0.7 * rng.normal(size=120), 0.9)
        wrong += not found.low <= 0 <= found.high  # type: ignore[operator]
    assert 0.07 <= wrong / 600 <= 0.13


def test_two_that_rank_all_rows_right_may_still_differ() -> None:
    target = np.arange(100) % 10 == 0
    one, other = (target + 0.5 * np.random.default_rng(seed).random(100) for seed in (1, 2))
    found = delong(target, one, other, one_sided=True)
    assert (found.value, found.equal) == (0, False)
    assert found.low == pytest.approx(-(1 - 0.05 ** (1 / 10)))  # ten positives
    assert delong(target, one, one).equal
