"""What a model goes by, against what is known of how the rows were made."""

from __future__ import annotations

import math
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn.inspection import partial_dependence
from sklearn.linear_model import LogisticRegression

from mfbench.data.target import TARGET
from mfbench.steps.importance import permute, ranked
from tests.steps.chain import Chain
from tests.steps.people import COUNTS, RECIPE, customers

DERIVED = (
    RECIPE
    + """
[features]
older = "age * 2.0 - 1.0"
[evaluate]
metrics = ["log_loss", "roc_auc"]
segments = false
"""
)


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return Chain(tmp_path_factory.mktemp("explained"), DERIVED, customers(2000))


def test_importance_is_of_the_columns_of_the_data(explained: Chain) -> None:
    told = explained.json("explain", "explain.json")
    assert told["metric"] == "log_loss"
    found = {item["feature"]: item for item in told["importance"]}
    assert list(found) == ["age", "shop", "noise"], "the most important first; what is derived goes with its column"
    assert all(item["low"] < item["mean"] < item["high"] for item in found.values())
    assert found["age"]["mean"] > 0.1 > abs(found["noise"]["mean"]) * 5
    assert told["notes"] == []
    assert told["interactions"] == []
    assert explained.said("explain")[-1] == "most important: age, shop, noise"


def test_importance_is_what_a_shuffle_costs(tmp_path: Path) -> None:
    """One column, known model: shuffling it leaves the loss of unrelated answers."""
    frame = customers(3000).select("age", "bought")
    chain = Chain(tmp_path, RECIPE.replace('["age", "shop", "noise"]', '["age"]'), frame)
    told = chain.json("explain", "explain.json")
    assert told["metric"] == "roc_auc"
    [item] = told["importance"]
    auc = chain.json("evaluate", "metrics.json")["roc_auc"]
    assert item["mean"] == pytest.approx(auc - 0.5, abs=0.03)


def test_partial_dependence_is_that_of_scikit_learn(tmp_path: Path) -> None:
    frame = customers(400)
    chain = Chain(tmp_path, RECIPE.replace('["age", "shop", "noise"]', '["age", "noise"]'), frame)
    train, test = chain.part("train").select("age", "noise").to_numpy(), chain.part("test")
    scaled = (train - train.mean(axis=0)) / train.std(axis=0)
    model = LogisticRegression().fit(scaled, chain.part("train")[TARGET])
    seen = (test.select("age", "noise").to_numpy() - train.mean(axis=0)) / train.std(axis=0)
    for item in chain.json("explain", "explain.json")["partial"]:
        at = ["age", "noise"].index(item["feature"])
        grid = (np.array(item["grid"]) - train[:, at].mean()) / train[:, at].std()
        expected = partial_dependence(model, seen, [at], custom_values={at: grid}, method="brute", kind="average")
        assert item["mean"] == pytest.approx(expected["average"][0].tolist())
        assert (item["kind"], item["of"], len(item["grid"])) == ("numeric", "probability of yes", 20)
        assert sum(item["share"]) == pytest.approx(1)


def test_categories_times_truths_and_numbers_have_their_own_grids(tmp_path: Path) -> None:
    frame = customers(900).with_columns(flag=pl.col("age") > 45, few=(pl.col("age") // 20).cast(pl.Int32))
    names = '["shop", "batch", "flag", "few"]'
    chain = Chain(tmp_path, COUNTS.replace('["age", "shop", "noise"]', names), frame)
    told = chain.json("explain", "explain.json")
    items = {item["feature"]: item for item in told["partial"]}
    assert set(items) == {"shop", "batch", "flag", "few"}
    counts = Counter(chain.part("test")["shop"])
    assert items["shop"]["grid"] == [value for value, _ in counts.most_common()]
    assert items["shop"]["share"] == pytest.approx([count / 180 for _, count in counts.most_common()])
    assert items["shop"]["kind"] == items["batch"]["kind"] == items["flag"]["kind"] == "categorical"
    assert set(items["flag"]["grid"]) == {True, False}
    assert items["batch"]["grid"] == sorted(items["batch"]["grid"])
    assert items["batch"]["grid"][0].startswith("1970-01-0")
    assert items["few"]["kind"] == "numeric"
    assert all(isinstance(value, int) for value in items["few"]["grid"])
    assert all(item["of"] == "prediction" and len(item["mean"]) == len(item["grid"]) for item in items.values())


def test_of_several_classes_the_one_that_moves_most_is_shown(tmp_path: Path) -> None:
    recipe = RECIPE.replace('positive = "yes"', "")
    told = Chain(tmp_path, recipe, customers(900, classes=3)).json("explain", "explain.json")
    age = next(item for item in told["partial"] if item["feature"] == "age")
    assert age["of"] in ("probability of no", "probability of often")
    assert np.ptp(age["mean"]) > 0.5


def test_missing_values_stay_missing_and_a_constant_column_has_no_curve(tmp_path: Path) -> None:
    frame = customers(700).with_columns(
        holes=pl.when(pl.col("noise") > 0).then(pl.col("age")),
        late=pl.when(pl.int_range(700) < 699).then(1.0).otherwise(2),
    )
    recipe = RECIPE.replace('["age", "shop", "noise"]', '["holes", "late"]').replace(
        "LogisticRegression", "HistGradientBoostingClassifier"
    )
    chain = Chain(tmp_path, recipe + "min_samples_leaf = 50\nmax_iter = 20\n", frame)
    told = chain.json("explain", "explain.json")
    assert chain.part("test")["late"].n_unique() == 1
    assert [item["feature"] for item in told["importance"]] == ["holes", "late"]
    assert told["importance"][1]["mean"] == 0
    [holes] = told["partial"]
    assert (holes["feature"], len(holes["grid"])) == ("holes", 20)
    assert not any(math.isnan(value) for value in holes["grid"])


def test_when_time_runs_out_what_is_there_is_kept_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mfbench.steps.explain.permute", partial(permute, seconds=0.0))
    chain = Chain(tmp_path, DERIVED, customers(300))
    told = chain.json("explain", "explain.json")
    assert (told["importance"], told["partial"]) == ([], [])
    assert told["notes"] == ["time ran out: importance of 0 of 3 columns, each shuffled once"]
    assert ("explain", "warning", told["notes"][0]) in chain.logs


def test_a_column_that_was_shuffled_once_has_no_interval() -> None:
    found = ranked({"a": [1.0, 2.0], "b": [1.0], "c": [3.0]}, 0.95)
    assert [(item["feature"], item["low"] is None) for item in found] == [("c", True), ("a", False), ("b", True)]
    low, high = stats.t.interval(0.95, 1, loc=1.5, scale=0.5)
    assert (found[1]["low"], found[1]["high"]) == pytest.approx((low, high))
