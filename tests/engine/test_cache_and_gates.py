"""What runs again and what does not; what is registered and what is refused."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support import RECIPE, Project

STEPS = ["ingest", "check", "split", "features", "train", "evaluate", "package"]


def fresh(result: dict[str, Any]) -> list[str]:
    return [step["name"] for step in result["steps"] if not step["cached"]]


def outcome(project: Project, *words: str) -> tuple[int, dict[str, Any]]:
    done = project.mfbench("run", "tiny.toml", *words, "--json")
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_a_second_run_runs_nothing_and_a_change_only_what_depends_on_it(project: Project) -> None:
    assert fresh(project.json("run", "tiny.toml")) == [*STEPS, "register"]
    again = project.mfbench("run", "tiny.toml")
    assert "nothing had to run" in again.stderr
    assert again.stdout.strip() == "tiny:1"

    def changed(*words: str) -> list[str]:
        return fresh(project.json("run", "tiny.toml", *words))

    assert changed("--set", "model.C=0.5") == ["train", "evaluate", "package", "register"]
    assert changed("--set", "evaluate.metrics=['accuracy']") == ["evaluate", "package", "register"]
    assert changed("--set", "recipe.description=other") == ["package", "register"]
    assert changed("--set", "data.exclude=['shop']")[0] == "features"
    assert changed("--set", "data.split.test=0.3")[0] == "split"
    assert changed("--set", "data.checks=[{column='amount',min=0}]") == ["check"]
    assert changed("--set", "run.timeout=5m", "--set", "recipe.tags.team=ops") == []
    # The same data under another name is the same data; another row is not.
    (project.folder / "moved.csv").write_bytes((project.folder / "tiny.csv").read_bytes())
    assert changed("--set", "data.source=moved.csv") == []
    with (project.folder / "moved.csv").open("a") as stream:
        stream.write("500,a,yes\n")
    assert changed("--set", "data.source=moved.csv") == [*STEPS, "register"]


def test_an_estimator_beside_the_recipe_is_part_of_the_key(project: Project) -> None:
    words = ("run", "tiny.toml", "--set", "model.estimator=estimators.Slow")
    assert project.mfbench(*words, SLOW_SECONDS="0").returncode == 0
    assert project.mfbench(*words, SLOW_SECONDS="0").stderr.count("cached") == 8
    with (project.folder / "estimators.py").open("a") as stream:
        stream.write("\n# changed\n")
    assert "✓ train" in project.mfbench(*words, SLOW_SECONDS="0").stderr


def test_a_lost_blob_is_made_again(project: Project) -> None:
    project.json("run", "tiny.toml")
    [run] = project.runs()
    model = next(digest for path, digest, *_ in project.events(run, "artifact") if path == "train/model/model.skops")
    (project.workspace.blobs / model).unlink()
    again = project.json("run", "tiny.toml")
    assert fresh(again) == ["train", "evaluate", "package"], "and what was made from it"
    assert again["model"] == {"name": "tiny", "version": 1}, "the same inputs give the same digest"


def test_the_same_recipe_in_another_workspace_gives_the_same_digest(project: Project) -> None:
    project.json("run", "tiny.toml")
    other = project.mfbench("run", "tiny.toml", "--json", "--workspace", "elsewhere", PYTHONHASHSEED="12345")
    assert other.returncode == 0
    digests = {project.json("models")[0]["digest"]}
    digests |= {model["digest"] for model in json.loads(
        project.mfbench("models", "--json", "--workspace", "elsewhere").stdout)}  # fmt: skip
    assert len(digests) == 1


def test_two_runs_at_once_in_one_workspace(project: Project) -> None:
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda c: outcome(project, "--set", f"model.C={c}"), (0.1, 1.0, 10.0)))
    assert [code for code, _ in results] == [0, 0, 0]
    assert sorted(result["model"]["version"] for _, result in results) == [1, 2, 3]
    assert len(project.json("runs")) == 3


@pytest.mark.parametrize(
    ("gate", "code", "bound"),
    [("roc_auc >= 0.999999", 3, 0.999999), ("log_loss <= 10", 0, 10.0), ("roc_auc > 1", 3, 1.0)],
)
def test_gates_against_a_number(project: Project, gate: str, code: int, bound: float) -> None:
    found, result = outcome(project, "--set", f"register.gates=['{gate}']")
    assert found == code
    assert result["status"] == "finished"
    assert (result["model"] is None) == (code == 3)
    [told] = result["gates"]
    assert (told["name"], told["passed"], told["bound"]) == (gate, code == 0, bound)
    assert told["observed"] == result["metrics"][gate.split()[0]]


def test_gates_against_the_champion(project: Project) -> None:
    gates = "register.gates=['log_loss <= champion + 0.01']"
    first = project.json("run", "tiny.toml", "--set", gates)
    assert first["gates"][0]["bound"] is None
    assert "no champion yet" in first["gates"][0]["note"]
    gates = "register.gates=['log_loss <= champion - 0.5']"
    code, worse = outcome(project, "--set", gates, "--set", "model.C=0.5")
    assert (code, worse["model"]) == (3, None)
    assert worse["gates"][0]["against"] == "tiny:1"
    assert worse["gates"][0]["bound"] == pytest.approx(first["metrics"]["log_loss"] - 0.5)
    refused = project.mfbench("run", "tiny.toml", "--set", gates, "--set", "model.C=0.5")
    assert refused.returncode == 3
    assert "REFUSED" in refused.stderr
    assert refused.stdout == ""
    assert [model["version"] for model in project.json("models")] == [1]


def test_the_first_version_is_champion_and_later_ones_are_not(project: Project) -> None:
    project.json("run", "tiny.toml")
    project.json("run", "tiny.toml", "--set", "model.C=0.5")
    assert [(m["version"], m["aliases"]) for m in project.json("models")] == [(2, []), (1, ["champion"])]
    project.json("run", "tiny.toml", "--set", "model.C=0.25", "--set", "register.alias=champion")
    assert project.json("models", "show", "tiny")["version"] == 3
    what = [entry["kind"] for entry in project.json("models", "history", "tiny")]
    assert what == ["model.version", "model.alias", "model.version", "model.version", "model.alias"]


def test_a_failed_data_check_refuses_with_its_rows(project: Project) -> None:
    check = "data.checks=[{column='amount', max=100}, {column='shop', allowed=['a','b']}]"
    done = project.mfbench("run", "tiny.toml", "--set", check)
    assert done.returncode == 3
    assert "amount: max (found 119, wanted 100, 19 rows)" in done.stderr
    assert "failed_rows.parquet" in done.stderr
    shown = project.json("runs", "show", "last")
    assert {item["name"]: item["passed"] for item in shown["checks"]} == {"amount: max": False, "shop: allowed": False}
    assert any(item["path"] == "check/failed_rows.parquet" for item in shown["artifacts"])
    assert not project.json("models")


def test_without_register_nothing_is_registered(project: Project) -> None:
    project.recipe(RECIPE.replace("[register]", ""))
    result = project.json("run", "tiny.toml")
    assert (result["status"], result["model"]) == ("finished", None)


def test_a_wrong_recipe_leaves_nothing_behind(project: Project) -> None:
    before = sorted(path.name for path in project.folder.iterdir())
    for word in ("data.target=nothing", "model.estimator=Nothing", "data.source=none.csv", "model.nothing=1"):
        assert project.mfbench("run", "tiny.toml", "--set", word).returncode == 2
    assert sorted(path.name for path in project.folder.iterdir() if path.name != "__pycache__") == before


def test_values_from_the_environment_are_used_and_never_recorded(project: Project) -> None:
    secret = "s3cr3t-folder-name"
    (project.folder / secret).mkdir()
    (project.folder / "tiny.csv").rename(project.folder / secret / "tiny.csv")
    words = ("run", "tiny.toml", "--set", "data.source=${PLACE}/tiny.csv", "--json")
    done = project.mfbench(*words, PLACE=secret)
    assert done.returncode == 0, done.stderr
    raising = project.mfbench(*words, "--set", "model.estimator=estimators.Raises", PLACE=secret)
    assert raising.returncode == 1
    for path in project.workspace.root.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
