"""Verdicts: shown not worse, shown worse, or not to be told; and how often they are wrong."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mfbench.stats.noninferiority import judge, judge_all, p_values
from mfbench.stats.predicted import Predicted
from mfbench.stats.resampling import Bootstrap, Difference


def difference(value: float, se: float = 0.01, units: int = 10_000) -> Difference:
    return Difference(value, value - 1.645 * se, value + 1.645 * se, se, False, units)


@pytest.mark.parametrize(
    ("value", "margin", "verdict"),
    [
        (0.0, 0.02, "passed"),  # bounds -.016 and .016
        (0.0, 0.01, "unknown"),
        (-0.03, 0.01, "refused"),
        (-0.03, 0.02, "unknown"),
        (0.0, -0.02, "refused"),  # it has to win .02
        (0.04, -0.02, "passed"),
    ],
)
def test_where_the_bounds_lie(value: float, margin: float, verdict: str) -> None:
    more_is_better = judge(difference(value), margin, 0.95, greater=True)
    less_is_better = judge(difference(-value), margin, 0.95, greater=False)
    assert more_is_better.verdict == less_is_better.verdict == verdict
    assert (more_is_better.p, more_is_better.p_worse) == pytest.approx((less_is_better.p, less_is_better.p_worse))
    assert (more_is_better.low, more_is_better.high) == (value - 0.01645, value + 0.01645)


def test_its_p_value_is_students() -> None:
    p, worse = p_values(difference(-0.01, units=20), 0.02, greater=True)
    assert p == pytest.approx(stats.t.sf(1, 19))
    assert worse == pytest.approx(stats.t.cdf(1, 19))


def test_equal_models_pass_and_no_margin_is_needed() -> None:
    equal = Difference(0, 0, 0, 0, True, 50)
    assert judge(equal, 0.0, 0.95, greater=True).verdict == "passed"
    assert judge(equal, 0.0, 0.95, greater=True).p == 0
    assert judge(equal, -0.01, 0.95, greater=True).verdict == "refused"
    certain = Difference(-0.005, -0.005, -0.005, 0, False, 50)
    assert judge(certain, 0.005, 0.95, greater=True).verdict == "passed"
    assert judge(certain, 0.004, 0.95, greater=True).verdict == "refused"
    rounded = 0.70 - 0.75
    assert judge(Difference(rounded, rounded, rounded, 0, False, 50), 0.05, 0.95, greater=True).verdict == "passed"


def test_without_bounds_nothing_is_told() -> None:
    found = judge(Difference(-1, None, None, None, False, 3), 0.1, 0.95, greater=True)
    assert (found.verdict, found.p, found.p_worse, found.detectable) == ("unknown", None, None, None)
    [alone] = judge_all([Difference(float("nan"), None, None, None, False, 3)], 0.1, 0.95, greater=True)
    assert (alone.verdict, alone.detectable) == ("unknown", None)


def test_the_detectable_loss_is_refused_in_four_of_five() -> None:
    lost = judge(difference(0.0), 0.01, 0.95, greater=True).detectable
    assert lost == pytest.approx(0.01 + (1.645 + 0.8416) * 0.01, rel=1e-3)
    seen = np.random.default_rng(0).normal(-lost, 0.01, 4000)  # type: ignore[operator]
    refused = [judge(difference(value), 0.01, 0.95, greater=True).verdict == "refused" for value in seen]
    assert np.mean(refused) == pytest.approx(0.8, abs=0.02)


def test_several_segments_are_corrected() -> None:
    z = 0.02 * np.array([1.8, -1.8, -4.0, 4.0])
    single = [judge(difference(v - 0.01, 0.02), 0.01, 0.95, greater=True).verdict for v in z]
    several = judge_all([difference(v - 0.01, 0.02) for v in z], 0.01, 0.95, greater=True)
    assert single == ["passed", "refused", "refused", "passed"]
    assert [found.verdict for found in several] == ["unknown", "unknown", "refused", "passed"]
    assert several[0].p == pytest.approx(3 * stats.norm.sf(1.8), rel=1e-3)
    assert several[0].detectable > judge(difference(0, 0.02), 0.01, 0.95, greater=True).detectable  # type: ignore[operator]
    assert judge_all([], 0.01, 0.95, greater=True) == []


def verdicts(loss: float, margin: float, *, days: int, per_day: int, declared: bool) -> list[str]:
    """200 gates on squared errors: the new model is worse by `loss`; on some days more, on others less."""
    rng, found = np.random.default_rng(7), []
    day = np.repeat(np.arange(days), per_day)
    for seed in range(200):
        noise = 0.5 * rng.normal(size=days)[day] + rng.normal(size=days * per_day)
        target = np.zeros(days * per_day)
        old = Predicted(target, np.ones(len(target)))
        new = Predicted(target, np.sqrt(np.maximum(1 + loss + 0.2 * noise, 0)))
        boot = Bootstrap(day if declared else np.arange(len(day)), resamples=200, seed=seed)
        found.append(judge(boot.difference("mse", new, old, 0.95, one_sided=True), margin, 0.95, greater=False).verdict)
    return found


def test_a_model_that_is_worse_by_the_margin_seldom_passes() -> None:
    found = verdicts(0.05, 0.05, days=400, per_day=1, declared=True)
    assert found.count("passed") <= 18  # 5 % of 200, and chance
    assert found.count("refused") <= 18


def test_with_days_declared_neither_do_clustered_rows() -> None:
    declared = verdicts(0.05, 0.05, days=40, per_day=15, declared=True)
    assert declared.count("passed") <= 18
    taken_for_rows = verdicts(0.05, 0.05, days=40, per_day=15, declared=False)
    assert taken_for_rows.count("passed") >= 30  # the unit that was not declared


def test_an_equal_model_passes_where_the_margin_can_be_told() -> None:
    found = verdicts(0.0, 0.05, days=400, per_day=1, declared=True)
    assert found.count("passed") >= 190
    assert found.count("refused") == 0


@pytest.mark.parametrize("rows", [100, 300, 1000])
def test_nor_does_one_whose_losses_are_few_rows(rows: int) -> None:
    """One row in a hundred is lost: on 100 rows often none is seen, which is no proof of being equal."""
    rng, truth = np.random.default_rng(rows), np.ones(rows)
    passed = 0
    for i in range(200):
        before = Predicted(truth, truth, np.column_stack([1 - truth, rng.random(rows)]))
        after = Predicted(truth, rng.random(rows) >= 0.01, np.column_stack([1 - truth, rng.random(rows)]))
        found = Bootstrap(np.arange(rows), resamples=300, seed=i).difference("accuracy", after, before, one_sided=True)
        passed += judge(found, 0.01, 0.95, greater=True).verdict == "passed"
    assert passed <= 20  # 5 % of 200, and chance; taken as they are seen they would be 72, 38 and 26


def test_models_that_decide_alike_on_enough_rows_are_not_worse() -> None:
    rows = 1000
    target, rng = np.arange(rows) % 2, np.random.default_rng(5)
    one, other = (Predicted(target, target, np.column_stack([1 - target, target + s])) for s in rng.random((2, rows)))
    boot = Bootstrap(np.arange(rows), resamples=200)
    accuracy = boot.difference("accuracy", one, other, one_sided=True)
    assert accuracy.low == pytest.approx(-(1 - 0.05 ** (1 / rows)))  # the rule of three
    assert not accuracy.equal
    assert boot.difference("recall", one, other, one_sided=True).low == pytest.approx(-(1 - 0.05 ** (2 / rows)))
    assert boot.difference("accuracy", one, one).equal
