"""What gates said of models, and what people did about it, as the ledger keeps it."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest

from mfbench.bundle.pack import pack
from mfbench.core.errors import UsageError
from mfbench.journal.blobs import Blobs
from mfbench.journal.ledger import read_ledger
from mfbench.journal.segment import SegmentWriter
from mfbench.registry.approval import approve
from mfbench.registry.judged import record
from mfbench.registry.models import Registry


def gate(name: str = "auc >= 0.9", *, passed: bool = True, **more: Any) -> dict[str, Any]:
    return {"name": name, "verdict": "passed" if passed else "refused", "passed": passed, "observed": 0.7, "bound": 0.9,
            "note": "", "difference": None, "low": None, "high": None, "rows": 100, "segments": [], **more}  # fmt: skip


def judged(*gates: dict[str, Any], data: str = "rows", against: str | None = None) -> dict[str, Any]:
    return {"gates": list(gates), "data": data, "against": against}


class TestJudged:
    def entries(self, registry: Registry) -> list[Any]:
        return [entry for entry in read_ledger(registry.workspace.ledger) if entry.kind == "model.judged"]

    def test_each_model_counts_once_for_the_rows_that_judged_it(self, registry: Registry) -> None:
        ledger = registry.workspace.ledger
        assert record(ledger, "m", "r1", "a", judged(gate())) == 1
        assert record(ledger, "m", "r2", "a", judged(gate())) == 1
        assert record(ledger, "m", "r3", "b", judged(gate())) == 2
        assert record(ledger, "other", "r4", "c", judged(gate())) == 3
        assert record(ledger, "m", "r5", "d", judged(gate(), data="other rows")) == 1
        assert record(ledger, "m", "r6", "a", judged(gate())) == 3
        assert [entry.body["run"] for entry in self.entries(registry)] == ["r1", "r3", "r4", "r5"]

    def test_another_champion_another_gate_or_another_result_is_another_judgement(self, registry: Registry) -> None:
        ledger = registry.workspace.ledger
        for case in (judged(gate()), judged(gate(), against="m:1"), judged(gate("auc >= 0.8")),
                     judged(gate(passed=False)), judged(gate(), gate("f1 > 0"))):  # fmt: skip
            assert record(ledger, "m", "r", "a", case) == 1
            assert record(ledger, "m", "r", "a", case) == 1
        assert len(self.entries(registry)) == 5

    def test_what_was_measured_anew_is_no_new_judgement(self, registry: Registry) -> None:
        for observed in (4.1, 4.2):
            record(registry.workspace.ledger, "m", "r", "a", judged(gate("latency_ms <= 5", observed=observed)))
        assert len(self.entries(registry)) == 1

    def test_a_refusal_keeps_its_reason_and_rows(self, registry: Registry) -> None:
        refused = gate("auc >= champion", passed=False, observed=math.nan, note="too few", rows=7, low=-math.inf)
        record(registry.workspace.ledger, "m", "r", "a", judged(gate(), refused, against="m:1"))
        [entry] = self.entries(registry)
        assert (entry.body["passed"], entry.body["digest"], entry.body["against"]) == (False, "a", "m:1")
        assert entry.reason == "refused by 1 gate: auc >= champion"
        kept = entry.body["gates"][1]
        assert (kept["note"], kept["rows"], kept["observed"], kept["low"]) == ("too few", 7, "nan", "-inf")
        assert "segments" not in kept

    def test_without_gates_nothing_is_judged(self, registry: Registry) -> None:
        assert record(registry.workspace.ledger, "m", "r", "a", judged()) is None
        assert self.entries(registry) == []

    def test_a_model_that_was_only_ever_refused_has_a_history(self, registry: Registry) -> None:
        record(registry.workspace.ledger, "m", "r", "a", judged(gate(passed=False)))
        assert [entry.kind for entry in registry.history("m")] == ["model.judged"]
        assert registry.models() == {}


class TestApprove:
    """Of a run whose journal tells of a bundle and its gates."""

    @pytest.fixture
    def digest(self, registry: Registry, tmp_path: Path) -> str:
        folder = tmp_path / "bundle"
        folder.mkdir()
        (folder / "weights").write_text("1")
        facts = dict.fromkeys(("task", "flavor", "estimator", "target", "python"), "x")
        lists = dict.fromkeys(("classes", "inputs", "outputs", "features", "requirements"), ())
        pack(folder, name="m", metrics={"auc": 0.7, "r2": math.nan}, **facts, **lists)
        return Blobs(registry.workspace.blobs).put((folder / "manifest.json").read_bytes())

    def run(self, registry: Registry, digest: str | None, *events: list[Any], status: str = "finished",
            model: Any = None) -> str:  # fmt: skip
        run, marker = registry.workspace.new_run({})
        writer = SegmentWriter(registry.workspace.run_folder(run) / "events", "driver", run=run)
        writer.write("run.started", {"recipe": "late", "host": "h", "python": "3.11", "secret": "s"})
        if digest is not None:
            writer.write("artifact", "package/bundle/manifest.json", digest, 10, "")
        for event in events:
            writer.write(*event)
        if status != "running":
            writer.write("run.ended", status, None, model)
        writer.close()
        os.close(marker)
        return run

    REFUSED = (["gate", "auc >= 0.9", False, 0.7, 0.9, None, "why", "refused"], ["gate", "f1 > 0", True, 0.5, 0.0],
               ["judged", "rows", 1])  # fmt: skip

    def test_a_refused_model_becomes_a_version(
        self, registry: Registry, digest: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MFBENCH_ACTOR", "ada")
        run = self.run(registry, digest, *self.REFUSED)
        version = approve(registry, run, "a strike week")
        assert (version.name, version.digest, version.run, version.actor, version.reason) == (
            "m:1", digest, run, "ada", "a strike week",
        )  # fmt: skip
        assert version.metrics["auc"] == 0.7
        assert math.isnan(version.metrics["r2"])
        assert version.data == "rows"
        provenance = Blobs(registry.workspace.blobs).read(version.provenance)
        assert b'"recipe": "late"' in provenance
        assert b"secret" not in provenance
        approval, registered, alias = registry.history("m")
        assert [entry.kind for entry in (approval, registered, alias)] == [
            "model.approval", "model.version", "model.alias",
        ]  # fmt: skip
        assert (approval.actor, approval.reason, approval.body["version"]) == ("ada", "a strike week", 1)
        assert [(over["name"], over["note"]) for over in approval.body["overrides"]] == [("auc >= 0.9", "why")]
        assert registry.decided(digest) == [approval]

    def test_it_takes_the_next_number_and_an_alias_only_when_asked(self, registry: Registry, digest: str) -> None:
        registry.register("m", "first", {"run": "r", "metrics": {}}, reason="", alias=None, compared_with=None)
        approve(registry, self.run(registry, digest, *self.REFUSED), "because", alias="canary")
        assert registry.model("m").aliases == {"champion": 1, "canary": 2}

    def test_the_last_word_of_a_gate_counts(self, registry: Registry, digest: str) -> None:
        """The champion had changed: the gates were judged twice."""
        again = ["gate", "auc >= 0.9", True, 0.7, 0.9, "m:2", "", "passed"]
        run = self.run(registry, digest, *self.REFUSED, again)
        with pytest.raises(UsageError, match="was not refused"):
            approve(registry, run, "because")

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"status": "failed"}, "made no model to approve"),
            ({"status": "running"}, "made no model to approve"),
            ({"status": "stopped"}, "made no model to approve"),
            ({"model": {"name": "m", "version": 4}}, "was not refused: it registered m:4"),
        ],
    )
    def test_what_cannot_be_approved(self, registry: Registry, digest: str, options: dict[str, Any], told: str) -> None:
        with pytest.raises(UsageError, match=told):
            approve(registry, self.run(registry, digest, *self.REFUSED, **options), "because")
        assert read_ledger(registry.workspace.ledger) == []

    def test_a_run_without_a_bundle_a_refusal_or_a_reason(self, registry: Registry, digest: str) -> None:
        with pytest.raises(UsageError, match="made no model"):
            approve(registry, self.run(registry, None, *self.REFUSED), "because")
        with pytest.raises(UsageError, match="its recipe registers nothing"):
            approve(registry, self.run(registry, digest), "because")
        run = self.run(registry, digest, *self.REFUSED)
        for reason in ("", "  \n"):
            with pytest.raises(UsageError, match="an approval needs a reason"):
                approve(registry, run, reason)
        with pytest.raises(UsageError, match="cannot be an alias"):
            approve(registry, run, "because", alias="a b")
        assert read_ledger(registry.workspace.ledger) == []

    def test_once(self, registry: Registry, digest: str) -> None:
        approve(registry, self.run(registry, digest, *self.REFUSED), "because")
        with pytest.raises(UsageError, match="made m:1, which is registered already"):
            approve(registry, self.run(registry, digest, *self.REFUSED), "again")

    def test_a_run_that_is_not_over(self, registry: Registry, digest: str) -> None:
        run, marker = registry.workspace.new_run({})
        with pytest.raises(UsageError, match="not over yet"):
            approve(registry, run, "because")
        os.close(marker)
