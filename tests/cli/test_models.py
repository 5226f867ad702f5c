"""`mfbench models` on what the facade says: plain values, and files that are checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mfbench.api.workbench import Workbench
from mfbench.cli import main
from mfbench.core.errors import DamageError, UsageError
from tests.tui.support import unpacked


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(unpacked(tmp_path))
    return tmp_path


def spoken(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["mfbench", *words])
    code = main()
    told = capsys.readouterr()
    return code, told.out, told.err


def test_verify_reads_every_file(
    demo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = spoken(capsys, monkeypatch, "models", "verify", "churn", "--json")
    found = json.loads(out)
    assert (code, found["name"], found["version"], found["files"]) == (0, "churn", 1, 9)
    bench = Workbench.open(demo)
    digest = bench.model_card("churn")["manifest"]["files"]["reference.parquet"]["sha256"]
    (bench.workspace.blobs / digest).chmod(0o600)
    (bench.workspace.blobs / digest).write_bytes(b"not what was registered")
    code, out, err = spoken(capsys, monkeypatch, "models", "verify", "churn")
    assert (code, out) == (1, "")
    assert digest[:12] in err
    with pytest.raises(DamageError):
        bench.verify_model("churn:1")


def test_history_says_in_words_what_was_done(
    demo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = spoken(capsys, monkeypatch, "models", "alias", "churn", "canary", "2", "--json")
    assert (code, json.loads(out)) == (0, {"name": "churn", "alias": "canary", "version": 2, "previous": None})
    _, out, _ = spoken(capsys, monkeypatch, "models", "history", "churn", "--json")
    assert json.loads(out)[-1]["what"] == "alias canary set to version 2"
    _, out, _ = spoken(capsys, monkeypatch, "models", "history", "churn")
    assert out.splitlines()[-1].split("\t")[1] == "alias canary set to version 2"


def test_refused_runs_are_those_that_nobody_has_registered(demo: Path) -> None:
    bench = Workbench.open(demo)
    [row] = bench.refused_runs()
    assert (row["model"], row["first"], [gate["name"] for gate in row["gates"]]) == (
        "strict",
        True,
        ["roc_auc >= 0.99"],
    )
    bench.approve(row["run"], "known to be hard")
    assert bench.refused_runs() == []
    assert bench.model_card("strict")["decided"][-1]["reason"] == "known to be hard"


def test_a_deleted_run_is_nothing_to_approve(demo: Path) -> None:
    bench = Workbench.open(demo)
    bench.delete_runs([bench.refused_runs()[0]["run"]])
    assert bench.refused_runs() == []


def test_lineage_goes_from_data_to_the_version(demo: Path) -> None:
    bench = Workbench.open(demo)
    found = bench.model_lineage("churn:2")
    assert (found["data"][0]["source"], found["data"][0]["rows"]) == ("customers.parquet", 6000)
    assert found["run"]["overrides"] == ["model.C=0.001"]
    assert found["version"]["digest"] == bench.registry.find("churn:2").digest
    assert found["deployments"] == []


def test_a_bundle_is_exported_to_an_empty_folder_alone(demo: Path) -> None:
    bench = Workbench.open(demo)
    (demo / "full").mkdir()
    (demo / "full" / "mine").touch()
    for place in ("full", "customers.parquet"):
        with pytest.raises(UsageError):
            bench.export_model("churn", demo / place)
    assert (demo / "customers.parquet").stat().st_size > 1000
    bench.export_model("churn", demo / "bundle")
    assert (demo / "bundle" / "manifest.json").is_file()
