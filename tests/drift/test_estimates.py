"""Quality without labels: right on average, intervals that hold the truth, and said where nothing can be said."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom
from sklearn.metrics import average_precision_score, f1_score, log_loss, roc_auc_score

from mfbench.drift import estimated
from mfbench.drift.ground import inside
from mfbench.drift.quality import quality
from mfbench.drift.reference import Reference
from mfbench.drift.seen import LABEL, UNIT
from mfbench.drift.settings import Settings
from mfbench.stats.predicted import Numbers, Predicted
from tests.drift.sides import census, reference_2015, window_of


def _rows(n: int, seed: int, *, centre: float = 0.0, off: float = 1.0) -> pl.DataFrame:
    """A model whose log odds are `off` times the true ones."""
    rng = np.random.default_rng(seed)
    x = rng.normal(centre, 1.5, n)
    y = rng.random(n) < 1 / (1 + np.exp(-x))
    p = 1 / (1 + np.exp(-off * x))
    return pl.DataFrame({"x": x, "p": p, "yes": (p > 0.5).astype(int), "y": y.astype(int)})


def _reference(rows: pl.DataFrame) -> Reference:
    answers = {"prediction": "yes", "probability": "p"}
    return Reference.of(rows, inputs=["x"], task="classification", answers=answers, label="y", classes=(0, 1))


def _window(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.rename({"yes": "__prediction__", "p": "__probability__", "y": LABEL})


def test_shares_of_labels_are_the_metrics_of_labels() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(500)
    y = (rng.random(500) < p).astype(int)
    predicted = Predicted(y.astype(float), np.where(p > 0.5, 1.0, 0.0), np.column_stack([1 - p, p]))
    found = estimated.expected(estimated.KNOWN, predicted, estimated.observed(predicted))
    assert found["roc_auc"] == pytest.approx(roc_auc_score(y, p))
    assert found["average_precision"] == pytest.approx(average_precision_score(y, p))
    assert found["log_loss"] == pytest.approx(log_loss(y, p))
    assert found["f1"] == pytest.approx(f1_score(y, p > 0.5))


def test_expected_and_noise_are_those_of_labels_drawn() -> None:
    rng = np.random.default_rng(1)
    p = rng.beta(0.5, 0.8, 800)
    scores = np.column_stack([1 - p, p])
    predicted = Predicted(np.zeros(800), np.where(p > 0.4, 1.0, 0.0), scores)
    drawn = rng.random((300, 800)) < p
    names = ["roc_auc", "f1", "log_loss"]
    mean = estimated.expected(names, predicted, scores)
    noise = estimated.label_noise(names, predicted, scores, 0, 400)
    truths: dict[str, Numbers] = {
        "roc_auc": np.array([roc_auc_score(y, p) for y in drawn]),
        "f1": np.array([f1_score(y, p > 0.4) for y in drawn]),
        "log_loss": np.array([log_loss(y, p) for y in drawn]),
    }
    for name, values in truths.items():
        assert mean[name] == pytest.approx(values.mean(), abs=4 * values.std() / 300**0.5 + 5e-4)
        assert noise[name] == pytest.approx(values.std(), rel=0.2)


@pytest.mark.parametrize("off", [1.0, 2.5])
def test_intervals_hold_the_truth_also_where_the_mix_has_changed(off: float) -> None:
    held, total = dict.fromkeys(("roc_auc", "log_loss", "f1"), 0), 8
    for seed in range(total):
        reference = _reference(_rows(3000, seed, off=off))
        found = quality(reference, _window(_rows(1000, 1000 + seed, centre=0.8, off=off)), Settings())
        truth = {m.name: m.value for m in found.metrics if m.kind == "measured"}
        for m in found.metrics:
            if m.kind == "estimated" and m.name in held:
                assert m.low is not None
                assert m.high is not None
                held[m.name] += m.low <= (truth[m.name] or np.nan) <= m.high
    assert min(held.values()) >= binom.ppf(0.001, total, 0.93)
    assert ("calibrated on the reference" in found.method) == (off > 1)


def test_census_without_labels() -> None:
    rows = census().filter(pl.col("year") == 2018).sample(4000, seed=0)
    found = quality(reference_2015(), window_of(rows).drop(LABEL), Settings())
    assert (found.matters, found.labels) == ("estimate", 0)
    auc = found.metrics[0]
    assert auc.kind == "estimated"
    assert auc.low is not None
    assert auc.high is not None
    assert auc.low < roc_auc_score(rows["employed"], rows["predicted_probability"]) < auc.high
    assert auc.high - auc.low < 0.03
    assert found.coverage is not None
    assert found.coverage[1] == 40
    assert found.coverage[0] is not None
    assert found.coverage[0] >= 0.8
    assert found.inside is not None
    assert 0.9 < found.inside <= 1
    assert "estimated at" in found.told
    assert len(found.assumptions) == 2
    assert found == quality(reference_2015(), window_of(rows).drop(LABEL), Settings())


def _numbers(n: int, seed: int, centre: float = 0.0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x, kind = rng.normal(centre, 1, n), rng.choice(["calm", "wild"], n)
    y = 3 * x + rng.normal(size=n) * np.where(kind == "wild", 3, 0.5) * (1 + np.abs(x))
    return pl.DataFrame({"x": x, "kind": kind, "guess": 3 * x, "y": y})


def test_errors_of_numbers_are_estimated_from_what_makes_them() -> None:
    held = 0
    for seed in range(8):
        reference = Reference.of(_numbers(4000, seed), inputs=["x", "kind"], task="regression",
                                 answers={"prediction": "guess"}, label="y")  # fmt: skip
        wild = _numbers(3000, 100 + seed).filter(pl.col("kind") == "wild")
        found = quality(reference, wild.rename({"guess": "__prediction__", "y": LABEL}), Settings())
        guess = {m.name: m for m in found.metrics if m.kind == "estimated"}
        truth = {m.name: m for m in found.metrics if m.kind == "measured"}
        assert set(guess) == {"mae", "rmse"}
        assert (guess["mae"].value or 0) > 1.3 * (guess["mae"].reference or 0)
        assert guess["mae"].value == pytest.approx(truth["mae"].value, rel=0.15)
        assert guess["rmse"].value == pytest.approx(truth["rmse"].value, rel=0.25)
        assert guess["mae"].low is not None
        assert guess["mae"].high is not None
        held += guess["mae"].low <= (truth["mae"].value or 0) <= guess["mae"].high
    assert held >= 5  # the mix is another, and trees are coarse: nominal 95 % is not promised there
    assert found.method == "direct loss estimation"
    assert found.coverage is not None
    assert (found.coverage[0] or 0) > 0.8


def test_units_widen_the_estimate() -> None:
    rng = np.random.default_rng(0)
    shop = np.repeat(rng.normal(0, 1.5, 100), 50)
    x = rng.normal(1.5, 1, size=5000)
    rows = pl.DataFrame({"x": x, "shop": np.arange(5000) // 50, "p": 1 / (1 + np.exp(-x)), "yes": (x > 0).astype(int),
                         "y": (rng.random(5000) < 1 / (1 + np.exp(-x - shop))).astype(int)})  # fmt: skip
    answers = {"prediction": "yes", "probability": "p"}
    widths = []
    for unit in (None, "shop"):
        reference = Reference.of(rows, inputs=["x"], task="classification", answers=answers, label="y",
                                 classes=(0, 1), unit=unit)  # fmt: skip
        window = _window(rows[:2500]).drop(LABEL).rename({"shop": UNIT})
        found = quality(reference, window, Settings(metric="accuracy"))
        widths.append((found.metrics[0].high or 0) - (found.metrics[0].low or 0))
    assert widths[1] > 1.3 * widths[0]


@pytest.mark.parametrize("gives", ["scores", "classes", "few"])
def test_where_nothing_can_be_estimated_it_is_not_visible(gives: str) -> None:
    rows = _rows(150 if gives == "few" else 1000, 0)
    answers = {"prediction": "yes"} | (
        {} if gives == "classes" else {"score" if gives == "scores" else "probability": "p"}
    )
    reference = Reference.of(rows, inputs=["x"], task="classification", answers=answers, label="y", classes=(0, 1))
    window = rows.select("x", *(pl.col(column).alias(f"__{name}__") for name, column in answers.items()))
    found = quality(reference, window, Settings())
    assert found.matters == "not visible"
    assert ("no probabilities" in found.told) == (gives != "few")
    assert ("too few labels" in found.told) == (gives == "few")


def test_a_metric_that_cannot_be_estimated_is_told_beside_one_that_can() -> None:
    reference = Reference.of(_numbers(600, 0), inputs=["x", "kind"], task="regression",
                             answers={"prediction": "guess"}, label="y")  # fmt: skip
    window = _numbers(300, 1).rename({"guess": "__prediction__"}).drop("y")
    found = quality(reference, window, Settings(metric="r2"))
    assert (found.matters, found.metric) == ("estimate", "r2")
    assert "r2 itself cannot be estimated" in found.told


def test_inside() -> None:
    own = pl.DataFrame({"x": [1.0, 2, float("nan")], "w": ["a", "b", "b"], "full": [1, 2, 3], "t": ["p", "q", "r"]})
    new = pl.DataFrame({"x": [1.5, 9, None, 1], "w": ["a", "a", "b", "new"], "full": [1, 1, 1, 1]})
    assert inside(own, new) == 0.5
    assert inside(own, new.with_columns(pl.Series("full", [1, None, 2, 2]))) == 0.5
    assert inside(own, new[:0]) is None
