"""What went wrong once, or nearly did."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

import mfbench
from mfbench.core.errors import MfbenchError
from mfbench.engine import outcome
from mfbench.engine.champion import with_gates
from mfbench.engine.driver import find_hits
from mfbench.engine.plan import plan_recipe
from mfbench.engine.provenance import looks_secret
from mfbench.journal.segment import SegmentWriter
from mfbench.recipe.load import load_recipe
from mfbench.registry.models import Registry, Version
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
        "--set", "register.gates=['r2 >= champion - 0.1', 'r2 >= 0']",
    )  # fmt: skip
    assert again.returncode == 3
    assert "1 row held out: needed are 100 rows" in again.stderr
    assert "r2 has no value on these rows" in again.stderr


def test_the_champion_need_not_beat_itself(project: Project) -> None:
    for gates in ("['roc_auc > champion']", "['roc_auc > champion', 'log_loss < champion']"):
        fresh(project, "--set", f"register.gates={gates}")
        again = project.mfbench("run", "tiny.toml", "--set", f"register.gates={gates}")
        assert (again.returncode, again.stdout.strip()) == (0, "tiny:1")
        assert "nothing had to run" in again.stderr


def test_gates_are_evaluated_again_when_the_champion_has_moved(project: Project) -> None:
    """Between gate and registration another version becomes champion, and then another: the last verdict counts."""
    fresh(project)
    fresh(project, "--set", "model.C=0.0000001")
    words = ("model.C=0.3", "register.gates=['log_loss <= champion + 5']", "register.min_rows=10")
    fresh(project, *(part for word in words for part in ("--set", word)))
    loaded, home = load_recipe(project.folder / "tiny.toml", words), project.workspace
    registry, run = Registry(home), project.runs()[-1]
    steps, _ = with_gates(loaded, plan_recipe(loaded), registry.find("tiny:1"), home)
    results = find_hits(steps, home)
    assert "gate" in results
    judged = json.loads((home.blobs / results["gate"].outputs["gates.json"][0]).read_text())
    assert judged["against"] == "tiny:1"
    seen: list[str] = []

    def rejudge(champion: Version | None) -> dict[str, Any]:
        assert champion is not None
        seen.append(champion.name)
        if len(seen) == 1:
            registry.set_alias("tiny", "champion", 1)
        return {**judged, "against": champion.name, "champion": {"name": champion.name, "digest": champion.digest}}

    registry.set_alias("tiny", "champion", 2)
    writer = SegmentWriter(home.run_folder(run) / "events", "again", run=run)
    with pytest.raises(MfbenchError, match="the champion of tiny has changed since the gates were judged"):
        outcome.finish_recipe(home, loaded.recipe, run, writer, results, "")
    ended = outcome.finish_recipe(home, loaded.recipe, run, writer, results, "", rejudge)
    assert seen == ["tiny:2", "tiny:1"]
    assert ended.model is not None
    assert (ended.model["version"], ended.model["new"]) == (3, False)
    against = [entry.body["against"] for entry in registry.history("tiny") if entry.kind == "model.judged"]
    assert against == ["tiny:1", "tiny:2"], "each judgement once"


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
