"""What runs again and what does not; what is registered and what is refused."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support import RECIPE, Project

STEPS = ["ingest", "check", "split", "leakage", "features", "profile", "train", "evaluate", "explain", "package"]
MODEL = ["train", "evaluate", "explain", "package"]  # what a change of the model makes anew


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

    assert changed("--set", "model.C=0.5") == [*MODEL, "register"]
    assert changed("--set", "evaluate.metrics=['accuracy']") == [*MODEL[1:], "register"]
    assert changed("--set", "recipe.description=other") == ["package", "register"]
    assert changed("--set", "data.exclude=['shop']")[:2] == ["leakage", "features"]
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
    assert project.mfbench(*words, SLOW_SECONDS="0").stderr.count("cached") == len(STEPS) + 1
    with (project.folder / "estimators.py").open("a") as stream:
        stream.write("\n# changed\n")
    assert "✓ train" in project.mfbench(*words, SLOW_SECONDS="0").stderr


def test_a_lost_blob_is_made_again(project: Project) -> None:
    project.json("run", "tiny.toml")
    [run] = project.runs()
    model = next(digest for path, digest, *_ in project.events(run, "artifact") if path == "train/model/model.skops")
    (project.workspace.blobs / model).unlink()
    again = project.json("run", "tiny.toml")
    assert fresh(again) == MODEL, "and what was made from it"
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


BIGGER = [f"{i},{'abc'[i % 3]},{'yes' if (i * 7919) % 1000 > 300 + 100 * (i % 3) else 'no'}" for i in range(1200)]


@pytest.fixture
def bigger(project: Project) -> Project:
    """Enough held-out rows for a comparison, and a key."""
    text = "\n".join(["id,shop,bought", *BIGGER]) + "\n"
    (project.folder / "tiny.csv").write_text(text, encoding="utf-8")
    project.recipe(RECIPE.replace('positive = "yes"', 'positive = "yes"\nkey = "id"\nsplit = { test = 0.3 }'))
    return project


def set_gates(*gates: str) -> tuple[str, str]:
    return "--set", f"register.gates={list(gates)}"


def test_gates_against_the_champion(bigger: Project) -> None:
    champion = set_gates("log_loss <= champion + 0.01")
    first = bigger.json("run", "tiny.toml", *champion)
    assert (first["gates"][0]["verdict"], first["gates"][0]["bound"]) == ("passed", None)
    assert "no other champion" in first["gates"][0]["note"]
    again = bigger.json("run", "tiny.toml", *champion)
    assert fresh(again) == [], "the champion need not beat itself, and nothing has to run to know it"

    code, like = outcome(bigger, *champion, "--set", "model.C=0.9")
    [gate] = like["gates"]
    assert (code, like["model"]["version"], gate["verdict"], gate["against"]) == (0, 2, "passed", "tiny:1")
    assert gate["bound"] == pytest.approx(first["metrics"]["log_loss"] + 0.01)
    assert gate["low"] <= gate["difference"] <= gate["high"] <= 0.01

    better = set_gates("log_loss <= champion - 0.5")
    refused = bigger.mfbench("run", "tiny.toml", *better, "--set", "model.C=0.5")
    assert refused.returncode == 3
    assert refused.stdout == ""
    assert "REFUSED" in refused.stderr
    assert "against tiny:1" in refused.stderr
    assert "it is worse than the gate allows" in refused.stderr
    assert "mfbench models approve" in refused.stderr
    assert [model["version"] for model in bigger.json("models")] == [2, 1]
    [kept] = [entry for entry in bigger.json("models", "history", "tiny")
              if entry["kind"] == "model.judged" and not entry["passed"]]  # fmt: skip
    assert (bigger.workspace.blobs / kept["digest"]).is_file(), "a refused model is kept"
    assert kept["gates"][0]["rows"] == 360


def test_too_few_rows_show_nothing(project: Project) -> None:
    project.json("run", "tiny.toml")
    code, result = outcome(project, *set_gates("roc_auc >= champion - 0.5"), "--set", "model.C=0.5")
    [gate] = result["gates"]
    assert (code, result["model"], gate["verdict"], gate["passed"]) == (3, None, "unknown", False)
    assert "24 rows held out: needed are 100 rows (register.min_rows)" in gate["note"]


def test_how_often_a_test_set_has_judged_is_counted(bigger: Project) -> None:
    gates = set_gates("roc_auc >= 0.1")
    used = [bigger.json("run", "tiny.toml", *gates, "--set", f"model.C={c}")["used"] for c in (1, 0.5, 0.25, 0.5)]
    assert used == [1, 2, 3, 3]
    done = bigger.mfbench("run", "tiny.toml", *gates, "--set", "model.C=0.1")
    assert "these held-out rows have now judged 4 models" in done.stderr
    [run] = bigger.runs()[-1:]
    [kept] = [item[1] for item in bigger.events(run, "artifact") if item[0] == "register/gates.json"]
    assert json.loads((bigger.workspace.blobs / kept).read_text())["used"] == 4
    other = bigger.json("run", "tiny.toml", *gates, "--set", "data.split.test=0.4")
    assert other["used"] == 1, "other held-out rows"
    assert bigger.json("run", "tiny.toml")["used"] is None, "nothing was judged"


def test_segments_fairness_and_costs(bigger: Project) -> None:
    bigger.json("run", "tiny.toml")
    gates = set_gates("roc_auc >= champion - 0.9 by shop", "log_loss <= 9 by shop", "log_loss gap by shop <= 5",
                      "latency_ms <= 60000", "size_mb <= 20")  # fmt: skip
    code, result = outcome(bigger, *gates, "--set", "model.C=0.9")
    assert (code, [gate["verdict"] for gate in result["gates"]]) == (0, ["passed"] * 5)
    shown = bigger.json("runs", "show", "last")
    assert [gate["verdict"] for gate in shown["gates"]] == ["passed"] * 5
    wrong = bigger.mfbench("run", "tiny.toml", *set_gates("log_loss <= 9 by shops"))
    assert wrong.returncode == 2
    assert "there is no column 'shops'" in wrong.stderr
    assert "did you mean 'shop'?" in wrong.stderr


def test_rows_that_the_champion_has_learned_are_left_out(bigger: Project) -> None:
    """Fitted on all rows at last, the champion leaves none to compare on; rows that are new to it do."""
    bigger.json("run", "tiny.toml", "--set", "data.split.refit=true")
    gates = set_gates("log_loss <= champion + 0.05")
    code, result = outcome(bigger, *gates, "--set", "model.C=0.9")
    assert (code, result["gates"][0]["verdict"]) == (3, "unknown")
    assert "0 rows of 360 held out left that tiny:1 was not trained on" in result["gates"][0]["note"]
    with (bigger.folder / "tiny.csv").open("a") as stream:
        stream.write("\n".join(f"{int(row.split(',')[0]) + 5000},{row.partition(',')[2]}" for row in BIGGER) + "\n")
    done = bigger.mfbench("run", "tiny.toml", *gates, "--set", "model.C=0.9")
    assert done.returncode == 0, done.stderr
    assert "left out of the comparison: tiny:1 was trained on them" in done.stderr


def test_a_person_may_register_what_was_refused(bigger: Project) -> None:
    code, result = outcome(bigger, *set_gates("roc_auc > 1"))
    assert code == 3
    assert bigger.mfbench("models", "approve", "last").returncode == 2, "not without a reason"
    words = ("models", "approve", result["run"], "--reason", "shadowed for a week", "--json")
    approved = json.loads(bigger.mfbench(*words, MFBENCH_ACTOR="ada").stdout)
    assert (approved["name"], approved["version"], approved["aliases"]) == ("tiny", 1, ["champion"])
    assert (approved["actor"], approved["overrides"]) == ("ada", ["roc_auc > 1"])
    assert bigger.mfbench(*words).returncode == 2, "it is registered by now"
    history = bigger.mfbench("models", "history", "tiny").stdout
    assert "was refused by its gates" in history
    assert f"version 1 approved from run {result['run']}, over: roc_auc > 1" in history
    assert "shadowed for a week" in bigger.mfbench("models", "show", "tiny").stdout
    decided = bigger.json("models", "show", "tiny")["decided"]
    assert [entry["kind"] for entry in decided] == ["model.judged", "model.approval"]
    assert bigger.json("score", "tiny", "tiny.csv", "-o", "scored.csv")["rows"] == 1200
    passed = bigger.json("run", "tiny.toml", "--set", "model.C=0.5")
    denied = bigger.mfbench("models", "approve", passed["run"], "--reason", "why not")
    assert denied.returncode == 2
    assert "was not refused" in denied.stderr


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
