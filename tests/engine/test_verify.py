"""`runs verify`: every step of a run once more, and what comes out held against what was recorded."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mfbench.api.workbench import Workbench
from mfbench.cli.verify import conclusion
from mfbench.core.errors import RunFailedError, UsageError
from mfbench.engine.outcome import GATE
from mfbench.engine.verify.driver import refuse_strange
from mfbench.engine.verify.environment import code_changes, executor_for, requirements_of, version_changes
from mfbench.engine.verify.inputs import Source, foreign_code, foreign_image
from mfbench.engine.verify.recorded import Recorded, recorded
from mfbench.engine.verify.repeat import Repeat
from mfbench.engine.verify.unpinned import unpinned
from mfbench.executors.docker.executor import DockerExecutor
from mfbench.executors.docker.images import BASE
from mfbench.executors.environment import Asked, Environment
from mfbench.journal.blobs import Blobs
from mfbench.journal.sealing import seal
from mfbench.journal.segment import SegmentWriter
from mfbench.worker.job import read_job, write_job
from tests.support import RECIPE, Project, pids_of, until

MOODY = """\
import os, time
import numpy as np
from sklearn.linear_model import LogisticRegression


class Moody(LogisticRegression):
    def fit(self, x, y, sample_weight=None):
        super().fit(x, y)
        mood = os.environ.get("MOOD", "steady")
        if mood == "random":
            self.coef_ = self.coef_ + np.frombuffer(os.urandom(self.coef_.size), np.uint8).reshape(self.coef_.shape)
        elif mood == "tiny":
            self.intercept_ = self.intercept_ + 1e-12
        elif mood == "seed":
            self.coef_ = -np.random.default_rng(int(os.environ["SEED"])).normal(size=self.coef_.shape)
        elif mood == "hash":
            self.intercept_ = self.intercept_ + hash("a word") % 1000
        elif mood == "raises":
            raise ZeroDivisionError("not this time")
        elif mood == "exits":
            os.kill(os.getpid(), 9)
        elif mood == "slow":
            print("slow has begun", flush=True)
            time.sleep(60)
        return self
"""
SETTLED = (
    RECIPE.replace("LogisticRegression", "moody.Moody")
    .replace('"roc_auc", "log_loss"', '"roc_auc"')
    .replace("[evaluate]", "[evaluate]\nimportance = false\nresamples = 100")
)
STEPS = ["ingest", "check", "split", "leakage", "features", "profile", "train", "evaluate", "package"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one finished run, whose estimator is the user's own."""
    folder = tmp_path_factory.mktemp("finished")
    project = Project(folder)
    (folder / "moody.py").write_text(MOODY, encoding="utf-8")
    project.recipe(SETTLED)
    done = project.mfbench("run", "tiny.toml", MFBENCH_EXECUTOR="local")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def proved(finished: Path, tmp_path: Path) -> Project:
    """A copy of it, to be done with as one likes."""
    project = Project.__new__(Project)
    project.folder = tmp_path / "copy"
    shutil.copytree(finished, project.folder, symlinks=True)
    return project


def verify(project: Project, *words: str, code: int = 0, run: str = "", **environment: str) -> dict[str, Any]:
    """What `runs verify --executor local` finds of the first run, or of `run`."""
    name = run or project.runs()[0]
    done = project.mfbench("runs", "verify", name, "--executor", "local", "--json", *words, **environment)
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def ran(project: Project, *words: str, **environment: str) -> None:
    done = project.mfbench("run", "tiny.toml", *words, **environment)
    assert done.returncode == 0, done.stderr


def statuses(found: dict[str, Any]) -> dict[str, str]:
    return {one["step"]: one["status"] for one in found["steps"]}


def refused(project: Project, run: str, executor: str = "local", **environment: str) -> str:
    """What stands on stderr when a run cannot be verified."""
    done = project.mfbench("runs", "verify", run, "--executor", executor, **environment)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def holding(project: Project, content: bytes) -> set[Path]:
    """The files of the workspace that hold it."""
    files = (path for path in project.workspace.root.rglob("*") if path.is_file())
    return {path for path in files if content in path.read_bytes()}


def edit_job(project: Project, change: Callable[[dict[str, Any]], object]) -> None:
    path = project.workspace.run_folder(project.runs()[0]) / "job.json"
    tree = json.loads(path.read_bytes())
    change(tree)
    path.write_text(json.dumps(tree), encoding="utf-8")


def test_a_run_that_comes_out_the_same_is_bit_identical(proved: Project) -> None:
    cache = sorted(os.listdir(proved.workspace.cache))
    found = verify(proved, "--strict")
    assert (found["verdict"], found["step"], found["since"], found["findings"]) == ("bit-identical", None, None, [])
    assert statuses(found) == dict.fromkeys(STEPS, "identical")
    assert found["compared_metrics"] == 1
    assert any("hash seed" in text for text in found["unpinned"])
    assert any("no environment was made" in text for text in found["notes"])
    assert sorted(name for name in os.listdir(proved.workspace.cache) if name != "sources") == [
        name for name in cache if name != "sources"
    ], "nothing of it serves other runs"
    assert proved.events(found["verification"], "step.ended")[0][3] is False, "and nothing comes from the cache"
    assert len(Workbench.open(proved.folder).models()) == 1
    folder = proved.workspace.run_folder(found["verification"])
    assert not (folder / "recipe").exists()
    assert not (folder / "work").exists()
    shown = proved.json("runs", "show", found["run"])["verifications"]
    assert [(one["verification"], one["verdict"], one["executor"]) for one in shown] == [
        (found["verification"], "bit-identical", "local")
    ]
    assert "bit-identical" in proved.mfbench("runs", "show", found["run"]).stdout


def test_one_changed_row_is_named_with_its_column_before_and_after(proved: Project) -> None:
    data = proved.folder / "tiny.csv"
    data.write_text(data.read_text().replace("\n17,c,", "\n1700,c,"), encoding="utf-8")
    found = verify(proved, code=1)
    assert (found["verdict"], found["step"]) == ("diverged", "ingest")
    first = found["findings"][0]
    assert (first["step"], first["file"], first["where"]) == ("ingest", "data.parquet", "column 'amount', row 18")
    assert (first["before"], first["after"], first["count"], first["total"]) == ("17", "1700", 1, 120)
    assert first["largest"] == 1683
    assert any("tiny.csv has changed since the run" in text for text in found["notes"])
    assert {"differs"} == {one["status"] for one in found["steps"] if one["step"] == "ingest"}
    followed = [one for one in found["steps"] if one["followed"]]
    assert {one["followed"] for one in followed} == {"ingest"}
    assert "train" in {one["step"] for one in followed}
    assert conclusion(found, []).startswith("diverged at step ingest: data.parquet, column 'amount', row 18: 17 → 1700")


def test_a_step_that_does_not_go_through_any_more_is_where_it_diverged(proved: Project) -> None:
    found = verify(proved, code=1, MOOD="raises")
    assert (found["verdict"], found["step"]) == ("diverged", "train")
    assert found["findings"][0]["text"] == "it fails here: ZeroDivisionError: not this time"
    assert statuses(found) | {"train": "failed", "evaluate": "not reached"} == statuses(found)


def test_a_model_that_is_not_deterministic_diverges_at_its_tensor(proved: Project) -> None:
    found = verify(proved, code=1, MOOD="random")
    assert (found["verdict"], found["step"]) == ("diverged", "train")
    assert found["findings"][0]["kind"] == "tensor"
    assert found["findings"][0]["where"].startswith("Moody.coef_[0, ")
    assert found["findings"][0]["largest"] >= 1
    assert found["metrics"].keys() == {"roc_auc"}
    gap = found["metrics"]["roc_auc"]
    assert gap["difference"] == pytest.approx(abs(gap["before"] - gap["after"]))


def test_a_journal_that_has_lost_its_steps_is_told_as_damaged(proved: Project) -> None:
    run = proved.workspace.run_folder(proved.runs()[0])
    [worker] = (run / "events").glob("worker-*.jsonl")
    worker.unlink()
    done = proved.mfbench("runs", "verify", run.name, "--executor", "local")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "nothing says how its step ingest ended" in done.stderr
    (run / "job.json").unlink()
    assert "has lost its job.json" in proved.mfbench("runs", "verify", run.name, "--executor", "local").stderr


def test_names_of_code_that_lead_elsewhere_are_refused(proved: Project) -> None:
    run = proved.workspace.run_folder(proved.runs()[0])
    writer = SegmentWriter(run / "events", "driver", run=run.name, attempt=2)
    writer.write("artifact", "code/../../../../../escaped.py", "0" * 64, 3, "text/x-python")
    writer.close()
    done = proved.mfbench("runs", "verify", run.name, "--executor", "local")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "a file of the name '../../../../../escaped.py'" in done.stderr


def test_what_cannot_be_verified_is_refused_in_words(proved: Project) -> None:
    run = proved.runs()[0]
    found = verify(proved)
    assert f"is itself a verification, of run {run}" in refused(proved, found["verification"])
    assert "there is no run" in refused(proved, "nobody")
    resumed = proved.mfbench("runs", "resume", found["verification"])
    assert resumed.returncode == 2
    assert f"mfbench runs verify {run}" in resumed.stderr
    assert proved.mfbench("run", "tiny.toml", "--set", "run.seed=8", MOOD="raises").returncode == 1
    assert "has not finished (it failed)" in refused(proved, "last")
    from mfbench.tracking.run import start_run

    with start_run("by-hand", workspace=proved.folder) as mine:
        assert "is running" in refused(proved, mine.id)
    assert "recorded by a script" in refused(proved, mine.id)
    assert "no executor" in refused(proved, run, "nowhere")


def test_noise_that_no_metric_sees_in_data_of_another_form(proved: Project) -> None:
    data = proved.folder / "tiny.csv"
    data.write_bytes(data.read_bytes().replace(b"\n", b"\r\n"))  # other bytes, the same table
    found = verify(proved, "--strict", code=1, MOOD="tiny")
    assert (found["verdict"], found["step"], found["metrics"]) == ("same metrics", "train", {})
    assert found["findings"][0]["where"] == "Moody.intercept_[0]"
    assert 0 < found["findings"][0]["largest"] < 1e-11
    assert statuses(found) | {"ingest": "identical", "train": "differs", "package": "followed"} == statuses(found)
    assert any("tiny.csv has changed since" in text for text in found["notes"])
    assert conclusion(found, []).startswith("same metrics: 1 of 1 agree; step train came out differently: model/")


def test_another_seed_is_told_at_the_step_that_used_it(proved: Project) -> None:
    edit_job(proved, lambda job: [step["config"].update(seed=5) for step in job["steps"] if step["name"] == "split"])
    found = verify(proved, code=1)
    assert (found["verdict"], found["step"]) == ("diverged", "split")
    assert found["findings"][0]["file"] == "split.parquet"
    assert {found["findings"][0][side] for side in ("before", "after")} == {"train", "test"}


def test_a_model_that_depends_on_the_hash_seed_beside_a_file_like_a_secret(project: Project) -> None:
    (project.folder / "moody.py").write_text(MOODY, encoding="utf-8")
    (project.folder / "keys.py").write_text("password = 'hunter2-hunter2'\n", encoding="utf-8")
    project.recipe(SETTLED)
    ran(project, MOOD="hash", PYTHONHASHSEED="1")
    bundled = holding(project, b"hunter2")
    found = verify(project, MOOD="hash", PYTHONHASHSEED="2")
    assert found["findings"][0]["where"] == "Moody.intercept_[0]"
    assert any("hash seed" in text for text in found["unpinned"])
    assert "keys.py looks like a secret: the file of today is used" in found["notes"]
    added = holding(project, b"hunter2") - bundled
    assert {path.parent.name for path in added} <= {"blobs"}, "as a part of the model, as always, and nowhere else"
    assert not (project.workspace.run_folder(found["verification"]) / "recipe").exists()


def test_code_that_has_changed_since_does_not_matter(proved: Project) -> None:
    (proved.folder / "moody.py").write_text("raise RuntimeError('rewritten')\n", encoding="utf-8")
    (proved.folder / "new_since.py").write_text("raise RuntimeError('new')\n", encoding="utf-8")
    found = verify(proved)
    assert found["verdict"] == "bit-identical"
    assert "moody.py has changed since: the run's own is used" in found["notes"]


def test_data_that_is_gone_leaves_the_steps_after_it(proved: Project) -> None:
    (proved.folder / "tiny.csv").unlink()
    found = verify(proved, "--strict", code=1)  # strictly, that is not all of it
    assert (found["verdict"], found["since"]) == ("bit-identical", "check")
    assert statuses(found)["ingest"] == "not repeated"
    assert any("ingest cannot be repeated: there is no file 'tiny.csv'" in text for text in found["notes"])
    assert "(not repeated: ingest)" in conclusion(found, ["ingest"])
    for digest, _ in recorded(proved.workspace, found["run"]).outputs["ingest"].values():
        proved.workspace.blobs.joinpath(digest).unlink()
    assert "what was read of it is gone too" in refused(proved, found["run"])


def test_content_that_is_gone_is_compared_by_its_digest(proved: Project) -> None:
    outputs = recorded(proved.workspace, proved.runs()[0]).outputs
    for digest in {digest for step in ("features", "train") for digest, _ in outputs[step].values()}:
        proved.workspace.blobs.joinpath(digest).unlink()
    found = verify(proved, MOOD="tiny")
    assert statuses(found)["features"] == "identical"
    assert (found["step"], "what was recorded is gone" in found["findings"][0]["text"]) == ("train", True)


def test_a_cached_run_and_code_of_ours_that_has_changed(proved: Project) -> None:
    ran(proved)
    run = proved.runs()[1]
    known_before = recorded(proved.workspace, run)
    assert code_changes(known_before, known_before.loaded(), None) is None
    folder = proved.workspace.run_folder(run)
    job = read_job(folder)
    steps = tuple(replace(step, key="0" * 64) if step.name == "train" else step for step in job.steps)
    write_job(folder, replace(job, steps=steps))
    found = verify(proved, run=run)
    assert found["verdict"] == "bit-identical"
    assert "9 of 9 steps had come from the step cache: compared is what they made then" in found["notes"]
    assert any("what step train runs is not what it was" in text for text in found["notes"])


SEARCH = """
[tune]
trials = 2
[tune.space]
"model.C" = "log 0.1..10"
"""


def test_a_search_is_repeated_and_values_of_variables_stay_out_of_the_journal(project: Project) -> None:
    home = project.folder / "very-private-place"
    home.mkdir()
    shutil.move(project.folder / "tiny.csv", home / "tiny.csv")
    project.recipe(RECIPE.replace('"tiny.csv"', '"${PLACE}/tiny.csv"') + SEARCH)
    ran(project, PLACE=str(home))
    assert "PLACE, which is not set" in refused(project, "last")
    found = verify(project, "--strict", PLACE=str(home))
    assert found["verdict"] == "bit-identical"
    assert any(text.startswith("search/study.log: ") for text in found["left_out"])
    assert any("how long a trial took" in text for text in found["left_out"])
    assert not any("tune." in text for text in found["unpinned"])
    folder = project.workspace.run_folder(found["verification"])
    assert not any(b"very-private-place" in path.read_bytes() for path in (folder / "events").iterdir())
    assert b"very-private-place" not in json.dumps(json.loads((folder / "job.json").read_bytes())["steps"]).encode()


def test_what_a_search_cannot_pin_is_said(proved: Project) -> None:
    run = known(proved)
    tune = {"parallel": 2, "timeout": "60s", "objectives": ["roc_auc", "latency_ms"]}
    search = replace(run.job.steps[0], name="search", config={"tune": tune})
    run = replace(run, job=replace(run.job, steps=(*run.job.steps, search), network=True))
    place: Any = _Place("local", False, python="3.11.2", platform="linux", versions={})
    told = unpinned(run, place, Blobs(proved.workspace.blobs))
    for part in ("tune.parallel = 2", "tune.timeout = 60s", "latency_ms", "run.network"):
        assert any(part in text for text in told), part


def test_a_worker_that_is_killed_is_no_verdict(proved: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOOD", "exits")
    with pytest.raises(RunFailedError, match="step train"):
        Workbench.open(proved.folder).verify(proved.runs()[0], executor="local")
    assert proved.json("runs", "show", proved.runs()[0])["verifications"] == []


def test_sealed_and_imported_runs_are_verified_like_others(proved: Project, tmp_path: Path) -> None:
    run, bench, seen = proved.runs()[0], Workbench.open(proved.folder), list[str]()
    seal(proved.workspace.run_folder(run))
    found = bench.verify(run, executor="local", on_event=lambda _, event: seen.extend(event[2:3]))
    assert (found["verdict"], found["executor"]) == ("bit-identical", "local")
    assert "verified" in seen
    bench.export(tmp_path / "one.zip", runs=[run])
    (tmp_path / "elsewhere").mkdir()
    other = Workbench.create(tmp_path / "elsewhere")
    other.import_(tmp_path / "one.zip")
    job = other.workspace.run_folder(run) / "job.json"  # which says where it comes from, and is not believed
    job.write_text(job.read_text().replace(proved.workspace.id, other.workspace.id))
    with pytest.raises(UsageError, match=r"code of its own, which would run here: estimators\.py"):
        other.verify(run, executor="local")
    theirs = recorded(other.workspace, run)
    with pytest.raises(UsageError, match=r"with a network, your variables and secrets: estimators\.py"):
        refuse_strange(replace(theirs, job=replace(theirs.job, network=True)), ["estimators.py"], DockerExecutor())
    refuse_strange(theirs, ["estimators.py"], DockerExecutor())
    blobs = Blobs(other.workspace.blobs)
    strange = foreign_code(theirs, theirs.loaded(), blobs, other.workspace, "numpy==1.0\nnobody-has-it==1\n")
    assert strange[-1] == "nobody-has-it==1"
    for asked, image in ((Asked(requirements="", base="evil"), "evil"), (Asked(requirements="", apt=("x",)), "x")):
        assert foreign_image(theirs, asked, other.workspace) == image
    assert foreign_image(theirs, Asked(requirements="", base=BASE), other.workspace) is None
    assert foreign_image(recorded(bench.workspace, run), Asked(requirements="", base="evil"), bench.workspace) is None
    found = other.verify(run, executor="local", trust_code=True)
    assert (found["verdict"], found["since"]) == ("bit-identical", "check"), "the data did not travel"


RICH = SETTLED.replace("moody.Moody", "LogisticRegression").replace(
    "[evaluate]",
    "[data.split]\nrefit = true\n[evaluate]\nthreshold = { false_positive = 1, false_negative = 5 }\nrepeats = 2",
)


def test_thresholds_repeats_refits_and_champions_are_repeated(project: Project) -> None:
    gates = 'gates = ["roc_auc >= champion - 0.5", "latency_ms <= 1000"]\nmin_rows = 10'
    project.recipe(RICH.replace("[register]", f"[register]\n{gates}"))
    project.json("run", "tiny.toml")
    assert project.mfbench("run", "tiny.toml", "--set", "model.C=0.5").returncode in (0, 3), "refused is finished too"
    found = verify(project, run=project.runs()[1])
    assert found["verdict"] == "bit-identical", found["findings"]
    assert {"threshold", "repeats", "refit", "gate"} <= statuses(found).keys()
    run = recorded(project.workspace, project.runs()[1])
    blobs = Blobs(project.workspace.blobs)
    assert GATE not in Repeat(run, Source(run, None), blobs).not_repeated
    blobs.path(next(iter(run.job.given["champion"].values()))).unlink()
    repeat = Repeat(run, Source(run, None), blobs)
    assert repeat.not_repeated == {GATE: "the champion that it was judged by is gone"}
    assert GATE not in [step.name for step in repeat.steps]


FORECAST = """\
[recipe]
name = "sales"
task = "forecasting"
[data]
source = "sales.csv"
target = "amount"
[data.split]
by = "day"
test = "14d"
folds = 2
[forecast]
horizon = 3
season = 7
lags = [1, 7]
[model]
estimator = "Ridge"
[evaluate]
importance = false
resamples = 100
"""


def test_forecasts_are_repeated(project: Project) -> None:
    from datetime import date, timedelta

    days = [f"{date(2024, 1, 1) + timedelta(days=i)},{100 + i % 7 * 10 + i * 13 % 11}" for i in range(120)]
    (project.folder / "sales.csv").write_text("\n".join(["day,amount", *days]), encoding="utf-8")
    project.recipe(FORECAST, "sales.toml")
    project.json("run", "sales.toml")
    assert verify(project)["verdict"] == "bit-identical"


def test_a_verification_that_is_killed_leaves_nothing_odd(proved: Project) -> None:
    run, before = proved.runs()[0], proved.runs()
    face = proved.start("runs", "verify", run, "--executor", "local", MOOD="slow", MARK="verify-killed")
    until(lambda: len(proved.runs()) > len(before))
    [verification] = set(proved.runs()) - set(before)
    until(lambda: ["output", "slow has begun"] in proved.events(verification, "log"))
    holder = json.loads((proved.workspace.live / verification).read_bytes())
    os.kill(holder["pid"], signal.SIGKILL)
    out, err = face.communicate(timeout=60)
    assert face.returncode == 1, (out, err)
    assert "verify the run once more" in err
    until(lambda: not pids_of("MARK=verify-killed"))
    problems = json.loads(proved.mfbench("doctor", "--json").stdout)["problems"]
    ours = [one["code"] for one in problems if not one["code"].endswith(".left")]  # an engine's are not ours alone
    assert ours == ["run.lost"]
    assert proved.json("runs", "show", verification)["status"] == "lost"
    assert proved.json("runs", "show", run)["verifications"] == []


def test_a_verification_can_be_stopped(proved: Project) -> None:
    run, before = proved.runs()[0], proved.runs()
    face = proved.start("runs", "verify", run, "--executor", "local", MOOD="slow")
    until(lambda: len(proved.runs()) > len(before))
    [verification] = set(proved.runs()) - set(before)
    until(lambda: ["output", "slow has begun"] in proved.events(verification, "log"))
    face.send_signal(signal.SIGINT)
    _, err = face.communicate(timeout=60)
    assert (face.returncode, "Traceback" in err) == (130, False)
    assert proved.events(verification, "run.ended")[0][0] == "stopped"
    assert not (proved.workspace.run_folder(verification) / "recipe").exists()


def test_two_at_once_do_not_meet(proved: Project) -> None:
    run = proved.runs()[0]
    faces = [
        proved.start("runs", "verify", run, "--executor", "local", "--json", MOOD=mood) for mood in ("steady", "tiny")
    ]
    found = [json.loads(face.communicate(timeout=120)[0].splitlines()[-1]) for face in faces]
    assert [one["verdict"] for one in found] == ["bit-identical", "same metrics"]


HASHED = """\
from sklearn.linear_model import LogisticRegression


class Hashed(LogisticRegression):
    def fit(self, x, y, sample_weight=None):
        super().fit(x, y)
        self.intercept_ = self.intercept_ + hash("a word") % 1000
        return self
"""


def test_in_a_container_the_hash_seed_is_pinned(project: Project, environment_image: Environment) -> None:
    (project.folder / "hashed.py").write_text(HASHED, encoding="utf-8")
    project.recipe(SETTLED.replace("moody.Moody", "hashed.Hashed"))
    ran(project, "--executor", "docker")
    run = project.runs()[0]
    found = json.loads(project.mfbench("runs", "verify", run, "--json", MFBENCH_EXECUTOR="auto").stdout)
    assert (found["verdict"], found["executor"]) == ("bit-identical", "docker"), found["findings"]
    assert found["unpinned"] == []
    assert found["environment"]["told"].startswith("mfbench-env:")
    data = project.folder / "tiny.csv"
    data.write_text(data.read_text().replace("\n17,c,", "\n1700,c,"), encoding="utf-8")
    done = project.mfbench("runs", "verify", run, MFBENCH_EXECUTOR="auto")
    assert done.returncode == 1
    assert "column 'amount', row 18: 17 → 1700" in done.stdout.splitlines()[-1]


class _Place:
    """What stands for a place where nothing is run."""

    def __init__(self, name: str, installs: bool, **facts: Any) -> None:
        class Executor:
            pass

        self.executor = Executor()
        self.executor.name, self.executor.installs = name, installs  # type: ignore[attr-defined]
        self.environment = Environment(**facts)


def known(project: Project, **changes: Any) -> Recorded:
    return replace(recorded(project.workspace, project.runs()[0]), **changes)


def test_the_exact_versions_are_asked_for_again(proved: Project) -> None:
    run = known(proved)
    loaded = run.loaded()
    asked = "numpy==2.0.0\npolars[all]==2.1.0\n"
    assert requirements_of(known(proved, facts={**run.facts, "asked": asked}), loaded) == asked
    open_ended = known(proved, facts={**run.facts, "asked": "polars>=2\n"}, requirements="polars==2.1.5\n")
    assert requirements_of(open_ended, loaded) == "polars==2.1.5\n"
    old = known(proved, facts={}, requirements="", versions="polars==1.2.3\ntorch==2.0+cpu\nmsgspec==0.1\nunused==1\n")
    assert requirements_of(old, loaded) == "msgspec==0.1\npolars==1.2.3\n"
    with pytest.raises(UsageError, match="does not say which versions it had"):
        requirements_of(known(proved, facts={}, requirements="", versions=""), loaded)
    hostile = "--index-url https://example.org\nmsgspec==1\n"
    with pytest.raises(UsageError, match="does not say which versions it had"):
        requirements_of(known(proved, facts={}, requirements=hostile, versions="msgspec==1 --x\n"), loaded)


def test_the_executor_that_comes_nearest(proved: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MFBENCH_EXECUTOR")
    monkeypatch.setattr("mfbench.engine.verify.environment.answers", lambda: (True, "here"))
    run = known(proved)
    assert executor_for(run, None) == "venv"
    assert executor_for(run, "docker") == "docker"
    other = known(proved, facts={**run.facts, "python": "3.9.1"})
    assert executor_for(other, None) == "docker"
    monkeypatch.setattr("mfbench.engine.verify.environment.answers", lambda: (False, "nobody"))
    assert executor_for(other, None) == "venv"
    assert executor_for(known(proved, about={**run.about, "executor": "docker"}), None) == "docker"
    monkeypatch.setenv("MFBENCH_EXECUTOR", "local")
    assert executor_for(run, None) == "local"


def test_another_version_processor_and_platform_are_said(proved: Project) -> None:
    facts = {**known(proved).facts, "cpu": "Another 9000", "asked": ""}
    run = known(
        proved, facts=facts, versions="numpy==2.0.0\npolars==2.1.0\n", requirements="numpy==2.0.0\npolars==2.1.0\n"
    )
    place: Any = _Place(
        "docker", True, python="3.11.99", platform="linux-riscv64", versions={"numpy": "2.0.1", "polars": "2.1.0"}
    )
    assert version_changes(run, place) == ["numpy 2.0.0 → 2.0.1"]
    told = " ".join(unpinned(run, place, Blobs(proved.workspace.blobs)))
    for part in ("→ 3.11.99", "→ linux-riscv64", "numpy 2.0.0 → 2.0.1", "Another 9000 →", "system's own libraries"):
        assert part in told
