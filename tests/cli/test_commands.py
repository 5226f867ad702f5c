"""The command line as a user meets it: rightly and wrongly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import Project


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a finished, a refused and a failed run and two versions."""
    project = Project(tmp_path_factory.mktemp("cli"))
    project.json("run", "tiny.toml")
    project.json("run", "tiny.toml", "--set", "model.C=0.5", "--name", "second")
    project.mfbench("run", "tiny.toml", "--set", "register.gates=['roc_auc > 1']")
    project.mfbench("run", "tiny.toml", "--set", "model.estimator=estimators.Raises")
    return project


def test_runs_list(used: Project) -> None:
    runs = used.json("runs")
    assert [run["status"] for run in runs] == ["failed", "finished", "finished", "finished"]
    assert [run["started"] for run in runs] == sorted((run["started"] for run in runs), reverse=True)
    assert runs[2]["name"] == "second"
    assert {"run", "recipe", "status", "started", "metrics", "params"} <= runs[0].keys()
    assert used.json("runs", "list") == runs
    assert used.json("runs", "--limit", "1", "--page", "2") == [runs[1]]
    told = [used.mfbench("runs", "--limit", "3", "--page", page).stderr.strip() for page in "123"]
    assert told == [
        "runs 1 to 3 of 4; next: --page 2",
        "runs 4 to 4 of 4",
        "there is no page 3: 4 runs, the last is --page 2",
    ]
    table = used.mfbench("runs").stdout.splitlines()
    assert table[0].split("\t")[:3] == ["run", "name", "status"]
    assert len(table) == 5


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("params.model.C = 0.5", 1),
        ("params.model.C > 0.1 and status = 'finished'", 1),
        ("params.model.estimator = 'LogisticRegression' and metrics.roc_auc > 0", 3),
        ("name = 'second' or status in ('failed')", 2),
        ("model is null", 2),
        ("metrics.nothing > 0", 0),
    ],
)
def test_runs_where(used: Project, where: str, count: int) -> None:
    assert len(used.json("runs", "--where", where)) == count


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("rnus",), 2, "did you mean 'runs'?"),
        (("runs", "shw"), 2, "did you mean 'show'?"),
        (("runs", "--where", "nme = 'x'"), 2, "did you mean 'name'?"),
        (("runs", "--where", "name = 'x"), 2, "cannot be read"),
        (("runs", "--where", "1=1) union (select 1"), 2, "parentheses that do not match"),
        (("runs", "--sort", "-metric"), 2, "metrics.NAME"),
        (("runs", "show", "nothing"), 2, "there is no run 'nothing'"),
        (("runs", "show", "2"), 2, "means 4 runs"),
        (("models", "show", "tinny"), 2, "did you mean 'tiny'?"),
        (("models", "--name", "tinny"), 2, "did you mean 'tiny'?"),
        (("models", "alias", "tiny", "champion"), 2, "give either a VERSION or --remove"),
        (("models", "alias", "tiny", "champion", "9"), 2, "has no version '9'"),
        (("models", "alias", "tiny", "7", "1"), 2, "cannot be an alias"),
        (("models", "--sort", "size"), 2, "there is no column 'size'"),
        (("sql", "drop table x"), 2, "one SELECT is expected"),
        (("sql", "select * from nothing"), 2, "no view 'nothing'\n  known: artifacts, "),
        (("sql", "selec 1"), 2, 'syntax error at or near "selec"'),
        (("sql",), 2, "--schema"),
        (("run", "nothing.toml"), 2, "there is no such recipe"),
        (("run", "tinny.toml"), 2, "did you mean 'tiny.toml'?"),
        (("run", "tiny.toml", "--executor", "dcoker"), 2, "no executor 'dcoker'"),
        (("run", "tiny.toml", "--nothing"), 2, "No such option"),
        (("check", "tiny.toml", "--set", "data.target=boght"), 2, "did you mean 'bought'?"),
        (("models", "--workspace", "/nowhere"), 2, "no workspace here"),
    ],
)
def test_wrong_use_is_one_message_and_code_2(used: Project, words: tuple[str, ...], code: int, message: str) -> None:
    done = used.mfbench(*words)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_errors_are_objects_with_json(used: Project) -> None:
    done = used.mfbench("check", "tiny.toml", "--set", "data.target=boght", "--json")
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert error["type"] == "Recipe"
    assert error["where"] == "--set data.target=boght"


def test_show_and_logs(used: Project) -> None:
    text = used.mfbench("runs", "show", "last").stdout
    assert "ZeroDivisionError" in text
    shown = used.json("runs", "show", "last")
    assert shown["status"] == "failed"
    assert [step["status"] for step in shown["steps"]][-1] == "failed"
    logs = used.mfbench("runs", "logs", "last").stdout
    assert "step train failed" in logs
    assert "the user's own mistake" in logs


def test_models(used: Project) -> None:
    assert [(m["name"], m["version"]) for m in used.json("models")] == [("tiny", 2), ("tiny", 1)]
    assert used.json("models", "--sort", "version")[0]["version"] == 1
    used.json("models", "alias", "tiny", "canary", "2")
    assert used.json("models", "show", "tiny@canary")["version"] == 2
    assert used.json("models", "alias", "tiny", "canary", "--remove")["previous"] == 2
    done = used.mfbench("models", "alias", "tiny", "champion", "2", "--reason", "better calibrated")
    assert "it was version 1" in done.stderr
    assert used.json("models", "show", "tiny")["version"] == 2
    history = used.json("models", "history", "tiny")
    assert history[-1]["reason"] == "better calibrated"
    assert {"time", "actor", "kind"} <= history[-1].keys()


def test_sql(used: Project) -> None:
    rows = used.json("sql", "select status, count(*) as n from runs group by all order by all")
    assert rows == [{"status": "failed", "n": 1}, {"status": "finished", "n": 3}]
    views = {row["view"] for row in used.json("sql", "--schema")}
    assert {"runs", "metrics", "params", "steps", "gates", "artifacts", "models", "ledger"} <= views
    for query in ("select * from read_csv('/etc/passwd')", "select * from 'tiny.csv'"):
        assert used.mfbench("sql", query).returncode == 2


def test_check_and_doctor(used: Project) -> None:
    report = used.json("check", "tiny.toml")
    assert report["parts"] == {"test": 24, "train": 96}
    assert {name: kind for name, kind, _ in report["columns"]} == {"amount": "numeric", "shop": "categorical"}
    failing = used.mfbench("check", "tiny.toml", "--set", "data.checks=[{column='amount',max=3}]")
    assert failing.returncode == 3
    health = used.json("doctor")
    assert health["versions"]["duckdb"]
    assert health["problems"] == []


def test_doctor_finds_damage(project: Project) -> None:
    project.json("run", "tiny.toml")
    version = project.json("models")[0]
    segment = next((project.workspace.run_folder(version["run"]) / "events").glob("driver-*"))
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    (project.workspace.blobs / version["digest"]).unlink()
    project.workspace.database.unlink(missing_ok=True)
    done = project.mfbench("doctor")
    assert done.returncode == 1
    assert f"the bundle of model tiny:1 (run {version['run']}), " in done.stdout
    assert "checksum does not fit" in done.stdout


def test_without_a_workspace_the_way_to_one_is_told(project: Project) -> None:
    done = project.mfbench("runs")
    assert done.returncode == 2
    assert "mfbench init" in done.stderr
    assert project.json("init")["new"] is True
    assert project.mfbench("runs").stderr.startswith("no runs yet")
    assert project.json("runs") == project.json("models") == []


def test_check_says_what_would_be_searched_and_what_leaks(tmp_path: Path) -> None:
    project = Project(tmp_path)
    space = 'tune.space={"model.C"="log 0.1..10"}'
    told = project.mfbench("check", "tiny.toml", "--set", space, "--set", "tune.trials=7")
    assert told.returncode == 0, told.stderr
    assert "search: 7 trials (tpe) of model.C by roc_auc on 5 folds" in told.stdout
    rows = [f"{i},{i % 2},{'yes' if i % 2 else 'no'}" for i in range(200)]
    (tmp_path / "tiny.csv").write_text("\n".join(["amount,paid,bought", *rows]) + "\n", encoding="utf-8")
    leaking = project.mfbench("check", "tiny.toml")
    assert leaking.returncode == 3
    assert "leakage: 'paid' alone predicts" in leaking.stderr
    assert project.mfbench("check", "tiny.toml", "--set", "data.leakage=warn").returncode == 0
