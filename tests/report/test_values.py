"""What a report knows of a run, whatever the run has left."""

from __future__ import annotations

import math

import pytest

from mfbench.core import jsonio
from mfbench.core.errors import DamageError
from mfbench.report.summary import headline, summary
from mfbench.report.values import collect
from tests.report import samples


def test_a_whole_run() -> None:
    values = collect(samples.run_facts(), samples.reader(samples.binary()))
    assert list(values["metrics"])[:2] == ["roc_auc", "average_precision"]
    assert values["metrics"]["roc_auc"]["value"] == 0.7173
    assert values["metrics"]["f1"]["low"] is None
    assert math.isnan(values["metrics"]["f1"]["baseline"])
    assert values["run"]["seconds"] == 312
    assert values["rows"] == {"train": 288000, "test": 26339}
    assert values["provenance"]["dirty"] is True
    assert values["provenance"]["libraries"] == {"numpy": "2.3.1", "polars": "2.1.0"}
    assert values["profile"]["columns"][0]["name"] == "arr_delay > 15"
    assert (values["missing"], values["problems"]) == ([], [])


def test_the_first_paragraph_answers_a_readers_questions() -> None:
    told = " ".join(summary(collect(samples.run_facts(), samples.reader(samples.binary()))))
    assert "1 leakage alarm" in told
    assert (
        "On 26,339 held-out rows its ROC AUC is 0.717 (95 % interval 0.705 to 0.729, resampled by day, 28 of them)"
        in told
    )
    assert "A dummy that knows no feature scores 0.5." in told
    assert "The champion flight-delay:2 scores 0.7139" in told
    assert "weakest where origin = EWR and hour < 9" in told
    assert "It passed both of its gates. 7 models have been judged on this test set" in told
    assert told.endswith("Registered as flight-delay:3.")


def test_a_model_that_is_no_better_than_a_dummy_is_told_so() -> None:
    found = samples.evaluation()
    found["metrics"] = {"log_loss": {"value": 0.5, "low": 0.45, "high": 0.55, "greater": False, "baseline": 0.52}}
    values = collect(samples.run_facts(), samples.reader(samples.packed({"evaluate/evaluation.json": found})))
    assert "not clearly better than that" in " ".join(summary(values))


def test_refused_and_undecided_gates_are_told_apart() -> None:
    found = samples.gates()
    found["gates"][0] |= {"passed": False, "verdict": "refused", "observed": 0.61}
    found["gates"][1] |= {"passed": False, "verdict": "unknown", "note": "too few rows"}
    files = samples.packed({"gate/gates.json": found})
    told = " ".join(summary(collect(samples.run_facts(model=None), samples.reader(files))))
    assert "The gate roc_auc >= 0.68 refused it: 0.61, needs 0.68." in told
    assert "is undecided: 0.7173, needs 0.7089; too few rows" in told
    assert told.endswith("Not registered: it was refused.")
    assert "It passed" not in told
    found["gates"][0] |= {"passed": True, "verdict": "passed"}
    found["gates"][1] |= {"passed": True}
    let_through = samples.packed({"gate/gates.json": found})
    told = " ".join(summary(collect(samples.run_facts(), samples.reader(let_through))))
    assert "It passed 1 of its 2 gates. The gate roc_auc >= champion - 0.005 is undecided" in told
    approved = {"name": "m", "version": 4, "actor": "ada", "reason": "the old one is gone"}
    told = " ".join(summary(collect(samples.run_facts(model=None), samples.reader(files), registered=approved)))
    assert told.endswith("Registered as m:4 by ada: the old one is gone.")


def test_the_drivers_gates_come_before_the_workers() -> None:
    files = samples.packed(
        {"gate/gates.json": samples.gates() | {"used": None}, "register/gates.json": samples.gates()}
    )
    assert collect(samples.run_facts(), samples.reader(files))["gates"]["used"] == 7


def test_an_old_run_has_its_metrics_and_gates_from_its_events() -> None:
    gate = {"name": "roc_auc >= 0.9", "passed": False, "observed": 0.7, "bound": 0.9, "against": None, "note": ""}
    logged = [{"key": "roc_auc", "last": 0.7}, {"key": "my_loss", "last": 2.0}]
    values = collect(samples.run_facts(gates=[gate], run_metrics=logged), samples.reader({}))
    assert values["metrics"]["roc_auc"] == {"value": 0.7, "low": None, "high": None, "greater": True, "baseline": None}
    assert values["metrics"]["my_loss"]["greater"] is False
    assert values["gates"]["gates"][0]["verdict"] == "refused"
    assert any("intervals" in text and "made without it" in text for text in values["missing"])
    assert headline(values) == "roc_auc"


@pytest.mark.parametrize("status", ["running", "failed", "stopped", "timeout", "lost", "oom", "something new"])
def test_a_run_without_anything(status: str) -> None:
    run = {"run": "r", "name": None, "status": status, "error": "it broke"}
    values = collect(run, samples.reader({}))
    assert values["metrics"] == {}
    assert len(summary(values)) == 1
    assert ("going" if status == "running" else "it broke") in summary(values)[0]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"metrics": 3}', b"\xff\xfe", b"null", b"[" * 100_000])
def test_a_file_that_cannot_be_read_is_named(content: bytes) -> None:
    values = collect(samples.run_facts(), samples.reader({"evaluate/evaluation.json": content}))
    assert values["evaluation"] is None
    assert [text.split(" cannot")[0] for text in values["problems"]] == ["evaluate/evaluation.json"]


def test_a_lost_blob_is_named() -> None:
    def read(path: str) -> bytes:
        raise DamageError(f"blob of {path} is missing")

    values = collect(samples.run_facts(), read)
    assert any("explain.json" in text for text in values["problems"])
    assert values["recipe"]["text"] is None


def test_what_a_later_version_adds_is_no_reason_to_fail() -> None:
    found = samples.evaluation() | {"new": {"thing": 1}}
    values = collect(samples.run_facts(), samples.reader({"evaluate/evaluation.json": jsonio.dumps(found)}))
    assert values["evaluation"]["rows"] == 26339
