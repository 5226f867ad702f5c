"""Evaluation against scikit-learn called directly, and what it says where nothing can be computed."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as m

from mfbench.core.errors import MfbenchError
from mfbench.data.target import TARGET
from mfbench.recipe.own_code import make_importable
from mfbench.stats.predicted import Predicted
from mfbench.steps.evaluation import compute
from mfbench.steps.slices import measuring, slices_of
from tests.steps.chain import Chain
from tests.steps.people import COUNTS, RECIPE, customers

EVALUATE = """
[evaluate]
metrics = ["log_loss", "roc_auc", "f1", "calibration_error"]
slices = ["shop", "band", "age", "batch"]
resamples = 300
[features]
band = { expr = "case when age < 40 then 'young' else 'old' end", kind = "drop" }
"""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    recipe = RECIPE.replace("[model]", 'key = "id"\nsplit = { unit = "batch" }\n[model]') + EVALUATE
    return Chain(tmp_path_factory.mktemp("two"), recipe, customers(3000).with_row_index("id"))


def test_metrics_are_those_of_scikit_learn_with_interval_and_dummy(two: Chain) -> None:
    told, table = two.json("evaluate", "evaluation.json"), two.table("evaluate", "predictions.parquet")
    truth, probability = (table["label"] == "yes").to_numpy(), table["probability"].to_numpy()
    assert table.columns == ["key", "prediction", "probability", "label"]
    assert (told["rows"], told["unit"], told["units"]) == (600, "batch", two.part("test")["batch"].n_unique())
    assert (told["classes"], told["positive"]) == (["no", "yes"], "yes")
    expected = {
        "log_loss": m.log_loss(truth, probability),
        "roc_auc": m.roc_auc_score(truth, probability),
        "f1": m.f1_score(truth, table["prediction"] == "yes"),
    }
    values = two.json("evaluate", "metrics.json")
    for name, value in expected.items():
        each = told["metrics"][name]
        assert each["value"] == values[name] == pytest.approx(value, abs=1e-12)
        assert each["low"] < value < each["high"]
    share = (two.part("train")[TARGET] == 1).mean()
    assert isinstance(share, float)
    baseline = {name: each["baseline"] for name, each in told["metrics"].items()}
    assert baseline["roc_auc"] == 0.5
    assert baseline["log_loss"] == pytest.approx(m.log_loss(truth, np.full(600, share)))
    assert baseline["f1"] == m.f1_score(truth, np.full(600, share > 0.5), zero_division=0)
    assert [e[2] for e in two.events if e[:2] == ("evaluate", "m")] == [
        "log_loss",
        "roc_auc",
        "f1",
        "calibration_error",
    ]
    assert any(text.startswith(f"roc_auc {expected['roc_auc']:.4g} (") for text in two.said("evaluate"))


def test_figures_are_those_of_the_held_out_rows(two: Chain) -> None:
    told, table = two.json("evaluate", "evaluation.json"), two.table("evaluate", "predictions.parquet")
    truth, probability = (table["label"] == "yes").to_numpy(), table["probability"].to_numpy()
    assert told["confusion"]["counts"] == m.confusion_matrix(table["label"], table["prediction"]).tolist()
    roc, pr = np.array(told["curves"]["roc"]["yes"]), np.array(told["curves"]["pr"]["yes"])
    assert list(told["curves"]["roc"]) == ["yes"]
    assert max(len(roc), len(pr)) <= 202
    assert m.auc(roc[:, 0], roc[:, 1]) == pytest.approx(m.roc_auc_score(truth, probability), abs=0.003)
    assert (roc[0].tolist(), roc[-1].tolist(), pr[-1, 0]) == ([0, 0], [1, 1], 1)
    step = float(np.diff(pr[:, 0], prepend=0) @ pr[:, 1])
    assert step == pytest.approx(m.average_precision_score(truth, probability), abs=0.01)
    bins = told["calibration"]
    assert sum(each["rows"] for each in bins) == 600
    assert all(each["low"] <= each["observed"] + 1e-9 <= each["high"] + 2e-9 for each in bins)
    assert told["threshold"] == {"value": 0.5, "source": "default", "costs": None, "cost_per_row": None, "curve": []}
    assert told["residuals"] is None
    assert told["horizons"] == []


def test_slices_are_metrics_of_their_rows(two: Chain) -> None:
    told, test = two.json("evaluate", "evaluation.json")["slices"], two.part("test")
    table = two.table("evaluate", "predictions.parquet").with_columns(test["shop", "age", "batch"])
    for each in told["shop"]:
        rows = table.filter(pl.col("shop") == each["value"])
        assert each["rows"] == rows.height
        if rows.height >= 30:
            expected = m.roc_auc_score(rows["label"] == "yes", rows["probability"])
            assert each["metrics"]["roc_auc"]["value"] == pytest.approx(expected)
            assert each["metrics"]["roc_auc"]["low"] < expected < each["metrics"]["roc_auc"]["high"]
    sizes = [each["rows"] for each in told["shop"]]
    assert sizes == sorted(sizes, reverse=True)
    assert {each["value"] for each in told["band"]} == {"young", "old"}
    for column in ("age", "batch"):  # many values: five ranges in order, which hold every row once
        assert [each["rows"] for each in told[column]] == [120] * 5 or column == "batch"
        assert sum(each["rows"] for each in told[column]) == 600
    lows = [float(each["value"].split(" to ")[0]) for each in told["age"]]
    assert lows == sorted(lows)
    assert lows[0] == pytest.approx(float(table["age"].min()), rel=1e-4)  # type: ignore[arg-type]
    assert told["batch"][0]["value"].startswith("1970-01-0")


def test_the_declared_unit_decides_the_width(tmp_path: Path) -> None:
    """Rows of one patient have the same answer: taken for independent, they seem to say ten times as much."""
    rng = np.random.default_rng(1)
    patient = np.repeat(np.arange(300), 10)
    frame = pl.DataFrame({"patient": patient, "x": rng.normal(size=3000), "y": rng.normal(size=300)[patient]})
    width = {}
    for unit in ("row", "patient"):
        recipe = COUNTS.replace('"count"', '"y"').replace('use = ["age", "shop", "noise"]', 'use = ["x"]')
        recipe = recipe.replace("PoissonRegressor", "LinearRegression")
        folder = tmp_path / unit
        folder.mkdir()
        recipe = recipe.replace("[model]", f'split = {{ unit = "{unit}", group = "patient" }}\n[model]')
        each = Chain(folder, recipe, frame).json("evaluate", "evaluation.json")["metrics"]["mae"]
        width[unit] = each["high"] - each["low"]
    assert width["patient"] == pytest.approx(10**0.5 * width["row"], rel=0.3)


def test_a_weak_segment_that_was_planted_is_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    frame = customers(4000, 4)
    lost = (frame["shop"] == "b").to_numpy()
    answer = np.where(lost, rng.choice(["no", "yes"], 4000), frame["bought"].to_numpy())
    chain = Chain(tmp_path, RECIPE, frame.with_columns(bought=pl.Series(answer)))
    weak = chain.json("evaluate", "evaluation.json")["weak"]
    assert weak["metric"] == "log_loss"
    assert weak["looked_at"] > 10
    first = weak["found"][0]
    assert (first["where"], first["confirmed"]) == ("shop = b", True)
    assert first["low"] <= first["difference"] <= first["high"]
    assert any(text.startswith("weak where shop = b: log_loss") for text in chain.said("evaluate"))
    off = Chain(tmp_path, RECIPE + "[evaluate]\nsegments = false", frame)
    off.folder.joinpath("work").rename(tmp_path / "before")
    assert off.json("evaluate", "evaluation.json")["weak"] is None


def test_several_classes(tmp_path: Path) -> None:
    recipe = RECIPE.replace('positive = "yes"', "") + '[evaluate]\nmetrics = ["log_loss", "f1", "roc_auc"]'
    chain = Chain(tmp_path, recipe, customers(1500, classes=3))
    told, table = chain.json("evaluate", "evaluation.json"), chain.table("evaluate", "predictions.parquet")
    classes = ["no", "often", "yes"]
    assert (told["classes"], told["positive"], told["threshold"]) == (classes, None, None)
    scores = table.select(f"probability_{label}" for label in classes).to_numpy()
    assert told["metrics"]["log_loss"]["value"] == pytest.approx(m.log_loss(table["label"], scores, labels=classes))
    assert told["metrics"]["f1"]["value"] == pytest.approx(
        m.f1_score(table["label"], table["prediction"], average="macro")
    )
    assert list(told["curves"]["roc"]) == list(told["curves"]["pr"]) == classes
    assert told["confusion"]["counts"] == m.confusion_matrix(table["label"], table["prediction"]).tolist()
    right = (table["label"] == table["prediction"]).mean()
    seen = sum(each["observed"] * each["rows"] for each in told["calibration"]) / table.height
    assert seen == pytest.approx(right), "several classes: how often the predicted one is right"


def test_numbers(tmp_path: Path) -> None:
    recipe = COUNTS + '[evaluate]\nmetrics = ["mae", "poisson_deviance", "pinball_90", "r2"]'
    chain = Chain(tmp_path, recipe, customers(1500))
    told, table = chain.json("evaluate", "evaluation.json"), chain.table("evaluate", "predictions.parquet")
    found = {name: each["value"] for name, each in told["metrics"].items()}
    assert found["mae"] == pytest.approx(m.mean_absolute_error(table["label"], table["prediction"]))
    assert found["poisson_deviance"] == pytest.approx(m.mean_poisson_deviance(table["label"], table["prediction"]))
    assert found["pinball_90"] == pytest.approx(m.mean_pinball_loss(table["label"], table["prediction"], alpha=0.9))
    mean = np.full(table.height, chain.part("train")[TARGET].mean())
    assert told["metrics"]["mae"]["baseline"] == pytest.approx(m.mean_absolute_error(table["label"], mean))
    assert (told["classes"], told["confusion"], told["curves"]) == ([], None, {"roc": {}, "pr": {}})
    assert sum(told["residuals"]["counts"]) == table.height
    assert len(told["residuals"]["edges"]) == len(told["residuals"]["counts"]) + 1
    pairs = table.select("prediction", "label").rows()
    assert told["residuals"]["sample"] == [pytest.approx(pair) for pair in pairs]
    bins = told["calibration"]
    assert sum(each["rows"] for each in bins) == table.height
    assert all(before["mean"] < after["mean"] for before, after in pairwise(bins))
    assert sum(each["observed"] * each["rows"] for each in bins) == pytest.approx(table["label"].sum())
    assert told["weak"]["metric"] == "mae"


def test_weights_count_everywhere(tmp_path: Path) -> None:
    frame = customers(1500)
    chain = Chain(tmp_path, RECIPE.replace("[model]", 'weight = "w"\n[model]'), frame)
    told, table = chain.json("evaluate", "evaluation.json"), chain.table("evaluate", "predictions.parquet")
    w = chain.part("test")["w"].to_numpy()
    truth, probability = (table["label"] == "yes").to_numpy(), table["probability"].to_numpy()
    assert told["metrics"]["brier"]["value"] == pytest.approx(m.brier_score_loss(truth, probability, sample_weight=w))
    train = chain.part("train")
    share = np.average(train[TARGET] == 1, weights=train["w"])
    expected = m.log_loss(truth, np.full(len(truth), share), sample_weight=w)
    assert told["metrics"]["log_loss"]["baseline"] == pytest.approx(expected)


def test_an_estimator_without_probabilities(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text(
        "from sklearn.base import BaseEstimator, ClassifierMixin\n"
        "class Plain(ClassifierMixin, BaseEstimator):\n"
        "    def fit(self, x, y):\n"
        "        self.classes_ = sorted(set(y))\n"
        "        return self\n"
        "    def predict(self, x):\n"
        "        return (x[:, 0] > 0).astype(int)\n"
    )
    make_importable(tmp_path)
    recipe = RECIPE + '[evaluate]\nmetrics = ["accuracy"]'
    for name, curved in (("LinearSVC", True), ("plain.Plain", False)):
        folder = tmp_path / name
        folder.mkdir()
        chain = Chain(folder, recipe.replace("LogisticRegression", name), customers(600))
        told, table = chain.json("evaluate", "evaluation.json"), chain.table("evaluate", "predictions.parquet")
        assert told["metrics"]["accuracy"]["value"] == pytest.approx((table["label"] == table["prediction"]).mean())
        assert told["weak"]["metric"] == "error_rate"
        assert told["threshold"] is None
        assert told["calibration"] == []
        assert bool(told["curves"]["roc"]) == curved


def test_answers_that_are_no_numbers_name_the_estimator(tmp_path: Path) -> None:
    (tmp_path / "diverging.py").write_text(
        "from sklearn.linear_model import LinearRegression\n"
        "class Diverged(LinearRegression):\n"
        "    def predict(self, x):\n"
        "        y = super().predict(x)\n"
        "        y[:7] = float('nan')\n"
        "        return y\n"
    )
    chain = Chain(tmp_path, COUNTS.replace("PoissonRegressor", "diverging.Diverged"), customers(600))
    chain.precheck()
    with pytest.raises(MfbenchError, match=r"diverging\.Diverged gives no number for 7 of 120 rows"):
        chain.run("evaluate")


def test_a_model_that_says_the_same_of_every_row_is_told(tmp_path: Path) -> None:
    chain = Chain(tmp_path, COUNTS.replace("PoissonRegressor", "DummyRegressor"), customers(600))
    told = chain.json("evaluate", "evaluation.json")
    assert any("same prediction" in note for note in told["notes"])
    assert told["metrics"]["mae"]["value"] == told["metrics"]["mae"]["baseline"]
    assert len(told["calibration"]) == 1
    assert [level for step, level, text in chain.logs if step == "evaluate" and "same prediction" in text] == [
        "warning"
    ]


def test_metrics_that_compare_classes_have_no_value_for_one() -> None:
    target = np.zeros(50)
    scores = np.column_stack([np.linspace(0.6, 0.9, 50), np.linspace(0.4, 0.1, 50)])
    alone = Predicted(target, np.zeros(50), scores)
    names = ("roc_auc", "average_precision", "log_loss", "f1")
    assert math.isnan(compute(names, alone)["roc_auc"])
    found = measuring(names, alone, np.arange(50), 0.95, 200, 0)(np.arange(50))
    assert found["roc_auc"] == {"value": None, "low": None, "high": None}
    assert found["f1"]["value"] is None
    assert found["log_loss"]["value"] == pytest.approx(m.log_loss(target, scores, labels=[0, 1]))


def test_too_few_units_give_no_interval_and_a_note(tmp_path: Path) -> None:
    frame = customers(600).with_columns(region=pl.Series(np.arange(600) % 6))
    recipe = RECIPE.replace("[model]", 'split = { unit = "region" }\n[model]')
    told = Chain(tmp_path, recipe, frame).json("evaluate", "evaluation.json")
    assert all(each["low"] is None and each["high"] is None for each in told["metrics"].values())
    assert any("6 regions" in note and "10" in note for note in told["notes"])


def test_hostile_names_and_values(tmp_path: Path) -> None:
    name = "^.*$ <script>\x1b"
    frame = customers(900).with_columns(
        pl.Series(name, [["<b>\n", "", None, "x" * 5000][i % 4] for i in range(900)]),
        gone=pl.lit(None, pl.Float64),
        odd=pl.Series([[math.inf, math.nan, 1.0][i % 3] for i in range(900)]),
    )
    quoted = '"^.*$ <script>\\u001b"'
    recipe = RECIPE.replace('"noise"]', f'"noise", {quoted}, "odd", "gone"]')
    recipe += f'[evaluate]\nslices = [{quoted}, "gone", "odd"]'
    told = Chain(tmp_path, recipe, frame).json("evaluate", "evaluation.json")
    assert {each["value"] for each in told["slices"][name]} == {"<b>\n", "", "(missing)", "x" * 5000}
    assert [(each["value"], each["rows"]) for each in told["slices"]["gone"]] == [("(missing)", 180)]
    assert sum(each["rows"] for each in told["slices"]["odd"]) == 180


def test_forecasts_by_horizon_beside_the_seasonal_naive(tmp_path: Path) -> None:
    hours = np.arange(24 * 60)
    rng = np.random.default_rng(0)
    level = 20 + 10 * np.sin(hours / 24 * 2 * np.pi) + rng.normal(0, 2, len(hours))
    frame = pl.DataFrame({"y": level, "at": pl.Series(hours * 3_600_000_000).cast(pl.Datetime("us"))})
    recipe = """
[recipe]
name = "hours"
task = "forecasting"
[data]
source = "rows.parquet"
target = "y"
split = { by = "at", test = "15d", folds = 3 }
[forecast]
horizon = 6
season = 24
[model]
estimator = "Ridge"
[evaluate]
metrics = ["mase", "mae", "coverage"]
"""
    chain = Chain(tmp_path, recipe, frame)
    told, table = chain.json("evaluate", "evaluation.json"), chain.table("evaluate", "predictions.parquet")
    test = chain.part("test")
    naive = m.mean_absolute_error(test["y"], test["__naive__"])
    assert told["unit"] == "day"
    assert told["metrics"]["mae"]["baseline"] == pytest.approx(naive)
    assert told["metrics"]["mae"]["value"] == pytest.approx(m.mean_absolute_error(table["label"], table["prediction"]))
    assert told["metrics"]["mase"]["value"] == pytest.approx(
        (np.abs(table["label"] - table["prediction"]) / test["__scale__"]).mean()
    )
    inside = ((table["low"] <= table["label"]) & (table["label"] <= table["high"])).mean()
    assert told["metrics"]["coverage"]["value"] == pytest.approx(inside)
    assert told["metrics"]["coverage"]["baseline"] is None
    assert [each["horizon"] for each in told["horizons"]] == [1, 2, 3, 4, 5, 6]
    for each in told["horizons"]:
        rows = table.filter(test["__horizon__"] == each["horizon"])
        assert each["rows"] == rows.height
        expected = m.mean_absolute_error(rows["label"], rows["prediction"])
        assert each["metrics"]["mae"]["value"] == pytest.approx(expected)
        assert each["metrics"]["mae"]["low"] < expected < each["metrics"]["mae"]["high"]
    assert any("the seasonal naive has" in text for text in chain.said("evaluate"))
    assert chain.json("explain", "explain.json")["metric"] == "mase"


def test_slices_of_numbers_know_one_zero_and_enough_rows() -> None:
    zeros = pl.Series("x", [-0.0, 0.0, 1.0] * 40)
    assert [(value, len(rows)) for value, rows in slices_of(zeros)] == [("0.0", 80), ("1.0", 40)]
    few = slices_of(pl.Series("x", np.arange(72) / 7))  # in fives they would all be too small
    assert [len(rows) for _, rows in few] == [36, 36]
