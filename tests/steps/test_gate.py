"""What the gates say of a model: alone, beside a champion, by segment, and where nothing can be said."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from mfbench.bundle.model import Model
from mfbench.core.errors import DamageError
from mfbench.data.target import TARGET, WEIGHT
from tests.steps.court_case import CourtCase, bundle, people

TRAIN, TEST = people(1500, 1), people(1200, 2, first=10_000)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("bundles")
    return {
        "good": bundle(place / "good", TRAIN),
        "like": bundle(place / "like", people(1500, 3, first=50_000)),
        "weak": bundle(place / "weak", TRAIN, ("income",)),
    }


@pytest.fixture
def good(tmp_path: Path, bundles: dict[str, Path]) -> CourtCase:
    return CourtCase(tmp_path / "case", TRAIN, TEST, bundles["good"])


@pytest.fixture
def weak(tmp_path: Path, bundles: dict[str, Path]) -> CourtCase:
    return CourtCase(tmp_path / "case", TRAIN, TEST, bundles["weak"])


def only(found: dict[str, Any]) -> dict[str, Any]:
    [gate] = found["gates"]
    assert isinstance(gate, dict)
    return gate


def test_numbers(good: CourtCase) -> None:
    gates = ("roc_auc >= 0.5", "roc_auc >= 0.99", "log_loss <= 10", "log_loss < 0.01")
    found = good.judge(*gates)
    assert [(gate["verdict"], gate["passed"]) for gate in found["gates"]] == [
        ("passed", True), ("refused", False), ("passed", True), ("refused", False),
    ]  # fmt: skip
    assert found["gates"][0]["observed"] == good.metrics["roc_auc"]
    events = [event[1:] for event in good.events if event[0] == "gate"]
    assert events[1] == ["roc_auc >= 0.99", False, good.metrics["roc_auc"], 0.99, None, "", "refused", None, None, None]


def test_without_a_champion_its_gates_pass_and_say_so(good: CourtCase) -> None:
    found = good.judge("roc_auc >= champion - 0.005", "roc_auc >= champion - 0.02 by city")
    assert {(gate["verdict"], gate["note"]) for gate in found["gates"]} == {
        ("passed", "there is no other champion to compare with")
    }
    assert (found["against"], found["rows"], found["excluded"], found["excluded_known"]) == (None, 1200, 0, True)


def test_the_champion_need_not_beat_itself(good: CourtCase, bundles: dict[str, Path]) -> None:
    gate = only(good.judge("roc_auc > champion", champion=bundles["good"]))
    assert (gate["verdict"], gate["note"], gate["against"]) == ("passed", "it is the champion", "m:1")


def test_both_are_measured_on_the_same_rows(good: CourtCase, bundles: dict[str, Path]) -> None:
    found = good.judge("roc_auc >= champion - 0.005", champion=bundles["weak"])
    theirs = Model.load(bundles["weak"]).predict(TEST)["probability"]
    expected = roc_auc_score(TEST[TARGET], theirs)
    gate = only(found)
    assert (gate["verdict"], gate["method"], gate["rows"]) == ("passed", "delong", 1200)
    assert gate["bound"] == pytest.approx(expected - 0.005)
    assert gate["difference"] == pytest.approx(good.metrics["roc_auc"] - expected)
    assert found["champion_metrics"]["roc_auc"]["value"] == pytest.approx(expected)
    assert gate["low"] < gate["difference"] < gate["high"]


def test_a_worse_model_is_refused(weak: CourtCase, bundles: dict[str, Path]) -> None:
    found = weak.judge("roc_auc >= champion - 0.02", "log_loss <= champion + 0.02", champion=bundles["good"])
    assert [(gate["verdict"], gate["passed"]) for gate in found["gates"]] == [("refused", False)] * 2
    assert all("it is worse than the gate allows" in gate["note"] for gate in found["gates"])
    assert found["gates"][0]["high"] < -0.02
    assert found["gates"][1]["low"] > 0.02


def test_what_is_not_shown_is_unknown_and_says_how_much_is_missing(good: CourtCase, bundles: dict[str, Path]) -> None:
    """The champion learned from other rows of the same kind: neither is better, and a margin of 0 is hard to show."""
    gate = only(good.judge("log_loss <= champion", champion=bundles["like"]))
    assert (gate["verdict"], gate["passed"]) == ("unknown", False)
    assert "not shown at 95% confidence" in gate["note"]
    assert "more row" in gate["note"]
    assert gate["low"] < 0 < gate["high"]
    assert gate["detectable"] > 0
    assert only(good.judge("log_loss <= champion + 0.02", champion=bundles["like"]))["verdict"] == "passed"


def test_zero_variance_means_equal(good: CourtCase, bundles: dict[str, Path], tmp_path: Path) -> None:
    """The same model under another digest."""
    twin = bundle(tmp_path / "twin", TRAIN, name="twin")
    gates = ("roc_auc >= champion", "roc_auc > champion", "log_loss <= champion - 0.001")
    found = good.judge(*gates, champion=twin)
    assert [gate["verdict"] for gate in found["gates"]] == ["passed", "refused", "refused"]
    assert {gate["method"] for gate in found["gates"]} == {"equal"}
    assert found["gates"][0]["low"] == found["gates"][0]["high"] == 0


def test_the_unit_decides_the_method(good: CourtCase, bundles: dict[str, Path]) -> None:
    by_day = only(good.judge("roc_auc >= champion", champion=bundles["weak"], split={"unit": "day"}))
    assert (by_day["method"], by_day["units"]) == ("bootstrap by day", 60)
    weighted = TEST.with_columns(pl.Series(WEIGHT, np.arange(TEST.height) % 3 + 1.0))
    train = TRAIN.with_columns(pl.lit(1.0).alias(WEIGHT))
    case = CourtCase(good.place / "weighted", train, weighted, bundles["good"])
    assert only(case.judge("roc_auc >= champion", champion=bundles["weak"]))["method"] == "bootstrap by row"


class TestRowsThatTheChampionHasSeen:
    def test_are_left_out_for_both(self, good: CourtCase, tmp_path: Path) -> None:
        seen = bundle(tmp_path / "seen", pl.concat([TRAIN, TEST.head(700)]))
        found = good.judge("roc_auc >= champion - 0.05", champion=seen)
        assert (found["rows"], found["excluded"], found["excluded_known"]) == (500, 700, True)
        gate, rest = only(found), TEST.tail(500)
        ours, theirs = (Model.load(folder).predict(rest)["probability"] for folder in (good.model, seen))
        assert gate["observed"] == pytest.approx(roc_auc_score(rest[TARGET], ours))
        assert gate["bound"] == pytest.approx(roc_auc_score(rest[TARGET], theirs) - 0.05)
        assert gate["rows"] == 500
        assert any("700 of 1,200 held-out rows left out" in event[2] for event in good.events if event[0] == "log")

    def test_are_left_out_of_segments_too(self, good: CourtCase, tmp_path: Path) -> None:
        seen = bundle(tmp_path / "seen", pl.concat([TRAIN, TEST.filter(city="rome")]))
        found = good.judge("roc_auc >= champion - 0.2 by city", champion=seen)
        rest = TEST.filter(pl.col("city") != "rome")
        counts = {segment["value"]: segment["rows"] for segment in only(found)["segments"]}
        assert counts == dict(rest["city"].value_counts().iter_rows())

    def test_too_few_left_is_unknown_and_says_what_to_do(self, good: CourtCase, tmp_path: Path) -> None:
        seen = bundle(tmp_path / "seen", pl.concat([TRAIN, TEST.head(1150)]))
        gate = only(good.judge("roc_auc >= champion - 0.05", champion=seen))
        assert (gate["verdict"], gate["passed"], gate["rows"]) == ("unknown", False, 50)
        assert "50 rows of 1,200 held out left that m:1 was not trained on" in gate["note"]
        assert "needed are 100 rows (register.min_rows)" in gate["note"]
        assert "hold out newer rows" in gate["note"]
        assert "data.key" not in gate["note"]
        assert gate["observed"] == good.metrics["roc_auc"]
        passed = good.judge("roc_auc >= champion - 0.2", champion=seen, min_rows=50)
        assert only(passed)["rows"] == 50

    def test_without_a_key_alike_rows_count_as_one_and_it_says_so(self, tmp_path: Path) -> None:
        few = [frame.select((pl.col("age") > 0).cast(pl.Int64), "bought", TARGET) for frame in (TRAIN, TEST)]
        champion = bundle(tmp_path / "champion", few[0], ("age",), key=None)
        model = bundle(tmp_path / "model", few[0], ("age",), key=None, name="other")
        case = CourtCase(tmp_path / "case", *few, model, key=None)
        gate = only(case.judge("roc_auc >= champion", champion=champion))
        assert (gate["verdict"], gate["rows"]) == ("unknown", 0)
        assert "give the data a row id (data.key)" in gate["note"]

    def test_a_key_that_the_rows_lack_leaves_it_open(self, good: CourtCase, tmp_path: Path) -> None:
        """Then the champion may have an advantage, which refuses rather too much than too little."""
        stranger = bundle(tmp_path / "stranger", TRAIN.with_columns(pl.col("id").alias("other")), key="other")
        found = good.judge("roc_auc >= champion - 0.05", champion=stranger)
        assert (found["excluded_known"], found["excluded"], found["rows"]) == (False, 0, 1200)
        assert any("does not tell its training rows" in event[2] for event in good.events if event[0] == "log")

    def test_few_units_are_few_however_many_rows(self, good: CourtCase, bundles: dict[str, Path]) -> None:
        gate = only(good.judge("roc_auc >= champion - 0.05", champion=bundles["like"], split={"unit": "city"}))
        assert (gate["verdict"], gate["units"]) == ("unknown", 3)
        assert "1,200 rows held out (3 values of city): needed are" in gate["note"]


class TestSegments:
    def test_a_segment_that_got_worse_refuses(self, tmp_path: Path) -> None:
        """In rome the model guesses; elsewhere it is as good as the champion."""
        torn = TEST.with_columns(pl.when(pl.col("city") == "rome").then(-pl.col("age")).otherwise("age").alias("age2"))
        train = TRAIN.with_columns(pl.col("age").alias("age2"))
        model, champion = bundle(tmp_path / "m", train, ("age2",)), bundle(tmp_path / "c", train, ("age",))
        gate = only(CourtCase(tmp_path / "x", train, torn, model).judge("roc_auc >= champion - 0.02 by city",
                                                                      champion=champion))  # fmt: skip
        assert (gate["verdict"], gate["passed"]) == ("refused", False)
        verdicts = {segment["value"]: segment["verdict"] for segment in gate["segments"]}
        assert verdicts == {"rome": "refused", "oslo": "passed", "bonn": "passed"}
        assert "1 of 3 segments worse than allowed: rome" in gate["note"]

    def test_a_small_segment_is_unknown_stops_nobody_and_is_never_called_passed(
        self, good: CourtCase, bundles: dict[str, Path], tmp_path: Path
    ) -> None:
        rare = TEST.with_columns(
            pl.when(pl.int_range(pl.len()) < 12).then(pl.lit("bari")).otherwise("city").alias("city")
        )
        case = CourtCase(tmp_path / "rare", TRAIN, rare, bundles["good"])
        gate = only(case.judge("roc_auc >= champion - 0.1 by city", champion=bundles["like"]))
        assert (gate["verdict"], gate["passed"]) == ("unknown", True)
        last = gate["segments"][-1]
        assert (last["value"], last["rows"], last["verdict"]) == ("bari", 12, "unknown")
        assert "not shown for 1 of 4 segments: bari (12 rows: too few)" in gate["note"]
        assert case.events[-1][1:3] == [gate["name"], True]
        assert case.events[-1][7] == "unknown"

    def test_too_little_power_says_what_would_have_been_seen(self, good: CourtCase, bundles: dict[str, Path]) -> None:
        gate = only(good.judge("log_loss <= champion by city", champion=bundles["like"], confidence=0.999))
        assert (gate["verdict"], gate["passed"]) == ("unknown", True)
        detectable = [segment["detectable"] for segment in gate["segments"]]
        assert all(loss > 0 for loss in detectable)
        assert "would have been seen" in gate["note"]

    def test_against_a_number(self, good: CourtCase) -> None:
        accuracy = "balanced_accuracy >= {} by city"
        found = good.judge(accuracy.format(0.6), accuracy.format(0.75), accuracy.format(0.95))
        assert [gate["verdict"] for gate in found["gates"]] == ["passed", "unknown", "refused"]
        predicted = Model.load(good.model).predict(TEST)["prediction"]
        for segment in found["gates"][0]["segments"]:
            mask = (TEST["city"] == segment["value"]).to_numpy()
            expected = balanced_accuracy_score(TEST["bought"].filter(mask), predicted.filter(mask))
            assert segment["observed"] == pytest.approx(expected)
            assert segment["low"] < expected < segment["high"]

    def test_missing_values_derived_features_and_many_values(self, tmp_path: Path, bundles: dict[str, Path]) -> None:
        rows = TEST.with_columns(
            pl.when(pl.col("id") % 10 == 0).then(None).otherwise("city").alias("city"),
            (pl.col("id") % 400).cast(pl.String).alias("many"),
        )
        train = TRAIN.with_columns(pl.lit("x").alias("many"))
        case = CourtCase(tmp_path / "case", train, rows, bundles["good"])
        found = case.judge("f1 >= 0.1 by city", "f1 >= 0.1 by many", "f1 >= 0.1 by old",
                           features={"old": {"expr": "age > 0"}})  # fmt: skip
        city, many, old = (
            {segment["value"]: segment["rows"] for segment in gate["segments"]} for gate in found["gates"]
        )
        assert city["(missing)"] == 120
        assert (len(many), many["other (350 values)"]) == (51, 1050)
        assert set(old) == {"true", "false"}
        assert all(sum(counts.values()) == 1200 for counts in (city, many, old))


class TestGap:
    def test_it_is_the_largest_minus_the_smallest(self, good: CourtCase) -> None:
        found = good.judge("recall gap by city <= 0.5", "recall gap by city <= 0.0001", "recall gap by city < 0.9")
        predicted = Model.load(good.model).predict(TEST)["prediction"]
        recalls = {}
        for city in ("oslo", "rome", "bonn"):
            true = (TEST["city"] == city) & (TEST["bought"] == "yes")
            recalls[city] = float((predicted.filter(true) == "yes").mean())
        expected = max(recalls.values()) - min(recalls.values())
        wide, narrow, _ = found["gates"]
        assert wide["observed"] == pytest.approx(expected)
        assert [gate["verdict"] for gate in found["gates"]] == ["passed", "refused", "passed"]
        assert wide["low"] < wide["high"]
        assert {segment["value"]: segment["observed"] for segment in narrow["segments"]} == pytest.approx(recalls)

    def test_small_groups_are_left_out_and_one_group_has_no_gap(self, good: CourtCase) -> None:
        shares = TEST["city"].value_counts().sort("count")["count"].to_list()
        gate = only(good.judge("recall gap by city <= 1", min_rows=shares[1]))
        assert "1 group with too few rows left out" in gate["note"]
        assert [segment["verdict"] for segment in gate["segments"]] == ["passed", "passed", "unknown"]
        none = only(good.judge("recall gap by city <= 1", min_rows=1000))
        assert (none["verdict"], none["passed"]) == ("unknown", False)
        assert "a gap needs two" in none["note"]


class TestCosts:
    def test_latency_and_size(self, good: CourtCase, bundles: dict[str, Path]) -> None:
        gates = ("latency_ms <= 60000", "latency_ms <= 0.000001", "size_mb <= 100", "size_mb <= champion + 1")
        found = good.judge(*gates, champion=bundles["weak"])
        assert [gate["verdict"] for gate in found["gates"]] == ["passed", "refused", "passed", "passed"]
        size = (
            sum(
                path.stat().st_size for path in good.model.rglob("*") if path.is_file() and path.name != "manifest.json"
            )
            / 1e6
        )
        assert found["gates"][2]["observed"] == pytest.approx(size)
        assert found["gates"][0]["observed"] > 0
        assert found["gates"][3]["against"] == "m:1"


class TestAChampionThatCannotBeAsked:
    """Each is a refused gate with its reason; the run goes on."""

    def refused(self, case: CourtCase, champion: Path) -> str:
        found = case.judge("roc_auc >= champion - 1", "roc_auc >= 0.5", champion=champion)
        assert [gate["verdict"] for gate in found["gates"]] == ["refused", "passed"]
        assert found["champion_metrics"] == {}
        return str(found["gates"][0]["note"])

    def test_other_inputs(self, good: CourtCase, tmp_path: Path) -> None:
        champion = bundle(tmp_path / "c", TRAIN.rename({"age": "years"}), ("years", "income"))
        assert "m:1 needs 'years', which these rows lack" in self.refused(good, champion)

    def test_other_classes(self, good: CourtCase, tmp_path: Path) -> None:
        assert "knows other classes: 'a', 'b'; this model 'no', 'yes'" in self.refused(
            good, bundle(tmp_path / "c", TRAIN, classes=("a", "b"))
        )
        turned = bundle(tmp_path / "d", TRAIN, classes=("yes", "no"))
        assert "has 'no' for its positive class, this model 'yes'" in self.refused(good, turned)

    def test_another_task(self, good: CourtCase, tmp_path: Path) -> None:
        champion = bundle(tmp_path / "c", TRAIN, task="regression", estimator="Ridge")
        assert "is a model for regression, this one for classification" in self.refused(good, champion)

    def test_a_file_that_was_changed_or_is_missing(self, good: CourtCase, tmp_path: Path) -> None:
        champion = bundle(tmp_path / "c", TRAIN, name="another")
        (champion / "features.json").write_text("{}")
        with pytest.raises(DamageError, match="is not what was packed"):  # and no verdict that outlives the damage
            good.judge("roc_auc >= champion - 1", champion=champion)
        (champion / "features.json").unlink()
        with pytest.raises(DamageError, match="a file of the bundle is missing"):
            good.judge("roc_auc >= champion - 1", champion=champion)

    def test_a_type_that_nobody_trusts(self, good: CourtCase, tmp_path: Path) -> None:
        champion = bundle(tmp_path / "c", TRAIN, estimator="tests.steps.odd.Odd")
        assert "tests.steps.odd.Odd" in self.refused(good, champion)
        trusted = good.judge("roc_auc >= champion - 1", champion=champion, trusted=["tests.steps.odd.Odd"])
        assert only(trusted)["verdict"] == "passed"

    def test_one_that_raises_or_answers_with_nothing(self, tmp_path: Path) -> None:
        rows = [frame.with_columns(pl.col(TARGET).cast(pl.Float64)) for frame in (TRAIN, TEST)]
        config = {"task": "regression", "trusted": ["tests.steps.odd.Broken", "tests.steps.odd.Silent"]}
        model = bundle(tmp_path / "m", rows[0], task="regression", estimator="Ridge")
        case = CourtCase(tmp_path / "case", *rows, model, **config)
        for name, told in (("Broken", "cannot be asked about these rows: ZeroDivisionError: broken"),
                           ("Silent", "gives no number for 1,200 rows")):  # fmt: skip
            champion = bundle(tmp_path / name, rows[0], task="regression", estimator=f"tests.steps.odd.{name}")
            gate = only(case.judge("mae <= champion + 1", champion=champion))
            assert (gate["verdict"], gate["note"]) == ("refused", f"m:1 {told}")


def test_regression_and_a_metric_without_a_value(tmp_path: Path) -> None:
    rows = [frame.with_columns((pl.col("age") * 3 + pl.col("income")).alias(TARGET)) for frame in (TRAIN, TEST)]
    model = bundle(tmp_path / "m", rows[0], ("age",), task="regression", estimator="Ridge")
    champion = bundle(tmp_path / "c", rows[0], task="regression", estimator="Ridge")
    case = CourtCase(tmp_path / "case", *rows, model, task="regression", metrics=["mae", "r2", "poisson_deviance"])
    found = case.judge("mae <= champion + 0.1", "poisson_deviance <= champion", "r2 >= 0.5", "poisson_deviance <= 9",
                       champion=champion)  # fmt: skip
    assert [gate["verdict"] for gate in found["gates"]] == ["refused", "unknown", "passed", "refused"]
    assert math.isnan(found["gates"][1]["observed"])
    assert "no value on these rows" in found["gates"][3]["note"]


def test_the_test_rows_have_one_name_whatever_was_trained(good: CourtCase, weak_rows: dict[str, Any]) -> None:
    assert good.judge("f1 >= 0")["data"] == weak_rows["data"]


@pytest.fixture
def weak_rows(tmp_path: Path, bundles: dict[str, Path]) -> dict[str, Any]:
    """The same held-out rows in another order, beside other training rows."""
    shuffled = TEST.sample(fraction=1, shuffle=True, seed=1)
    return CourtCase(tmp_path / "other", TRAIN.head(800), shuffled, bundles["weak"]).judge("f1 >= 0")
