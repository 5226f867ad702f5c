"""What went wrong once, or nearly did."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

import mfbench
from mfbench.engine import outcome
from mfbench.engine.driver import find_hits
from mfbench.engine.gates import judge
from mfbench.engine.plan import plan_recipe
from mfbench.engine.provenance import looks_secret
from mfbench.journal.segment import SegmentWriter
from mfbench.recipe.load import load_recipe
from mfbench.registry.models import Registry
from mfbench.workspace.locks import locked
from tests.support import RECIPE, Project, until


def fresh(project: Project, *words: str, **environment: str) -> list[str]:
    done = project.mfbench("run", "tiny.toml", *words, "--json", **environment)
    assert done.returncode == 0, done.stderr
    return [step["name"] for step in json.loads(done.stdout.splitlines()[-1])["steps"] if not step["cached"]]


def test_a_result_is_not_used_with_a_model_it_never_saw(project: Project) -> None:
    (project.folder / "moody.py").write_text(
        "import os\nfrom sklearn.linear_model import LogisticRegression\n"
        "class Moody(LogisticRegression):\n"
        "    def fit(self, x, y, sample_weight=None):\n"
        "        super().fit(x, y)\n        self.coef_ *= float(os.environ['SIGN'])\n        return self\n"
    )
    words = ("--set", "model.estimator=moody.Moody")
    fresh(project, *words, SIGN="1")
    [run] = project.runs()
    model = next(digest for path, digest, *_ in project.events(run, "artifact") if path == "train/model/model.skops")
    (project.workspace.blobs / model).unlink()
    assert "evaluate" in fresh(project, *words, SIGN="-1")


def test_data_that_changes_while_the_run_begins_is_noticed(project: Project) -> None:
    source = project.folder / "tiny.csv"
    (project.folder / "swaps.py").write_text(
        "from pathlib import Path\nfrom sklearn.linear_model import LogisticRegression\n"
        f"path = Path({str(source)!r})\npath.write_text(path.read_text() + '999,c,yes\\n')\n"
        "class Swaps(LogisticRegression):\n    pass\n"
    )
    done = project.mfbench("run", "tiny.toml", "--set", "model.estimator=swaps.Swaps")
    assert done.returncode == 1
    assert "the data changed" in done.stderr


def test_what_an_estimator_imports_is_part_of_its_key(project: Project) -> None:
    (project.folder / "helpers.py").write_text("FACTOR = 1.0\n")
    (project.folder / "mine.py").write_text(
        "import helpers\nfrom sklearn.tree import DecisionTreeClassifier\n"
        "class Mine(DecisionTreeClassifier):\n    factor = helpers.FACTOR\n"
    )
    inner = "model.params.estimator={estimator='mine.Mine', max_depth=2}"
    words = ("--set", "model.estimator=BaggingClassifier", "--set", inner)
    assert "train" in fresh(project, *words)
    shown = project.json("runs", "show", "last")
    assert shown["params"]["model.params.estimator.estimator"] == "mine.Mine"
    assert {"code/mine.py", "code/helpers.py"} <= {item["path"] for item in shown["artifacts"]}
    assert fresh(project, *words) == []
    (project.folder / "helpers.py").write_text("FACTOR = -50.0\n")
    assert "train" in fresh(project, *words)


def test_a_check_that_prints_a_lot_does_not_hang(project: Project) -> None:
    (project.folder / "chatty.py").write_text(
        "print('x' * 300_000)\nfrom sklearn.linear_model import LogisticRegression\n"
        "class Chatty(LogisticRegression):\n    pass\n"
    )
    assert "train" in fresh(project, "--set", "model.estimator=chatty.Chatty")


def test_cpus_reach_the_worker(project: Project) -> None:
    fresh(project, "--set", "run.cpus=1")
    [run] = project.runs()
    assert json.loads((project.workspace.run_folder(run) / "job.json").read_text())["cpus"] == 1
    assert project.events(run, "run.started")[0][0]["cpus"] == 1


def test_a_metric_that_is_no_number_breaks_nothing(project: Project) -> None:
    (project.folder / "five.csv").write_text("a,y\n" + "".join(f"{i},{i * 2.5}\n" for i in range(5)))
    recipe = '[recipe]\nname = "five"\ntask = "regression"\n[data]\nsource = "five.csv"\ntarget = "y"\n[register]\n'
    project.recipe(recipe, "five.toml")
    done = project.mfbench("run", "five.toml", "--set", "evaluate.metrics=['r2','mae']", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["metrics"]["r2"] is None
    assert project.json("models", "show", "five")["metrics"]["r2"] is None
    assert project.json("score", "five", "five.csv", "-o", "scored.csv")["rows"] == 5
    again = project.mfbench(
        "run", "five.toml", "--set", "evaluate.metrics=['r2','mae']", "--set", "model.max_iter=5",
        "--set", "register.gates=['r2 >= champion - 0.1']",
    )  # fmt: skip
    assert again.returncode == 3
    assert "has no r2" in again.stderr


def test_a_gate_says_when_the_champion_was_measured_on_other_rows(project: Project) -> None:
    gates = ("--set", "register.gates=['roc_auc >= champion - 1']")
    fresh(project, *gates)
    rows = (project.folder / "tiny.csv").read_text().splitlines()
    (project.folder / "tiny.csv").write_text("\n".join([rows[0], *reversed(rows[1:])]) + "\n")
    assert "measured on other rows" in project.mfbench("run", "tiny.toml", *gates).stderr


def test_the_champion_need_not_beat_itself(project: Project) -> None:
    gates = ("--set", "register.gates=['roc_auc > champion']")
    fresh(project, *gates)
    again = project.mfbench("run", "tiny.toml", *gates)
    assert again.returncode == 0
    assert "it is the champion" in again.stderr


def test_gates_are_evaluated_again_when_the_champion_has_moved(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between gate and registration another version becomes champion: the second verdict counts."""
    fresh(project)
    fresh(project, "--set", "model.C=0.0000001")
    gate = "register.gates=['log_loss <= champion + 5']"
    words = ("model.C=0.3", gate)
    # Run, so that its steps are cached, and refused, so that nothing is registered yet.
    done = project.mfbench("run", "tiny.toml", "--set=model.C=0.3", "--set=register.gates=['roc_auc > 1']")
    assert done.returncode == 3
    loaded = load_recipe(project.folder / "tiny.toml", words)
    home = project.workspace
    results = find_hits(plan_recipe(loaded), home)
    assert "package" in results
    seen: list[str] = []

    def moving(*arguments: Any) -> Any:
        seen.append(arguments[2].name)
        if len(seen) == 1:
            Registry(home).set_alias("tiny", "champion", 2)
        return judge(*arguments)

    monkeypatch.setattr(outcome, "judge", moving)
    writer = SegmentWriter(home.run_folder(project.runs()[-1]) / "events", "again", run=project.runs()[-1])
    ended = outcome.finish_recipe(home, loaded.recipe, project.runs()[-1], writer, results, "")
    assert seen == ["tiny:1", "tiny:2"]
    assert ended.model is not None
    assert ended.model["version"] == 3
    [told] = project.events(project.runs()[-1], "gate")[-1:]
    assert told[4] == "tiny:2"


def test_a_stop_that_comes_too_late_does_not_deny_the_model(project: Project) -> None:
    project.json("init")
    with locked(project.workspace.ledger.with_suffix(".lock")):
        face = project.start("run", "tiny.toml", "--json")
        until(lambda: bool(project.runs()) and ["register"] in project.events(project.runs()[0], "step.started"))
        run = project.runs()[0]
        os.kill(json.loads((project.workspace.live / run).read_text())["pid"], signal.SIGTERM)
    out, _ = face.communicate(timeout=30)
    result = json.loads(out.splitlines()[-1])
    assert (result["status"], result["model"]) == ("finished", {"name": "tiny", "version": 1})


def test_a_data_column_may_be_called_row(project: Project) -> None:
    text = (project.folder / "tiny.csv").read_text().replace("amount,shop", "row,check")
    (project.folder / "tiny.csv").write_text(text)
    done = project.mfbench("run", "tiny.toml", "--set", "data.checks=[{column='row', max=3}]")
    assert done.returncode == 3
    assert "row: max" in done.stderr


def test_another_ending_is_another_reading(project: Project) -> None:
    fresh(project)
    (project.folder / "tiny.tsv").write_bytes((project.folder / "tiny.csv").read_bytes())
    assert project.mfbench("run", "tiny.toml", "--set", "data.source=tiny.tsv").returncode == 2


def test_a_blob_that_was_cut_short_heals(project: Project) -> None:
    fresh(project)
    [run] = project.runs()
    model = next(digest for path, digest, *_ in project.events(run, "artifact") if path == "train/model/model.skops")
    path = project.workspace.blobs / model
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:100])
    assert "train" in fresh(project)
    assert project.json("score", "tiny", "tiny.csv", "-o", "out.csv")["rows"] == 120


def test_secrets_in_lists_descriptions_and_targets_stay_out(project: Project) -> None:
    token = "tok-4f9a77c1"
    rows = (project.folder / "tiny.csv").read_text().replace(",a,", f",{token},")
    (project.folder / "tiny.csv").write_text(rows)
    text = RECIPE.replace("[data]", 'description = "made with ${TOK}"\n[data]').replace(
        'target = "bought"\npositive = "yes"', "target = \"case when shop = '${TOK}' then 'p' else 'n' end\""
    )
    project.recipe(text + "\n[[data.checks]]\ncolumn = 'shop'\nallowed = ['${TOK}', 'b', 'c']\n")
    done = project.mfbench("run", "tiny.toml", TOK=token)
    assert done.returncode == 0, done.stderr
    home = project.workspace.root
    texts = [path for path in home.rglob("*") if path.is_file() and path.suffix != ".parquet"]
    data = {path for path in texts if path.read_bytes()[:4] == b"PAR1"}  # the rows themselves hold it
    for path in {*texts} - data:
        assert token.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    "text",
    [
        'SECRET_KEY = "x"', '{"password": "x"}', "API_KEY_PROD=x", "{'token': x}", "Authorization: Bearer x",
        "postgres://u:pw@h/db", "ghp_0123456789abcdef0123", "-----BEGIN RSA PRIVATE KEY-----", "DB_PASS = x",
    ],
)  # fmt: skip
def test_what_looks_like_a_secret(text: str) -> None:
    assert looks_secret("x.py", text.encode())
    assert not looks_secret("x.py", b"tokens_per_second(12)\nfor key in keys:\n    passed += 1\n")


def test_an_infinite_param_is_shown(project: Project) -> None:
    fresh(project, "--set", "model.C=inf")
    assert project.json("runs", "show", "last")["params"]["model.C"] == "inf"


def test_a_script_is_not_stopped_from_outside(project: Project, tmp_path: Path) -> None:
    with mfbench.start_run("mine", workspace=project.folder) as run:
        done = project.mfbench("runs", "stop", run.id)
        assert done.returncode == 2
        assert "script or notebook" in done.stderr


def test_ctrl_c_in_the_display_stops_the_run(project: Project) -> None:
    bench = mfbench.Workbench.create(project.folder)

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(mfbench.MfbenchError, match="stopped"):
        bench.run(project.folder / "tiny.toml", overrides=["model.estimator=estimators.Slow"], on_event=interrupted)
    assert project.events(project.runs()[0], "run.ended")[0][0] == "stopped"
