"""How often a gate errs, by simulation: models that are worse by just the margin, and models that are as good."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.stats import norm

from mfbench.recipe.gates import parse_gate
from mfbench.stats.predicted import Predicted
from mfbench.steps.judging.by_segment import by_segment
from mfbench.steps.judging.verdicts import Evidence, against_champion

TIMES = 250
LIMIT = 0.05 + 3 * np.sqrt(0.05 * 0.95 / TIMES)  # of false verdicts in so many, at 5 % each


def evidence(ours: Predicted, theirs: Predicted, units: np.ndarray, unit: str, seed: int) -> Evidence:
    return Evidence(ours, theirs, units, unit, 200, seed)


def two_classifiers(rng: np.random.Generator, n: int, loss: float) -> tuple[Predicted, Predicted]:
    """Answers with much in common; the first model's true ROC AUC is 0.8 - `loss`, the second's 0.8."""
    target = np.arange(n) % 2
    common = rng.normal(size=n)
    found = []
    for auc in (0.8 - loss, 0.8):
        noise = np.sqrt(0.8) * common + np.sqrt(0.2) * rng.normal(size=n)
        score = norm.cdf(np.sqrt(2) * norm.ppf(auc) * target + noise)  # AUC is Phi(distance / sqrt 2)
        found.append(Predicted(target, score > 0.5, np.column_stack([1 - score, score])))
    return found[0], found[1]


def two_regressions(rng: np.random.Generator, days: int, loss: float) -> tuple[Predicted, Predicted, np.ndarray]:
    """MAE of 1 + `loss` against 1, the difference of a row having much of its day's in it."""
    units = np.repeat(np.arange(days), 20)
    target = np.zeros(len(units))
    theirs = 1 + 0.1 * rng.normal(size=len(units))
    ours = theirs + loss + 0.1 * rng.normal(size=days)[units] + 0.1 * rng.normal(size=len(units))
    return Predicted(target, ours), Predicted(target, theirs), units


@pytest.mark.parametrize(("metric", "power"), [("roc_auc", 0.8), ("brier", 0.5)])
def test_independent_rows(metric: str, power: float) -> None:
    """At the margin one in twenty may pass; a model as good is never refused here, and mostly passes."""
    rng = np.random.default_rng(11)
    truth = two_classifiers(rng, 200_000, 0.04)
    margin = 0.04
    if metric == "brier":
        margin = float(np.mean((truth[0].scores[:, 1] - truth[0].target) ** 2)  # type: ignore[index]
                       - np.mean((truth[1].scores[:, 1] - truth[1].target) ** 2))  # type: ignore[index]  # fmt: skip
    text = f"roc_auc >= champion - {margin}" if metric == "roc_auc" else f"brier <= champion + {margin:.6f}"
    gate = parse_gate(text)
    worse, alike = Counter[str](), Counter[str]()
    for i in range(TIMES):
        for loss, verdicts in ((0.04, worse), (0.0, alike)):
            ours, theirs = two_classifiers(rng, 600, loss)
            found = against_champion(gate, evidence(ours, theirs, np.arange(600), "row", i), "m:1", 0.95)
            verdicts[found.verdict] += 1
    assert worse["passed"] / TIMES <= LIMIT
    assert worse["refused"] / TIMES <= LIMIT
    assert alike["refused"] == 0
    assert alike["passed"] / TIMES > power


def test_rows_of_a_day_that_resemble_each_other() -> None:
    """With the day as its unit the gate keeps its word; taking the rows for independent it passes far too much."""
    rng = np.random.default_rng(12)
    gate = parse_gate("mae <= champion + 0.05")
    by_day, by_row, alike = Counter[str](), Counter[str](), Counter[str]()
    for i in range(TIMES):
        ours, theirs, units = two_regressions(rng, 40, 0.05)
        by_day[against_champion(gate, evidence(ours, theirs, units, "day", i), "m:1", 0.95).verdict] += 1
        rows = np.arange(len(units))
        by_row[against_champion(gate, evidence(ours, theirs, rows, "row", i), "m:1", 0.95).verdict] += 1
        ours, theirs, units = two_regressions(rng, 40, 0.0)
        alike[against_champion(gate, evidence(ours, theirs, units, "day", i), "m:1", 0.95).verdict] += 1
    assert by_day["passed"] / TIMES <= LIMIT
    assert by_row["passed"] / TIMES > 0.2
    assert alike["refused"] == 0
    assert alike["passed"] / TIMES > 0.8


def test_segments_together_refuse_a_model_that_is_as_good_one_time_in_twenty_at_most() -> None:
    """Eight segments, each at the border: without Holm's correction a third of these models would be refused."""
    rng = np.random.default_rng(13)
    gate = parse_gate("mae <= champion by shop")
    together, single = Counter[str](), 0
    for i in range(TIMES):
        parts = [two_regressions(rng, 25, 0.0) for _ in range(8)]
        ours, theirs = (Predicted(np.zeros(4000), np.concatenate([part[k].values for part in parts])) for k in (0, 1))
        units = np.concatenate([part[2] + 25 * k for k, part in enumerate(parts)])
        groups = [(str(k), np.arange(500 * k, 500 * (k + 1))) for k in range(8)]
        found = by_segment(gate, evidence(ours, theirs, units, "day", i), groups, "m:1", 0.95)
        together[found.verdict] += 1
        single += any(segment.low is not None and segment.low > 0 for segment in found.segments)
    assert together["refused"] / TIMES <= LIMIT
    assert together["passed"] / TIMES <= LIMIT
    assert single / TIMES > 0.2


def test_the_loss_that_is_said_to_be_detectable_is_detected_four_times_in_five() -> None:
    rng = np.random.default_rng(14)
    gate = parse_gate("mae <= champion + 0.02")
    ours, theirs, units = two_regressions(rng, 40, 0.0)
    detectable = against_champion(gate, evidence(ours, theirs, units, "day", 0), "m:1", 0.95).detectable
    assert detectable is not None
    seen = 0
    for i in range(TIMES):
        ours, theirs, units = two_regressions(rng, 40, detectable)
        seen += against_champion(gate, evidence(ours, theirs, units, "day", i), "m:1", 0.95).verdict == "refused"
    assert 0.65 < seen / TIMES < 0.93
