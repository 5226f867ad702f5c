"""The threshold: chosen out of fold by costs, carried by the bundle, refused where it has no meaning."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as m
from sklearn.linear_model import LogisticRegression

from mfbench.bundle.model import Model
from mfbench.core.errors import FitError, RecipeError
from mfbench.data.folds import fold_rows
from mfbench.data.target import TARGET
from tests.steps.chain import Chain
from tests.steps.people import COUNTS, RECIPE, customers

COSTS = "[evaluate]\nthreshold = { false_positive = 1, false_negative = 4 }\nsegments = false\n"
CANDIDATES = """[tune]
trials = 2
metric = "accuracy"
[tune.candidates.one]
estimator = "LogisticRegression"
[tune.candidates.one.space]
C = "0.1..1.0"
[tune.candidates.two]
estimator = "RidgeClassifier"
[tune.candidates.two.space]
alpha = "0.1..1.0"
"""
AGE = RECIPE.replace('["age", "shop", "noise"]', '["age"]').replace("[model]", "split = { folds = 4 }\n[model]")


@pytest.fixture(scope="module")
def costly(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return Chain(tmp_path_factory.mktemp("costly"), AGE + COSTS, customers(1500))


def cost(truth: np.ndarray, positive: np.ndarray) -> float:
    return float(((positive & ~truth) + 4.0 * (~positive & truth)).mean())


def test_it_is_the_cheapest_of_all_out_of_fold(costly: Chain) -> None:
    told, train = costly.json("threshold", "threshold.json"), costly.part("train")
    x, y = train.select("age").to_numpy(), (train[TARGET] == 1).to_numpy()
    probability = np.full(len(y), np.nan)
    folds = fold_rows(train, costly.loaded.recipe.data.split, "classification", 0)
    assert len(folds) == 4
    for fit, valid in folds:
        scaled = (x - x[fit].mean()) / x[fit].std()  # features, too, are fitted within the fold
        model = LogisticRegression().fit(scaled[fit], y[fit])
        probability[valid] = model.predict_proba(scaled[valid])[:, 1]
    every = [cost(y, probability >= cut) for cut in np.unique(probability)]
    assert told["cost_per_row"] == pytest.approx(min(every))
    assert cost(y, probability >= told["value"]) == pytest.approx(min(every))
    assert told["value"] < 0.4, "a missed one costs four times as much"
    assert told["rows"] == train.height
    assert told["costs"] == {"false_positive": 1, "false_negative": 4}
    assert len(told["curve"]) <= 100


def test_it_decides_in_the_evaluation_and_tells_its_cost_there(costly: Chain) -> None:
    value = costly.json("threshold", "threshold.json")["value"]
    told, table = costly.json("evaluate", "evaluation.json"), costly.table("evaluate", "predictions.parquet")
    truth, positive = (table["label"] == "yes").to_numpy(), (table["probability"] >= value).to_numpy()
    assert ((table["prediction"] == "yes").to_numpy() == positive).all()
    assert not (positive == (table["probability"] >= 0.5).to_numpy()).all()
    assert told["threshold"]["value"] == value
    assert told["threshold"]["source"] == "costs"
    assert told["threshold"]["cost_per_row"] == pytest.approx(cost(truth, positive))
    assert [value, pytest.approx(cost(truth, positive))] in told["threshold"]["curve"]
    assert told["metrics"]["f1"]["value"] == pytest.approx(m.f1_score(truth, positive))
    assert told["metrics"]["f1"]["baseline"] == m.f1_score(truth, np.ones(len(truth))), "half are positive: all above"
    assert told["confusion"]["counts"] == m.confusion_matrix(truth, positive).tolist()


def test_it_travels_in_the_bundle(costly: Chain) -> None:
    value, bundle = costly.json("threshold", "threshold.json")["value"], costly.run("package") / "bundle"
    model = Model.load(bundle)
    assert model.manifest.threshold == value
    predicted = model.predict(costly.part("test"))
    assert predicted["prediction"].to_list() == ["yes" if p >= value else "no" for p in predicted["probability"]]
    reference = pl.read_parquet(bundle / "reference.parquet")
    assert ((reference["__prediction__"] == "yes") == (reference["__probability__"] >= value)).all()
    card = (bundle / "README.md").read_text()
    assert f"- Decision: `yes` from a probability of {value:.6g} on, as a false positive costs 1" in card


def test_a_fixed_one_needs_no_step(tmp_path: Path) -> None:
    chain = Chain(tmp_path, AGE + "[evaluate]\nthreshold = 0.8\n", customers(600))
    assert "threshold" not in chain.steps
    table, told = chain.table("evaluate", "predictions.parquet"), chain.json("evaluate", "evaluation.json")["threshold"]
    assert ((table["prediction"] == "yes") == (table["probability"] >= 0.8)).all()
    assert (told["value"], told["source"], told["costs"], told["curve"]) == (0.8, "fixed", None, [])
    assert Model.load(chain.run("package") / "bundle").manifest.threshold == 0.8


def test_without_one_the_estimator_decides(tmp_path: Path) -> None:
    chain = Chain(tmp_path, AGE, customers(600))
    manifest = json.loads((chain.run("package") / "bundle" / "manifest.json").read_text())
    assert manifest["threshold"] is None
    assert "Decision" not in (chain.run("package") / "bundle" / "README.md").read_text()


@pytest.mark.parametrize(
    ("recipe", "frame", "message"),
    [
        (RECIPE.replace('positive = "yes"', ""), customers(300, classes=3), "the target has 3"),
        (RECIPE.replace("LogisticRegression", "LinearSVC"), customers(300), "LinearSVC gives none"),
        (RECIPE[: RECIPE.index("[model]")] + CANDIDATES, customers(300), "RidgeClassifier gives none"),
    ],
)
def test_where_it_has_no_meaning_the_check_says_so(
    tmp_path: Path, recipe: str, frame: pl.DataFrame, message: str
) -> None:
    recipe += '[evaluate]\nmetrics = ["accuracy"]\nthreshold = 0.3'
    with pytest.raises(FitError, match=message) as caught:
        Chain(tmp_path, recipe, frame).precheck()
    assert caught.value.key == ("evaluate", "threshold")


def test_costs_need_folds(tmp_path: Path) -> None:
    with pytest.raises(FitError, match="too few to fold"):
        Chain(tmp_path, AGE.replace("folds = 4", "folds = 50") + COSTS, customers(100)).precheck()


def test_weights_count(tmp_path: Path) -> None:
    frame = customers(800)
    heavy = frame.with_columns(w=pl.when(pl.col("bought") == "yes").then(8.0).otherwise(1.0))
    values = {}
    for name, rows in (("even", frame.with_columns(w=pl.lit(1.0))), ("heavy", heavy)):
        (tmp_path / name).mkdir()
        recipe = AGE.replace("[model]", 'weight = "w"\n[model]').replace("LogisticRegression", "GaussianNB") + COSTS
        values[name] = Chain(tmp_path / name, recipe, rows).json("threshold", "threshold.json")
    assert values["even"]["cost_per_row"] != values["heavy"]["cost_per_row"]
    # The model has the weights too: its probabilities are of weighted rows, and so is the cost of each decision.
    assert values["heavy"]["cost_per_row"] <= 1 / 9 + 0.01, "all positive costs as much as the light rows weigh"


def test_a_count_has_no_threshold(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="the task is regression"):
        Chain(tmp_path, COUNTS + "[evaluate]\nthreshold = 0.3", customers(100))
