"""Whole searches: what is tried, what is recorded, and what is left when something is killed."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from tests.support import Project, pids_of, until

RECIPE = """\
[recipe]
name = "tiny"
task = "classification"

[data]
source = "tiny.csv"
target = "bought"
positive = "yes"
split = { folds = 3 }

[model]
estimator = "LogisticRegression"

[tune]
trials = 6
metric = "roc_auc"
[tune.space]
model.C = "log 0.01..100"
"features.amount.scale" = ["standard", "none"]

[evaluate]
metrics = ["roc_auc", "log_loss"]
importance = false

[register]
"""

ODD = """\
import os, time
from sklearn.linear_model import LogisticRegression


class Odd(LogisticRegression):
    def __init__(self, C=1.0, how="well", max_iter=100):
        super().__init__(C=C, max_iter=max_iter)
        self.how = how

    def fit(self, x, y, sample_weight=None):
        if self.how == "raises":
            raise RuntimeError("no luck")
        if self.how == "dies":
            os.kill(os.getpid(), 9)
        if self.how == "exits":
            raise SystemExit(3)
        if self.how == "long":
            raise RuntimeError("x" * 10**6)
        if self.how == "orphans":
            if os.fork() == 0:
                time.sleep(120)
            os.kill(os.getpid(), 9)
        if self.how == "slow":
            time.sleep(float(os.environ.get("SLOW_SECONDS", "60")))
        return super().fit(x, y, sample_weight)
"""


@pytest.fixture
def searched(project: Project) -> Project:
    project.recipe(RECIPE)
    (project.folder / "odd.py").write_text(ODD, encoding="utf-8")
    return project


def study(project: Project, run: str) -> optuna.Study:
    path = str(project.workspace.run_folder(run) / "study.log")
    return optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(path)))


def odd(project: Project, *more: str) -> list[str]:
    return ["run", "tiny.toml", "--set", "model.estimator=odd.Odd", "--set", "register.model=odd", *more]


def test_the_best_trial_is_what_the_run_goes_on_with(searched: Project) -> None:
    result = searched.json("run", "tiny.toml")
    assert "search" in [step["name"] for step in result["steps"]]
    found = searched.json("runs", "trials", "last")
    assert found["objectives"] == ["roc_auc"]
    assert [trial["state"] for trial in found["trials"]] == ["complete"] * 6
    best = found["trials"][0]
    assert best["values"][0] == max(trial["values"][0] for trial in found["trials"])
    shown = searched.json("runs", "show", "last")["params"]
    assert float(shown["model.C"]) == best["params"]["model.C"]
    assert shown["search.trial"] == str(best["trial"])
    # Optuna itself reads the study: the same trials, the same values.
    trials = study(searched, result["run"]).trials
    assert {t.number: t.values for t in trials} == {t["trial"]: t["values"] for t in found["trials"]}
    assert best["values"][0] == pytest.approx(sum(best["scores"]) / 3)
    # A second run searches nothing, and says all the same.
    again = searched.json("run", "tiny.toml")
    assert all(step["cached"] for step in again["steps"])
    assert searched.json("runs", "trials", "last") | {"trials": []} == found | {"trials": []}
    assert [t["values"] for t in searched.json("runs", "trials", "last")["trials"]] == [
        t["values"] for t in found["trials"]
    ]


def test_a_trial_scores_what_scikit_learn_scores(searched: Project) -> None:
    import polars as pl
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold
    from sklearn.preprocessing import StandardScaler

    result = searched.json("run", "tiny.toml", "--set", 'tune.space={"model.C" = [0.5, 2.0]}', "--set", "tune.trials=2",
                           "--set", 'data.use=["amount"]')  # fmt: skip
    blobs = searched.workspace.blobs
    made = {a[0]: blobs / a[1] for a in searched.events(result["run"], "artifact")}
    frame = pl.read_parquet(made["ingest/data.parquet"])
    train = frame.filter(pl.read_parquet(made["split/split.parquet"])["part"] == "train")
    x, y = train.select("amount").to_numpy().astype(float), train["__target__"].to_numpy()
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    for trial in searched.json("runs", "trials", "last")["trials"]:
        scores = []
        for fit, judge in folds.split(x, y):
            scale = StandardScaler().fit(x[fit])
            model = LogisticRegression(C=trial["params"]["model.C"], random_state=0).fit(
                scale.transform(x[fit]), y[fit]
            )
            scores.append(roc_auc_score(y[judge], model.predict_proba(scale.transform(x[judge]))[:, 1]))
        assert trial["scores"] == pytest.approx(scores)


def test_one_at_a_time_the_same_seed_gives_the_same_trials(searched: Project) -> None:
    def tried(*words: str) -> list[Any]:
        searched.json("run", "tiny.toml", *words)
        for path in searched.workspace.cache.glob("*.json"):
            path.unlink()
        return [(t["trial"], t["params"], t["values"]) for t in searched.json("runs", "trials", "last")["trials"]]

    first = tried()
    assert tried() == first
    assert tried("--set", "run.seed=5") != first


@pytest.mark.parametrize("sampler", ["random", "grid", "qmc", "nsga2", "cmaes"])
def test_every_sampler_searches(searched: Project, sampler: str) -> None:
    space = '{"model.C" = "log 0.01..100", "model.tol" = [1e-4, 1e-3]}'
    if sampler == "grid":
        space = '{"model.C" = [0.1, 1.0, 10.0], "model.tol" = [1e-4, 1e-3]}'
    words = ["--set", f"tune.sampler={sampler}", "--set", f"tune.space={space}", "--set", "tune.trials=20"]
    searched.json("run", "tiny.toml", *words)
    trials = searched.json("runs", "trials", "last")["trials"]
    distinct = {(t["params"]["model.C"], t["params"]["model.tol"]) for t in trials}
    assert len(trials) == (6 if sampler == "grid" else 20)
    assert len(distinct) >= (6 if sampler == "grid" else 15)
    assert all(t["state"] == "complete" for t in trials)


def test_candidates_compete(searched: Project) -> None:
    text = RECIPE.replace('[model]\nestimator = "LogisticRegression"\n', "").replace(
        '[tune.space]\nmodel.C = "log 0.01..100"\n"features.amount.scale" = ["standard", "none"]\n',
        '[tune.candidates.line]\nestimator = "LogisticRegression"\nspace = { C = "log 0.01..10" }\n'
        '[tune.candidates.tree]\nestimator = "DecisionTreeClassifier"\nspace = { max_depth = "1..4" }\n',
    )
    searched.recipe(text)
    searched.json("run", "tiny.toml", "--set", "tune.trials=12")
    trials = searched.json("runs", "trials", "last")["trials"]
    kinds = {t["params"]["model"] for t in trials}
    assert kinds == {"line", "tree"}
    for trial in trials:
        assert set(trial["params"]) == {"model", "line.C" if trial["params"]["model"] == "line" else "tree.max_depth"}
    name = {"line": "LogisticRegression", "tree": "DecisionTreeClassifier"}[trials[0]["params"]["model"]]
    assert searched.json("runs", "show", "last")["params"]["model.estimator"] == name


def test_two_objectives_make_a_front(searched: Project) -> None:
    words = ["--set", 'tune.objectives=["roc_auc", "size_mb"]', "--set", "tune.trials=8",
             "--set", 'tune.space={"model.max_depth" = "1..6", "model.n_estimators" = "2..20"}',
             "--set", "model.estimator=RandomForestClassifier"]  # fmt: skip
    searched.recipe(RECIPE.replace('metric = "roc_auc"\n', ""))
    searched.json("run", "tiny.toml", *words)
    every = searched.json("runs", "trials", "last")["trials"]
    front = searched.json("runs", "trials", "last", "--front")["trials"]
    run = searched.json("runs")[0]["run"]
    assert {t["trial"] for t in front} == {t.number for t in study(searched, run).best_trials}
    assert len(front) < len(every) == 8


def test_a_failing_trial_is_recorded_and_the_search_goes_on(searched: Project) -> None:
    space = '{"model.how" = ["well", "raises", "dies"], "model.C" = [0.5, 1.0]}'
    result = searched.json(*odd(searched, "--set", "tune.sampler=grid", "--set", f"tune.space={space}"))
    trials = searched.json("runs", "trials", result["run"])["trials"]
    told = sorted((t["params"]["model.how"], t["state"], t["error"]) for t in trials)
    assert told == [
        ("dies", "failed", "its process was killed by signal 9"),
        ("dies", "failed", "its process was killed by signal 9"),
        ("raises", "failed", "RuntimeError: no luck"),
        ("raises", "failed", "RuntimeError: no luck"),
        ("well", "complete", None),
        ("well", "complete", None),
    ]


def test_whatever_an_estimator_does_is_a_line_of_its_trial(searched: Project) -> None:
    """It exits, says too much, or leaves a child behind that keeps everything open that it has inherited."""
    space = '{"model.how" = ["well", "exits", "long", "orphans"]}'
    began = time.monotonic()
    searched.json(*odd(searched, "--set", "tune.sampler=grid", "--set", f"tune.space={space}"))
    assert time.monotonic() - began < 60, "the search waited for the child"
    told = {t["params"]["model.how"]: t["error"] for t in searched.json("runs", "trials", "last")["trials"]}
    assert told.pop("long").startswith("RuntimeError: xxx")
    assert told == {"well": None, "exits": "SystemExit: 3", "orphans": "its process was killed by signal 9"}
    sizes = [len(fields[3] or "") for fields in searched.events(searched.runs()[-1], "trial.ended")]
    assert max(sizes) <= 2000


def test_infinity_is_a_value_like_any_other(searched: Project) -> None:
    searched.json("run", "tiny.toml", "--set", "tune.sampler=grid", "--set", 'tune.space={"model.C" = [inf, 1.0]}')
    trials = searched.json("runs", "trials", "last")["trials"]
    assert sorted((t["state"], t["params"]["model.C"]) for t in trials if t["params"]["model.C"] != 1.0) == [
        ("complete", "inf")
    ]


def test_what_comes_from_the_environment_stays_out_of_every_record(searched: Project) -> None:
    """Of the space, of a fixed parameter; a search that is resumed uses the value all the same."""
    secret = "hunter2-and-more"
    space = '{"model.how" = ["${HUSH}", "slow"], "model.C" = [0.5, 1.0, 2.0]}'
    words = odd(searched, "--set", "tune.sampler=grid", "--set", f"tune.space={space}")
    face = searched.start(*words, HUSH=secret, SLOW_SECONDS="0.3")
    until(lambda: len(searched.runs()) == 1)
    [run] = searched.runs()
    until(lambda: len(searched.events(run, "trial.ended")) >= 2)
    face.send_signal(signal.SIGINT)
    _, told = face.communicate(timeout=30)
    assert face.returncode == 130
    assert f"mfbench runs resume {run}" in told
    assert "running" not in searched.mfbench("runs", "trials", run).stdout
    done = searched.mfbench("runs", "resume", run, "--json", HUSH=secret, SLOW_SECONDS="0.01")
    assert done.returncode == 0, done.stderr
    trials = searched.json("runs", "trials", run)["trials"]
    tried = [(t["params"]["model.how"], t["params"]["model.C"]) for t in trials if t["state"] == "complete"]
    assert sorted(tried) == [(how, c) for how in ("${HUSH}", "slow") for c in (0.5, 1.0, 2.0)]
    shown = searched.mfbench("runs", "report", run, "-o", "-", HUSH=secret).stdout
    assert secret not in done.stdout + done.stderr + shown
    leaked = [p for p in searched.workspace.root.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()]
    assert not leaked
    parts = searched.json("runs", "show", run)  # told once, though two workers have
    for part, key in (("steps", "step"), ("checks", "name"), ("artifacts", "path")):
        names = [item[key] for item in parts[part]]
        assert len(names) == len(set(names)) > 0


def test_a_grid_that_nobody_can_finish_is_refused(searched: Project) -> None:
    for space in ('{"model.C" = "1..3000000000"}', '{"model.C" = "1..1000", "model.max_iter" = "1..1000"}'):
        done = searched.mfbench("check", "tiny.toml", "--set", "tune.sampler=grid", "--set", f"tune.space={space}")
        assert done.returncode == 2
        assert "more than 100,000 points" in done.stderr


def test_a_search_whose_trials_all_fail_ends_and_says_so(searched: Project) -> None:
    done = searched.mfbench(*odd(searched, "--set", "model.how=raises", "--set", 'tune.space={"model.C"="1..3"}'))
    assert done.returncode == 1
    assert "the search found nothing: all 6 trials failed" in done.stderr
    assert "most often: RuntimeError: no luck" in done.stderr


def test_a_search_whose_first_thirty_trials_fail_does_not_use_up_its_time(searched: Project) -> None:
    words = ["--set", "model.how=raises", "--set", 'tune.space={"model.C"="0.1..3.0"}', "--set", "tune.timeout=10m"]
    searched.recipe(RECIPE.replace("trials = 6\n", ""))
    done = searched.mfbench(*odd(searched, *words))
    assert done.returncode == 1
    assert "all 30 trials failed" in done.stderr


def test_the_time_of_a_search_is_kept(searched: Project) -> None:
    space = '{"model.how" = ["well", "slow"]}'
    words = odd(searched, "--set", "tune.sampler=grid", "--set", f"tune.space={space}", "--set", "tune.timeout=4s",
                "--set", "tune.parallel=2")  # fmt: skip
    began = time.monotonic()
    searched.json(*words)
    assert time.monotonic() - began < 40
    assert [t["state"] for t in searched.json("runs", "trials", "last")["trials"]] == ["complete"]


def test_no_better_for_n_trials_ends_the_search(searched: Project) -> None:
    words = ["--set", "tune.trials=50", "--set", "tune.patience=3", "--set", 'tune.space={"model.max_iter"="500..900"}']
    searched.json("run", "tiny.toml", *words)
    assert len(searched.json("runs", "trials", "last")["trials"]) == 4  # all the same: the first, and three no better


def test_pruned_trials_are_told_and_are_not_chosen(searched: Project) -> None:
    words = ["--set", "model.estimator=RandomForestClassifier", "--set", "tune.pruner=median", "--set",
             'tune.space={"model.max_depth"="1..8", "model.n_estimators"="8..40"}', "--set", "tune.trials=25",
             "--set", "tune.prune_on=iterations"]  # fmt: skip
    result = searched.json("run", "tiny.toml", *words)
    trials = searched.json("runs", "trials", "last")["trials"]
    states = [trial["state"] for trial in trials]
    assert states.count("pruned") >= 1
    assert states.count("pruned") + states.count("complete") == 25
    assert trials[0]["state"] == "complete"
    steps = [fields for fields in searched.events(result["run"], "m") if fields[0] == "roc_auc.stage"]
    assert {fields[1] for fields in steps} <= set(range(8))


@pytest.mark.parametrize("who", ["worker", "driver", "evaluator"])
def test_a_killed_search_goes_on_with_nothing_lost_or_done_twice(searched: Project, who: str) -> None:
    mark = f"mark-{os.getpid()}-{who}"
    space = '{"model.C" = "log 0.01..100", "model.how" = ["slow"]}'
    words = odd(searched, "--set", f"tune.space={space}", "--set", "tune.trials=8", "--set", "data.split.folds=2")
    face = searched.start(*words, MFBENCH_TEST_MARK=mark, SLOW_SECONDS="0.15")
    until(lambda: len(searched.runs()) == 1)
    [run] = searched.runs()
    until(lambda: len(searched.events(run, "trial.ended")) >= 3)
    before = {fields[0]: fields for fields in searched.events(run, "trial.ended")}
    driver = json.loads((searched.workspace.live / run).read_text())["pid"]
    os.kill(victim(who, driver, mark), signal.SIGKILL)
    face.communicate(timeout=60)
    until(lambda: not pids_of(mark))
    if who != "evaluator":
        done = searched.mfbench("runs", "resume", run, "--json", SLOW_SECONDS="0.01")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout.splitlines()[-1])["run"] == run
    trials = {t["trial"]: t for t in searched.json("runs", "trials", run)["trials"]}
    finished = [t for t in trials.values() if t["state"] in ("complete", "failed")]
    assert len(finished) == 8
    for number, fields in before.items():  # what was finished stands as it was
        if fields[1] == "complete":
            assert trials[number]["values"] == fields[2]
    values = [t["params"]["model.C"] for t in finished]
    assert len(set(values)) == 8, "no trial was done twice"
    assert {row["run"]: row["status"] for row in searched.json("runs")} == {run: "finished"}
    again = searched.mfbench("runs", "resume", run)
    assert again.returncode == 2
    assert "is finished" in again.stderr


def victim(who: str, driver: int, mark: str) -> int:
    if who == "driver":
        return driver
    children = {pid: (parent_of(pid), command_of(pid)) for pid in pids_of(mark)}
    if who == "worker":
        return next(pid for pid, (parent, _) in children.items() if parent == driver)
    return next(pid for pid, (_, command) in children.items() if "mfbench.tuning" in command)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def test_a_run_whose_data_has_changed_does_not_go_on(searched: Project) -> None:
    words = odd(searched, "--set", 'tune.space={"model.C"="1..3"}', "--set", "model.how=slow", "--set", "tune.trials=2")
    face = searched.start(*words)
    until(lambda: len(searched.runs()) == 1)
    [run] = searched.runs()
    until(lambda: len(searched.events(run, "trial.started")) > 0)
    assert searched.mfbench("runs", "resume", run).returncode == 2  # it is running
    face.send_signal(signal.SIGINT)
    assert face.wait(timeout=30) == 130
    with (searched.folder / "tiny.csv").open("a", encoding="utf-8") as stream:
        stream.write("121,a,no\n")
    done = searched.mfbench("runs", "resume", run)
    assert done.returncode == 2
    assert "have changed since" in done.stderr
