"""How much the seed alone moves the metrics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score

from mfbench.data.target import TARGET
from tests.steps.chain import Chain
from tests.steps.people import RECIPE, customers

TREES = RECIPE.replace('["age", "shop", "noise"]', '["age", "noise"]').replace(
    '"LogisticRegression"', '"RandomForestClassifier"\nn_estimators = 5\n[run]\nseed = 4294967294'
)  # fmt: skip
ASKED = '[evaluate]\nmetrics = ["roc_auc", "f1"]\nrepeats = 3\n'


def test_every_training_is_that_of_its_seed(tmp_path: Path) -> None:
    chain = Chain(tmp_path, TREES + ASKED, customers(800))
    told, train, test = chain.json("repeats", "repeats.json"), chain.part("train"), chain.part("test")
    assert told["seeds"] == [2**32 - 1, 0, 1], "seeds begin anew after the greatest"
    expected = []
    for seed in told["seeds"]:
        forest = RandomForestClassifier(n_estimators=5, random_state=seed)
        forest.fit(train.select("age", "noise").to_numpy(), train[TARGET].to_numpy())
        scores = forest.predict_proba(test.select("age", "noise").to_numpy())[:, 1]
        expected.append(roc_auc_score(test[TARGET], scores))
    assert told["metrics"]["roc_auc"] == pytest.approx(expected)
    assert told["spread"]["roc_auc"]["mean"] == pytest.approx(np.mean(expected))
    assert told["spread"]["roc_auc"]["sd"] == pytest.approx(np.std(expected, ddof=1)) != 0
    assert set(told["metrics"]) == {"roc_auc", "f1"}
    span = f"roc_auc over 3 trainings: {min(expected):.4g} to {max(expected):.4g}, sd "
    assert any(text.startswith(span) for text in chain.said("repeats"))


def test_an_estimator_without_chance_is_told(tmp_path: Path) -> None:
    chain = Chain(tmp_path, RECIPE + ASKED, customers(400))
    told = chain.json("repeats", "repeats.json")
    assert told["spread"]["roc_auc"]["sd"] == 0
    assert chain.said("repeats")[-1] == (
        "3 trainings, all equal: LogisticRegression does not depend on its seed here"
    )  # fmt: skip


def test_the_threshold_holds_for_all(tmp_path: Path) -> None:
    high = ASKED + "threshold = 0.999\n"
    told = Chain(tmp_path, TREES.replace("n_estimators = 5", "n_estimators = 50") + high, customers(400))
    values = told.json("repeats", "repeats.json")["metrics"]["f1"]
    assert max(values) < 0.2, "hardly a row is above"
