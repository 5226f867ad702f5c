"""The bootstrap: each draw is what scikit-learn gives for the rows that were drawn, whatever the unit."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from mfbench.stats.metrics import compute, names
from mfbench.stats.predicted import Predicted
from mfbench.stats.resampling import Bootstrap, unit_codes, widened

N = 240
rng = np.random.default_rng(8)
UNITS = {"row": np.arange(N), "group": rng.integers(0, 30, N)}
WEIGHTS = {"plain": None, "weighted": rng.random(N) * 3}
REBINNED = ("calibration_error",)  # its bins stay those of all rows


def labels(classes: int, *, ties: bool) -> Predicted:
    target = rng.integers(0, classes, N)
    scores = rng.random((N, classes)) + 0.5 * np.eye(classes)[target]
    scores = np.round(scores, 1) + 0.05 if ties else scores
    scores /= scores.sum(axis=1, keepdims=True)
    return Predicted(target, scores.argmax(axis=1), scores)


def numbers() -> Predicted:
    target = rng.poisson(3, N).astype(float)
    guess = np.round(np.abs(target + rng.normal(size=N)) + 0.1, 1)
    return Predicted(target, guess, None, None, guess - 1, guess + 1, rng.uniform(1, 2, N))


CASES = {
    "binary": ("classification", labels(2, ties=False)),
    "binary with ties": ("classification", labels(2, ties=True)),
    "several": ("classification", labels(4, ties=True)),
    "numbers": ("forecasting", numbers()),
}


def by_sklearn(task: str, p: Predicted) -> dict[str, float]:
    given: dict[str, Any] = {"low": p.low, "high": p.high, "scale": p.scale}
    return compute(names(task), p.target, p.values, p.scores, p.weight, **given)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("weight", WEIGHTS)
def test_all_rows_give_the_metric(case: str, weight: str) -> None:
    task, p = CASES[case]
    p = Predicted(p.target, p.values, p.scores, WEIGHTS[weight], p.low, p.high, p.scale)
    found = Bootstrap(UNITS["row"], resamples=20).intervals(names(task), p)
    assert {name: each.value for name, each in found.items()} == pytest.approx(by_sklearn(task, p), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("weight", WEIGHTS)
def test_a_draw_is_the_metric_of_the_rows_drawn(case: str, unit: str, weight: str) -> None:
    task, p = CASES[case]
    p = Predicted(p.target, p.values, p.scores, WEIGHTS[weight], p.low, p.high, p.scale)
    boot = Bootstrap(UNITS[unit], resamples=3, seed=5)
    draws = {name: boot.values(name, p) for name in names(task) if name not in REBINNED}
    for i, counts in enumerate(np.concatenate(list(boot._blocks()))):
        assert counts.sum() == boot.units
        rows = np.repeat(np.arange(N), counts[np.unique(UNITS[unit], return_inverse=True)[1]])
        expected = by_sklearn(task, p.take(rows))
        assert {name: draw[i] for name, draw in draws.items()} == pytest.approx(
            {name: expected[name] for name in draws}, rel=1e-9, abs=1e-12
        )


def test_integer_weights_are_repeated_rows() -> None:
    times = rng.integers(1, 4, N)
    for task, p in CASES.values():
        weighted = Predicted(p.target, p.values, p.scores, times, p.low, p.high, p.scale)
        repeated = p.take(np.repeat(np.arange(N), times))
        few = [name for name in names(task) if name not in REBINNED]
        one = Bootstrap(np.arange(N), resamples=20).intervals(few, weighted)
        other = Bootstrap(np.arange(len(repeated)), resamples=20).intervals(few, repeated)
        assert {k: v.value for k, v in one.items()} == pytest.approx(
            {k: v.value for k, v in other.items()}, rel=1e-9, abs=1e-12
        )


def test_the_interval_of_a_mean_is_about_students() -> None:
    error = np.random.default_rng(1).gamma(4, 1, 60)
    p = Predicted(error, np.zeros(60))
    found = Bootstrap(np.arange(60), resamples=20_000).interval("mae", p, 0.9)
    low, high = stats.t.interval(0.9, 59, error.mean(), stats.sem(error))
    assert found.value == pytest.approx(error.mean())
    assert found.se == pytest.approx(stats.sem(error), rel=0.02)
    # The percentiles follow the skew: both ends lie to the right of the symmetric interval's, its width is the same.
    assert found.high - found.low == pytest.approx(high - low, rel=0.03)  # type: ignore[operator]
    assert found.low > low  # type: ignore[operator]


def test_the_level_is_widened_for_few_units() -> None:
    assert widened(0.025, 10) == pytest.approx(stats.norm.cdf(-np.sqrt(10 / 9) * stats.t.ppf(0.975, 9)))
    assert widened(0.025, 10) < 0.01
    assert widened(0.025, 10**6) == pytest.approx(0.025, abs=1e-5)


def test_units_are_resampled_whole() -> None:
    """Twenty copies of the same rows know no more than one of them, if they are declared as one unit."""
    error = rng.normal(size=40)
    p = Predicted(np.tile(error, 20), np.zeros(800))
    by_unit = Bootstrap(np.tile(np.arange(40), 20), resamples=500).interval("mse", p)
    alone = Bootstrap(np.arange(40), resamples=500).interval("mse", Predicted(error, np.zeros(40)))
    by_row = Bootstrap(np.arange(800), resamples=500).interval("mse", p)
    assert (by_unit.low, by_unit.high) == pytest.approx((alone.low, alone.high))
    assert by_row.se < by_unit.se / 3  # type: ignore[operator]


def test_draws_are_the_same_for_every_metric_and_model_and_for_a_seed() -> None:
    p = CASES["binary"][1]
    boot = Bootstrap(np.arange(N), resamples=50, seed=3)
    first = boot.values("accuracy", p)
    assert (boot.intervals(names("classification"), p)["accuracy"].se) == boot.interval("accuracy", p).se
    assert np.array_equal(first, Bootstrap(np.arange(N), resamples=50, seed=3).values("accuracy", p))
    assert not np.array_equal(first, Bootstrap(np.arange(N), resamples=50, seed=4).values("accuracy", p))


def test_draws_that_are_not_kept_are_drawn_anew_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    p = CASES["binary"][1]
    kept = Bootstrap(np.arange(N), resamples=50)
    expected = kept.values("roc_auc", p), kept.values("f1", p)
    monkeypatch.setattr("mfbench.stats.resampling._KEPT", 0)
    boot = Bootstrap(np.arange(N), resamples=50)
    assert np.array_equal(boot.values("roc_auc", p), expected[0])
    assert np.array_equal(boot.values("f1", p), expected[1])


def test_a_paired_difference_knows_what_both_share() -> None:
    target = rng.normal(size=500)
    shared = target + rng.normal(size=500)
    a, b = Predicted(target, shared + 0.01), Predicted(target, shared)
    boot = Bootstrap(np.arange(500), resamples=500)
    found, alone = boot.difference("mse", a, b), boot.interval("mse", a)
    assert found.value == pytest.approx(np.mean((a.target - a.values) ** 2) - np.mean((b.target - b.values) ** 2))
    assert found.se < alone.se / 10  # type: ignore[operator]
    wide, narrow = boot.difference("mse", a, b, 0.95), boot.difference("mse", a, b, 0.95, one_sided=True)
    assert wide.low < narrow.low < narrow.high < wide.high  # type: ignore[operator]
    assert narrow.low == boot.difference("mse", a, b, 0.9).low
    assert (boot.difference("mse", b, a).value, found.units) == (-found.value, 500)


@pytest.mark.parametrize("units", [500, 4, 1])
def test_the_same_answers_are_equal(units: int) -> None:
    p = labels(2, ties=True).take(np.arange(N))
    boot = Bootstrap(np.arange(N) % units, resamples=50)
    for name in names("classification"):
        found = boot.difference(name, p, Predicted(p.target, p.values, p.scores))
        assert (found.equal, found.value, found.low, found.high, found.se) == (True, 0, 0, 0, 0), name


def test_a_constant_difference_is_certain_but_not_equal() -> None:
    target = np.arange(50.0)
    found = Bootstrap(np.arange(50), resamples=50).difference(
        "mae", Predicted(target, target + 2), Predicted(target, target + 1)
    )
    assert not found.equal
    assert (found.value, found.low, found.high, found.se) == (1, 1, 1, 0)


def test_other_answers_are_not_equal_where_one_unit_hides_it() -> None:
    target = np.zeros(20)
    boot = Bootstrap(np.zeros(20), resamples=50)
    found = boot.difference("mae", Predicted(target, target + 2), Predicted(target, target + 1))
    assert (found.value, found.low, found.equal) == (1, None, False)


def test_draws_that_are_all_alike_are_no_certainty() -> None:
    target = rng.integers(0, 2, 30).astype(float)
    right = Predicted(target, target, np.column_stack([1 - target, target]))
    boot = Bootstrap(np.arange(30), resamples=50)
    found = boot.interval("accuracy", right)
    assert (found.low, found.high) == pytest.approx(tuple(stats.binomtest(30, 30).proportion_ci(method="exact")))
    wrong = boot.interval("accuracy", Predicted(target, 1 - target))
    assert (wrong.low, wrong.high) == pytest.approx(tuple(stats.binomtest(0, 30).proportion_ci(method="exact")))
    perfect = boot.interval("roc_auc", right)
    assert (perfect.value, perfect.low, perfect.se) == (1, None, None)
    assert boot.interval("mae", Predicted(target, target + 2)).low is None


def test_few_units_give_no_interval() -> None:
    p = numbers()
    nine, ten = (Bootstrap(np.arange(N) % k, resamples=100).interval("mae", p) for k in (9, 10))
    assert (nine.low, nine.high, nine.se) == (None, None, None)
    assert nine.value == pytest.approx(ten.value)
    assert ten.low < ten.value < ten.high  # type: ignore[operator]


def test_a_class_that_many_draws_lack_gives_no_interval() -> None:
    target = np.zeros(100)
    target[0] = 1
    positive = np.random.default_rng(1).random(100)
    scores = np.column_stack([1 - positive, positive])
    boot = Bootstrap(np.arange(100), resamples=200)
    found = boot.interval("roc_auc", Predicted(target, target, scores))
    assert 0 < found.value < 1
    assert found.low is None  # about 37 % of the draws have no positive row
    target[1:4] = 1
    assert boot.interval("roc_auc", Predicted(target, target, scores)).low is not None
    assert np.isnan(boot.values("roc_auc", Predicted(target, target, scores))).any()


def test_without_scores_or_rows_there_is_no_value() -> None:
    p = Predicted(np.zeros(20), np.zeros(20))
    boot = Bootstrap(np.arange(20), resamples=20)
    for name in ("roc_auc", "log_loss", "calibration_error", "mase", "coverage"):
        assert np.isnan(boot.interval(name, p).value), name
    nothing = Bootstrap(np.zeros(0), resamples=20).interval("mae", Predicted(np.zeros(0), np.zeros(0)))
    assert np.isnan(nothing.value)
    with pytest.raises(ValueError, match="19 rows were predicted, 20 have a unit"):
        boot.interval("mae", p.take(np.arange(19)))


@pytest.mark.parametrize(
    "values",
    [["b", "a", "b", None, "a", None], [2.0, float("nan"), 2.0, None, float("nan"), None],
     [dt.date(2024, 1, 2), dt.date(2024, 1, 1), dt.date(2024, 1, 2), None, dt.date(2024, 1, 1), None],
     [True, False, True, None, False, None]],
)  # fmt: skip
def test_codes_of_any_column(values: list[Any]) -> None:
    assert unit_codes(pl.Series(values)).tolist() == [0, 1, 0, 2, 1, 2]


def test_codes_of_an_array() -> None:
    assert unit_codes(np.array([7, 7, 3])).tolist() == [0, 0, 1]
    assert unit_codes(pl.Series([], dtype=pl.String)).tolist() == []
