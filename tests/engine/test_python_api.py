"""The workbench from Python, in a process with threads and frameworks loaded, as in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import mfbench
from mfbench.core.errors import RecipeError, RunFailedError
from tests.support import Project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("api"))


@pytest.fixture(scope="module")
def bench(project: Project) -> mfbench.Workbench:
    bench = mfbench.Workbench.create(project.folder)
    bench.run(project.folder / "tiny.toml", name="first")
    return bench


def test_a_run_and_its_events(bench: mfbench.Workbench, project: Project) -> None:
    seen: list[Any] = []
    result = bench.run(
        project.folder / "tiny.toml", overrides=["model.C=0.5"], on_event=lambda _, event: seen.append(event)
    )
    assert result["status"] == "finished"
    kinds = [event[2] for event in seen if event]
    assert kinds.count("step.ended") == 11
    assert kinds[-1] == "run.ended"
    frame = bench.runs(where="metrics.roc_auc >= 0", sort="started")
    assert frame.height == 2
    assert frame["name"].to_list() == ["first", "tiny"]
    assert {"params.model.C", "metrics.log_loss"} <= set(frame.columns)
    assert bench.metrics(result["run"], "log_loss")["value"].to_list() == [result["metrics"]["log_loss"]]
    assert bench.sql("select count(*) as n from runs").row(0) == (2,)


def test_errors_keep_their_class(bench: mfbench.Workbench, project: Project) -> None:
    with pytest.raises(RecipeError, match="did you mean 'bought'") as caught:
        bench.run(project.folder / "tiny.toml", overrides=["data.target=boght"])
    assert caught.value.exit_code == 2
    with pytest.raises(RecipeError, match="there is no such recipe"):
        bench.run(project.folder / "none.toml")
    with pytest.raises(RunFailedError, match="the user's own mistake"):
        bench.run(project.folder / "tiny.toml", overrides=["model.estimator=estimators.Raises"])


def test_models_predict(bench: mfbench.Workbench) -> None:
    model = bench.model("tiny@champion")
    rows = pl.DataFrame({"shop": ["a", None, "new"], "amount": [1, 2, None], "other": [1, 2, 3]})
    predicted = model.predict(rows)
    assert predicted.columns == ["prediction", "probability"]
    assert predicted.height == 3
    one_by_one = pl.concat([model.predict(rows[i]) for i in range(3)])
    assert one_by_one["probability"].to_list() == pytest.approx(predicted["probability"].to_list())
    with pytest.raises(mfbench.MfbenchError, match="lack the column 'shop'"):
        model.predict(rows.drop("shop"))


def test_a_refused_model_is_a_result(bench: mfbench.Workbench, project: Project) -> None:
    result = bench.run(project.folder / "tiny.toml", overrides=["register.gates=['roc_auc > 1']"])
    assert result["model"] is None
    assert result["gates"][0]["passed"] is False


def test_stop_of_a_run_that_is_over(bench: mfbench.Workbench) -> None:
    assert bench.stop("last") is False


def test_there_has_to_be_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(mfbench.MfbenchError, match="no workspace here"):
        mfbench.Workbench.open()
