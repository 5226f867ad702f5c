"""All columns together: no false finds, real ones found, and said which columns tell."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom, mannwhitneyu

from mfbench.drift.classifier import Coding, alike
from mfbench.drift.joint import joint
from mfbench.drift.reference import Reference
from mfbench.drift.seen import UNIT
from mfbench.drift.separation import mann_whitney, separation, together
from mfbench.stats.delong import delong
from tests.drift.sides import WEATHER, flight_sides, flights


def test_nothing_changed_is_seldom_a_find() -> None:
    p = []
    for seed in range(80):
        reference, window = flight_sides(500, seed, 400)
        p.append(joint(reference, window, seed=seed).p)
    finds = sum(each is not None and each <= 0.1 for each in p)
    assert finds <= binom.ppf(0.999, 80, 0.1)
    assert np.median([each for each in p if each is not None]) > 0.3  # nor is p stuck at a small value


def test_days_that_go_together_are_no_find_but_would_be_by_rows() -> None:
    days = flights()["day"].unique().sort().to_numpy()
    finds = 0
    for seed in range(30):
        order = np.random.default_rng(seed).permutation(days)
        rows = flights().filter(pl.col("day").is_in(order[:40].tolist())).sample(1200, seed=seed)
        window = flights().filter(pl.col("day").is_in(order[40:60].tolist())).sample(800, seed=seed)
        reference = Reference.of(rows, inputs=WEATHER, task="classification", classes=(0, 1), unit="day")
        found = joint(reference, window.select(*WEATHER, pl.col("day").alias(UNIT)), seed=seed, segments=False)
        assert found.p is not None
        finds += found.p <= 0.1
    assert finds <= binom.ppf(0.999, 30, 0.1)


def test_too_few_units_have_no_p() -> None:
    day = sorted(flights()["day"].unique().to_list())
    rows = flights().filter(pl.col("day").is_in(day[:40])).sample(1000, seed=0)
    window = flights().filter(pl.col("day").is_in(day[200:206])).sample(600, seed=0)
    reference = Reference.of(rows, inputs=WEATHER, task="classification", classes=(0, 1), unit="day")
    found = joint(reference, window.select(*WEATHER, pl.col("day").alias(UNIT)), seed=0)
    assert found.p is None
    assert "6 units" in found.note
    assert found.auc is not None
    assert found.auc > 0.8  # another season


def test_two_columns_that_no_longer_go_together() -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(size=(2, 4000))
    b = a + 0.3 * rng.normal(size=(2, 4000))
    kind = pl.Series("kind", ["x", "y", None, "x"] * 1000)
    reference = Reference.of(
        pl.DataFrame({"a": a[0], "b": b[0], "kind": kind}), inputs=["a", "b", "kind"], task="regression"
    )
    apart = pl.DataFrame({"a": a[1], "b": rng.permutation(b[1]), "kind": kind})
    found = joint(reference, apart, seed=3)
    assert found.p is not None
    assert found.p < 1e-6
    assert found.auc is not None
    assert found.low is not None
    assert found.high is not None
    assert 0.5 < found.low < found.auc < found.high < 1
    assert {name for name, _ in found.columns[:2]} == {"a", "b"}
    assert found == joint(reference, apart, seed=3)


def test_all_rows_told_apart_is_no_certainty() -> None:
    reference = Reference.of(pl.DataFrame({"a": np.arange(300.0)}), inputs=["a"], task="regression")
    found = joint(reference, pl.DataFrame({"a": np.arange(300.0) + 5000}), seed=0)
    assert found.auc == 1
    assert found.low is not None
    assert 0.95 < found.low < 1


def test_a_column_that_is_missing_does_not_hide_the_others() -> None:
    reference, window = flight_sides(1000, 0)
    found = joint(reference, window.drop("temp").with_columns(pl.lit(None, pl.String).alias("carrier")), seed=0)
    assert found.p is not None
    assert found.p > 0.01
    assert "carrier" in found.note
    assert "temp" in found.note


@pytest.mark.parametrize("rows", [0, 1, 49])
def test_few_rows_are_not_judged(rows: int) -> None:
    reference, window = flight_sides(200, 0)
    found = joint(reference, window[:rows], seed=0)
    assert (found.auc, found.p, found.rows) == (None, None, rows)
    assert "too few" in found.note


def test_odd_columns_are_borne() -> None:
    n = 200
    odd = pl.DataFrame({
        "^.*$": [float("inf"), float("nan"), None, -1e308] * (n // 4), "text": [f"<b>{i}</b>" for i in range(n)],
        "list": [[1, 2]] * n, "null": [None] * n, "flag": [True, None] * (n // 2),
        "when": pl.datetime_range(pl.datetime(2020, 1, 1), pl.datetime(2020, 1, 1), eager=True).sample(
            n, with_replacement=True),
    })  # fmt: skip
    reference = Reference.of(odd, inputs=odd.columns, task="regression")
    found = joint(reference, odd, seed=0)
    assert found.auc is not None
    text = odd.with_columns(pl.col("text") + "a" * 50)
    assert (joint(reference, text, seed=0).auc or 0) > 0.95  # by its length


def test_a_column_with_hardly_a_value_is_borne() -> None:
    rng = np.random.default_rng(0)
    x, sparse = rng.normal(size=600), [1.0] + [None] * 298 + [float("nan")]
    rows = pl.DataFrame({"x": x, "sparse": sparse * 2})
    reference = Reference.of(rows[:300], inputs=rows.columns, task="regression")
    for seed in range(6):  # in some of them the values lie all in one half
        assert joint(reference, rows[300:], seed=seed).auc is not None


def test_separation_agrees_with_scipy_and_delong() -> None:
    rng = np.random.default_rng(0)
    scores, side = rng.integers(0, 20, 300).astype(float), rng.random(300) < 0.4
    found = separation(scores, side, None)
    ranks = mannwhitneyu(scores[side], scores[~side], alternative="greater").pvalue
    assert mann_whitney(scores[side], scores[~side]) == pytest.approx(ranks, rel=1e-12)
    assert found.p is not None
    assert found.p <= 2 * ranks
    se = delong(side, scores, np.zeros(300)).se
    assert found.variance**0.5 == pytest.approx(se, rel=1e-9)
    alone = separation(scores, side, np.arange(300))
    assert alone.variance == pytest.approx(found.variance, rel=0.02)
    twice = separation(np.repeat(scores, 4), np.repeat(side, 4), np.repeat(np.arange(300), 4))
    assert twice.variance == pytest.approx(alone.variance, rel=1e-9)  # copies say nothing new
    assert together([found, found], 100)[3] == min(1, 2 * (found.p or 1))


def test_coding_knows_values_not_rows() -> None:
    frame = pl.DataFrame({"word": ["b", "a", None, "b"], "x": [1, None, 3, 4]})
    coding = Coding.of(frame)
    assert coding.categorical.tolist() == [True, False]
    found = coding.matrix(pl.DataFrame({"word": ["a", "b", "new", None]}))
    np.testing.assert_array_equal(found[:, 0], [0, 1, 2, np.nan])
    assert np.isnan(found[:, 1]).all()
    assert alike(frame, frame.with_columns(pl.lit(None).alias("x")))[2] == ["x"]
