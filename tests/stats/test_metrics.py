"""The metrics against scikit-learn's, on predictions of every shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from mfbench.stats.calibration import calibration_error
from mfbench.stats.metrics import METRICS, PINBALL, RESOURCES, compute, defaults, fits, greater_is_better, names

N = 300
rng = np.random.default_rng(3)
WEIGHT = rng.random(N) * 3
BINARY = (rng.random(N) < 0.3).astype(np.int32)
P = np.clip(0.3 * BINARY + 0.6 * rng.random(N), 0, 1)
TWO = np.column_stack([1 - P, P])
SEVERAL = rng.integers(0, 4, N).astype(np.int32)
RAW = rng.random((N, 4)) + np.eye(4)[SEVERAL]
FOUR = RAW / RAW.sum(axis=1, keepdims=True)
VALUES = rng.normal(size=N)
GUESS = VALUES + rng.normal(size=N) / 3
CLASSIFICATION = tuple(names("classification"))
REGRESSION = tuple(names("regression"))


@pytest.fixture(params=[None, WEIGHT], ids=["plain", "weighted"])
def weight(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_two_classes(weight: Any) -> None:
    guess = TWO.argmax(axis=1).astype(float)
    w = {"sample_weight": weight}
    assert compute(CLASSIFICATION, BINARY, guess, TWO, weight) == pytest.approx(
        {
            "roc_auc": sk.roc_auc_score(BINARY, P, **w),
            "average_precision": sk.average_precision_score(BINARY, P, **w),
            "log_loss": sk.log_loss(BINARY, TWO, **w),
            "brier": sk.brier_score_loss(BINARY, P, **w),
            "accuracy": sk.accuracy_score(BINARY, guess, **w),
            "balanced_accuracy": sk.balanced_accuracy_score(BINARY, guess, **w),
            "f1": sk.f1_score(BINARY, guess, **w),
            "precision": sk.precision_score(BINARY, guess, **w),
            "recall": sk.recall_score(BINARY, guess, **w),
            "mcc": sk.matthews_corrcoef(BINARY, guess, **w),
            "calibration_error": calibration_error(BINARY, TWO, weight),
        }
    )


def test_brier_is_the_mean_square_of_the_error() -> None:
    found = compute(("brier",), BINARY, P, TWO)["brier"]
    assert found == pytest.approx(float(((P - BINARY) ** 2).mean()))


def test_several_classes(weight: Any) -> None:
    guess = FOUR.argmax(axis=1).astype(float)
    w = {"sample_weight": weight}
    onehot = np.eye(4)[SEVERAL]
    expected = {
        "roc_auc": sk.roc_auc_score(SEVERAL, FOUR, multi_class="ovr", **w),
        "average_precision": sk.average_precision_score(onehot, FOUR, average="macro", **w),
        "log_loss": sk.log_loss(SEVERAL, FOUR, **w),
        "brier": np.average(((FOUR - onehot) ** 2).sum(axis=1), weights=weight),
        "accuracy": sk.accuracy_score(SEVERAL, guess, **w),
        "balanced_accuracy": sk.balanced_accuracy_score(SEVERAL, guess, **w),
        "f1": sk.f1_score(SEVERAL, guess, average="macro", **w),
        "precision": sk.precision_score(SEVERAL, guess, average="macro", **w),
        "recall": sk.recall_score(SEVERAL, guess, average="macro", **w),
        "mcc": sk.matthews_corrcoef(SEVERAL, guess, **w),
        "calibration_error": calibration_error(SEVERAL, FOUR, weight),
    }
    if weight is not None:  # scikit-learn weighs the classes' curves the same way, one by one
        expected["roc_auc"] = np.mean([sk.roc_auc_score(np.equal(SEVERAL, k), FOUR[:, k], **w) for k in range(4)])
    assert compute(CLASSIFICATION, SEVERAL, guess, FOUR, weight) == pytest.approx(expected)


def test_numbers(weight: Any) -> None:
    w = {"sample_weight": weight}
    found = compute(REGRESSION, VALUES, GUESS, None, weight)
    assert math.isnan(found.pop("poisson_deviance"))  # some of these predictions are negative
    assert found == pytest.approx(
        {
            "mae": sk.mean_absolute_error(VALUES, GUESS, **w),
            "mse": sk.mean_squared_error(VALUES, GUESS, **w),
            "rmse": sk.mean_squared_error(VALUES, GUESS, **w) ** 0.5,
            "r2": sk.r2_score(VALUES, GUESS, **w),
            "mape": sk.mean_absolute_percentage_error(VALUES, GUESS, **w),
            "median_ae": sk.median_absolute_error(VALUES, GUESS, **w),
            **{name: sk.mean_pinball_loss(VALUES, GUESS, alpha=level, **w) for name, level in PINBALL.items()},
        }
    )


def test_counts(weight: Any) -> None:
    counts, mean = rng.poisson(3, N).astype(float), rng.gamma(3, 1, N)
    found = compute(("poisson_deviance",), counts, mean, None, weight)["poisson_deviance"]
    assert found == pytest.approx(sk.mean_poisson_deviance(counts, mean, sample_weight=weight))
    assert math.isnan(compute(("poisson_deviance",), counts, np.zeros(N), None)["poisson_deviance"])
    assert math.isnan(compute(("poisson_deviance",), -counts, mean, None)["poisson_deviance"])


def test_forecasts(weight: Any) -> None:
    scale = rng.uniform(0.5, 2, N)
    low, high = GUESS - 0.3, GUESS + 0.3
    found = compute(("mase", "smape", "coverage"), VALUES, GUESS, None, weight, low=low, high=high, scale=scale)
    error = abs(VALUES - GUESS)
    assert found == pytest.approx(
        {
            "mase": np.average(error / scale, weights=weight),
            "smape": np.average(2 * error / (abs(VALUES) + abs(GUESS)), weights=weight),
            "coverage": np.average(error <= 0.3, weights=weight),
        }
    )
    one = compute(("mase",), VALUES, GUESS, None, weight, scale=2.0)["mase"]
    assert one == pytest.approx(sk.mean_absolute_error(VALUES, GUESS, sample_weight=weight) / 2)
    assert compute(("smape",), np.zeros(2), np.array([0.0, 3.0]), None)["smape"] == 1.0


def test_forecasts_without_scale_or_bounds_have_no_figure() -> None:
    found = compute(("mase", "coverage"), VALUES, GUESS, None)
    assert math.isnan(found["mase"])
    assert math.isnan(found["coverage"])
    assert math.isnan(compute(("mase",), VALUES, GUESS, None, scale=0.0)["mase"])


def test_a_class_that_the_test_has_not_met_is_left_out_of_the_mean() -> None:
    rows = SEVERAL != 3
    target, scores = SEVERAL[rows], FOUR[rows]
    found = compute(CLASSIFICATION, target, scores.argmax(axis=1).astype(float), scores)
    assert found["roc_auc"] == pytest.approx(np.mean([sk.roc_auc_score(target == k, scores[:, k]) for k in range(3)]))
    assert found["log_loss"] == pytest.approx(sk.log_loss(target, scores, labels=range(4)))
    assert all(math.isfinite(value) for value in found.values())
    only = compute(("roc_auc",), np.zeros(5, dtype=np.int32), np.zeros(5), FOUR[:5])
    assert math.isnan(only["roc_auc"])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("code", [0, 1])
def test_one_class_alone_gives_no_ranking_and_no_warning(code: int) -> None:
    found = compute(CLASSIFICATION, np.full(5, code), np.ones(5), TWO[:5])
    assert math.isnan(found["roc_auc"])
    assert math.isnan(found["average_precision"])
    assert found["balanced_accuracy"] == found["accuracy"] == code


@pytest.mark.filterwarnings("error")
def test_no_rows_give_no_figure() -> None:
    for task in ("classification", "forecasting"):
        found = compute(names(task), np.zeros(0), np.zeros(0), None)
        assert all(math.isnan(value) for value in found.values())
    assert math.isnan(compute(("r2",), np.ones(1), np.ones(1), None)["r2"])


def test_decision_values_rank_as_well_as_probabilities() -> None:
    decision = np.column_stack([-(P - 0.5), P - 0.5]) * 10
    ranked = ("roc_auc", "average_precision")
    assert compute(ranked, BINARY, P, decision) == pytest.approx(compute(ranked, BINARY, P, TWO))
    assert compute(("roc_auc",), SEVERAL, VALUES, RAW * 5 - 3)["roc_auc"] == pytest.approx(
        np.mean([sk.roc_auc_score(np.equal(SEVERAL, k), RAW[:, k]) for k in range(4)])
    )


def test_a_guess_that_the_test_has_not_met_makes_it_several_classes() -> None:
    target, guess = np.array([0, 1, 1, 0], dtype=np.int32), np.array([0.0, 1.0, 2.0, 0.0])
    assert compute(("f1",), target, guess, None)["f1"] == pytest.approx(sk.f1_score(target, guess, average="macro"))


def test_without_scores_what_needs_them_is_not_a_number() -> None:
    found = compute(("roc_auc", "accuracy"), BINARY, BINARY.astype(float), None)
    assert math.isnan(found["roc_auc"])
    assert found["accuracy"] == 1.0


def test_defaults_belong_to_their_task() -> None:
    for task in ("classification", "regression", "forecasting"):
        assert all(fits(name, task) for name in defaults(task))
        assert all(fits(name, task) for name in names(task))
    assert {METRICS[name].needs for name in defaults("classification", probabilities=False)} == {"classes"}
    assert not fits("coverage", "regression")
    assert not fits("roc_auc", "forecasting")
    assert set(names("regression")) < set(names("forecasting"))


@pytest.mark.parametrize(
    ("name", "greater"),
    [("roc_auc", True), ("brier", False), ("rmse", False), ("r2", True), ("val_loss", False), ("train.mae", False),
     ("reward", True), ("Perplexity", False), ("mase", False), ("coverage", None), ("pinball_90", False),
     *((name, False) for name in RESOURCES)],
)  # fmt: skip
def test_which_way_is_better(name: str, greater: bool | None) -> None:
    assert greater_is_better(name) is greater
