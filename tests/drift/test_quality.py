"""With labels: as good within a margin, worse, or not to be told. Never 'no' without them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from mfbench.core.errors import UsageError
from mfbench.drift.measured import compared, rows_needed
from mfbench.drift.quality import quality
from mfbench.drift.reference import Reference
from mfbench.drift.seen import LABEL, UNIT
from mfbench.drift.settings import Settings
from mfbench.stats.resampling import Interval
from tests.drift.sides import census, reference_2015, window_of


@pytest.mark.parametrize("year", [2016, 2017, 2018])
def test_census_is_equivalent_within_a_hundredth(year: int) -> None:
    rows = census().filter(pl.col("year") == year)
    found = quality(reference_2015(), window_of(rows), Settings())
    assert (found.matters, found.metric, found.labels) == ("equivalent", "roc_auc", rows.height)
    auc, brier = (next(m for m in found.metrics if m.name == name and m.kind == "measured") for name in
                  ("roc_auc", "brier"))  # fmt: skip
    assert auc.value == pytest.approx(roc_auc_score(rows["employed"], rows["predicted_probability"]), abs=1e-12)
    assert brier.value == pytest.approx(brier_score_loss(rows["employed"], rows["predicted_probability"]), abs=1e-12)
    assert auc.margin == 0.01
    assert auc.difference_low is not None
    assert auc.difference_high is not None
    assert -0.01 <= auc.difference_low < auc.difference_high <= 0.01
    assert auc.greater
    assert brier.greater is False
    assert "equivalent within 0.01" in found.told
    # what the estimate would have been, had there been no labels
    assert abs(found.off["roc_auc"] or 1) < 0.01
    assert [each["changed"] for each in found.concept] == [False, False]


def test_few_labels_tell_nothing_and_say_how_many_would() -> None:
    rows = census().filter(pl.col("year") == 2017).sample(600, seed=3)
    found = quality(reference_2015(), window_of(rows), Settings())
    assert found.matters == "unknown"
    assert "labels could show it" in found.told
    measured = found.metrics[0]
    assert measured.detectable is not None
    assert measured.detectable > 0.02


def test_labels_that_are_too_few_to_measure_by_are_not_said_to_be_missing() -> None:
    rows = census().filter(pl.col("year") == 2017).sample(600, seed=3)
    known = window_of(rows).with_columns(pl.when(pl.int_range(pl.len()) < 20).then(pl.col(LABEL)).alias(LABEL))
    found = quality(reference_2015(), known, Settings())
    assert (found.matters, found.labels) == ("estimate", 20)
    assert found.told.startswith("20 labels")


def test_labels_turned_round_are_worse_and_the_stream_shows_when() -> None:
    rows = census().filter(pl.col("year") == 2016).sample(6000, seed=1)
    label = pl.when((pl.int_range(pl.len()) >= 3000) & (pl.int_range(pl.len()) % 3 == 0))
    turned = rows.with_columns(label.then(1 - pl.col("employed")).otherwise(pl.col("employed")).alias("employed"))
    found = quality(reference_2015(), window_of(turned), Settings())
    assert found.matters == "worse"
    assert "worse by more than 0.01" in found.told
    assert (found.off["roc_auc"] or 0) > 0.05  # what no estimate can see
    for each in found.concept:
        assert each["changed"]
        assert 3000 <= each["at"] < 4500
        assert each["after"] > each["before"]
        assert each["false_alarms"] <= 0.1


def test_by_slice() -> None:
    reference = reference_2015()
    monitored = SimpleNamespace(slices=("SEX", "AGEP", "absent"), metric=None)
    named = Reference(reference.profile, reference.sample, reference.inputs, {}, None)
    named.manifest = SimpleNamespace(monitored=monitored, metrics={"roc_auc": 0.9, "latency_ms": 3.0})  # type: ignore[assignment]
    rows = census().filter(pl.col("year") == 2016)
    worse = pl.when((pl.col("SEX") == "2") & (pl.col("id") % 4 == 0))
    rows = rows.with_columns(worse.then(1 - pl.col("employed")).otherwise(pl.col("employed")).alias("employed"))
    found = quality(named, window_of(rows), Settings())
    verdicts = {where: verdict for where, _, _, _, _, verdict in found.segments}
    assert verdicts["SEX = 2"] == "worse"
    assert verdicts["SEX = 1"] != "worse"
    assert {m.name for m in found.metrics} == {"roc_auc"}
    assert sum(each[1] for each in found.segments if each[0].startswith("SEX")) == rows.height


def test_units_make_it_less_certain() -> None:
    rng = np.random.default_rng(0)
    shop = rng.normal(size=60)[np.arange(6000) // 100]
    rows = pl.DataFrame({"x": rng.normal(size=6000), "shop": np.arange(6000) // 100})
    rows = rows.with_columns(pl.Series("y", rows["x"].to_numpy() + shop + 0.1 * rng.normal(size=6000)))
    make: dict[str, Any] = {"inputs": ["x"], "task": "regression", "answers": {"prediction": "x"}, "label": "y"}
    window = pl.DataFrame({"x": rows["x"], "__prediction__": rows["x"], LABEL: rows["y"], UNIT: rows["shop"]})
    by_shop = quality(Reference.of(rows, unit="shop", **make), window, Settings()).metrics[0]
    by_row = quality(Reference.of(rows, **make), window.drop(UNIT), Settings()).metrics[0]
    assert by_shop.name == by_row.name == "mae"
    widths = [m.difference_high - m.difference_low for m in (by_shop, by_row)]  # type: ignore[operator]
    assert widths[0] > 4 * widths[1]
    assert by_row.margin == pytest.approx(0.05 * (by_row.reference or 0))


def test_a_named_metric_comes_first_and_a_wrong_one_is_told() -> None:
    window = window_of(census().filter(pl.col("year") == 2016)[:500])
    found = quality(reference_2015(), window, Settings(metric="log_loss", margin=0.5))
    assert (found.metric, found.metrics[0].name, found.metrics[0].margin) == ("log_loss", "log_loss", 0.5)
    assert found.matters == "equivalent"
    with pytest.raises(UsageError, match="roc_au"):
        quality(reference_2015(), window, Settings(metric="roc_au"))


def test_labels_that_wait_or_are_none() -> None:
    window = window_of(census().filter(pl.col("year") == 2016)[:400])
    some = pl.when(pl.int_range(pl.len()) < 100).then(pl.col(LABEL)).alias(LABEL)
    found = quality(reference_2015(), window.with_columns(some), Settings(), waiting=300)
    assert (found.labels, found.waiting) == (100, 300)
    assert found.notes == ["the labels of 300 rows are not due yet"]
    found = quality(reference_2015(), window.with_columns(pl.lit("no such class").alias(LABEL)), Settings())
    assert (found.labels, found.matters) == (0, "estimate")
    only = window.with_columns(pl.lit(1).alias(LABEL))  # one class: no AUC
    assert quality(reference_2015(), only, Settings()).matters == "estimate"


def test_no_answers_at_all() -> None:
    window = window_of(census().filter(pl.col("year") == 2016)[:400])
    found = quality(reference_2015(), window.drop("__prediction__", "__probability__"), Settings())
    assert found.matters == "not visible"
    assert "no answers" in found.told


def test_words_as_classes_and_three_of_them() -> None:
    rng = np.random.default_rng(2)
    p = rng.dirichlet([1, 1, 1], size=3000)
    y = (rng.random(3000)[:, None] > p.cumsum(axis=1)).sum(axis=1)
    names = ["a", "b|c", "<i>"]
    columns = {f"probability_{name}": p[:, i] for i, name in enumerate(names)}
    rows = pl.DataFrame({"x": p[:, 0], "prediction": [names[i] for i in p.argmax(axis=1)], **columns,
                         "y": [names[i] for i in y]})  # fmt: skip
    answers = {name: name for name in ("prediction", *columns)}
    reference = Reference.of(
        rows[:2000], inputs=["x"], task="classification", answers=answers, label="y", classes=names
    )
    window = rows[2000:].rename({"y": LABEL} | {name: f"__{name}__" for name in answers})
    found = quality(reference, window, Settings())
    truth = float(np.mean([roc_auc_score(y[2000:] == c, p[2000:, c]) for c in range(3)]))
    assert found.metrics[0].value == pytest.approx(truth, abs=1e-12)
    assert abs(found.off["roc_auc"] or 1) < 0.04


@pytest.mark.parametrize(
    ("value", "se", "verdict"),
    [(0.001, 0.003, "equivalent"), (-0.03, 0.003, "worse"), (0.03, 0.003, "better"), (-0.005, 0.01, "unknown"),
     (0.012, 0.0005, "better")],
)  # fmt: skip
def test_two_one_sided_tests(value: float, se: float, verdict: str) -> None:
    window, reference = Interval(0.9 + value, 0.0, 1.0, se), Interval(0.9, 0.0, 1.0, 0.0)
    found = compared("roc_auc", window, reference, 10_000, 0.01)
    assert found.verdict == verdict
    assert found.difference_low == pytest.approx(value - 1.645 * se, abs=1e-5)
    mirrored = compared("brier", Interval(0.9 - value, 0, 1, se), reference, 10_000, 0.01)
    assert mirrored.verdict == verdict
    assert compared("roc_auc", window, reference, 9, 0.01).verdict == "unknown"


def test_rows_needed_show_it() -> None:
    reference = Interval(0.9, 0.89, 0.91, 0.002)
    rows = rows_needed(Interval(0.9, 0.8, 1.0, 0.02), reference, 500, 0.01)
    assert rows is not None
    rng, se = np.random.default_rng(0), 0.02 * (500 / rows) ** 0.5
    shown = [
        compared("roc_auc", Interval(0.9 + each, 0, 1, se), reference, 10_000, 0.01).verdict == "equivalent"
        for each in rng.normal(0, np.hypot(se, 0.002), 2000)
    ]
    assert 0.77 < np.mean(shown) < 0.83
    assert rows_needed(Interval(0.9, 0.8, 1.0, 0.02), Interval(0.9, 0.8, 1.0, 0.01), 500, 0.01) is None
