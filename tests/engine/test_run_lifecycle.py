"""How runs end: as asked, by themselves, or by force."""

from __future__ import annotations

import json
import os
import signal

from mfbench.store.runs import show_run
from tests.support import Project, pids_of, until


def statuses(project: Project) -> dict[str, str]:
    return {run["run"]: run["status"] for run in project.json("runs")}


def test_a_recipe_becomes_a_registered_model(project: Project) -> None:
    done = project.mfbench("run", "tiny.toml", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["status"] == "finished"
    assert result["model"] == {"name": "tiny", "version": 1}
    names = ["ingest", "check", "split", "leakage", "features", "profile", "train", "evaluate", "explain", "package",
             "register"]  # fmt: skip
    assert [step["name"] for step in result["steps"]] == names
    assert not any(step["cached"] for step in result["steps"])
    assert result["metrics"].keys() == {"roc_auc", "log_loss"}
    assert project.json("models")[0]["digest"] == project.json("models", "show", "tiny")["digest"]


def test_killing_the_face_ends_nothing(project: Project) -> None:
    for number in (signal.SIGKILL, signal.SIGHUP):
        face, run = project.slow_run(SLOW_SECONDS="1.5")
        face.send_signal(number)
        face.wait(timeout=10)
        assert project.workspace.is_alive(run)
        until(lambda run=run: not project.workspace.is_alive(run))
        assert project.events(run, "run.ended")[0][0] == "finished"
        for path in project.workspace.cache.glob("*.json"):
            path.unlink()
    assert [model["version"] for model in project.json("models")] == [1]


def test_ctrl_c_stops_the_run_and_all_its_processes(project: Project) -> None:
    face, run = project.slow_run(MFBENCH_TEST_MARK=f"mark-{os.getpid()}-stop")
    face.send_signal(signal.SIGINT)
    assert face.wait(timeout=15) == 130
    assert project.events(run, "run.ended")[0][0] == "stopped"
    until(lambda: not pids_of(f"mark-{os.getpid()}-stop"))
    assert statuses(project)[run] == "stopped"


def test_a_run_is_stopped_from_another_terminal(project: Project) -> None:
    face, run = project.slow_run()
    assert project.mfbench("runs", "stop", run[:-2]).returncode == 0
    assert face.wait(timeout=15) == 130
    assert statuses(project)[run] == "stopped"


def test_a_killed_driver_leaves_a_lost_run_and_no_process(project: Project) -> None:
    face, run = project.slow_run(MFBENCH_TEST_MARK=f"mark-{os.getpid()}-lost")
    before = {path: path.read_bytes() for path in project.workspace.run_folder(run).glob("events/*")}
    os.kill(json.loads((project.workspace.live / run).read_text())["pid"], signal.SIGKILL)
    _, narrated = face.communicate(timeout=15)
    assert face.returncode == 1
    assert "lost" in narrated
    until(lambda: not pids_of(f"mark-{os.getpid()}-lost"))
    assert statuses(project)[run] == "lost"
    after = {path: path.read_bytes() for path in project.workspace.run_folder(run).glob("events/*")}
    assert after == before, "lost is derived, never written"
    # What had finished is cached: the same recipe goes on where it was lost.
    again = project.json("run", "tiny.toml")
    assert {step["name"] for step in again["steps"] if step["cached"]} >= {"ingest", "check", "split"}


def test_a_killed_worker_fails_the_run(project: Project) -> None:
    done = project.mfbench("run", "tiny.toml", "--set", "model.estimator=estimators.Killed", "--json")
    assert done.returncode == 1
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["status"], result["model"]) == ("failed", None)
    assert result["error"]["message"] == "the worker ended in step train: killed by signal 9"
    assert "out of memory" in result["error"]["hint"]


def test_an_estimator_that_raises_shows_its_own_traceback(project: Project) -> None:
    done = project.mfbench("run", "tiny.toml", "--set", "model.estimator=estimators.Raises")
    assert done.returncode == 1
    assert "ZeroDivisionError: the user's own mistake" in done.stderr
    assert 'estimators.py", line' in done.stderr
    assert "/mfbench/" not in done.stderr.replace(str(project.folder), ""), "our own frames are nobody's business"
    assert statuses(project)[project.runs()[-1]] == "failed"
    logged = project.mfbench("runs", "logs", "last").stdout
    assert "ZeroDivisionError: the user's own mistake" in logged


def test_an_estimator_that_exits_fails_the_run(project: Project) -> None:
    done = project.mfbench("run", "tiny.toml", "--set", "model.estimator=estimators.Exits", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["status"] == "failed"


def test_a_timeout_ends_the_run(project: Project) -> None:
    words = ("--set", "model.estimator=estimators.Slow", "--set", "run.timeout=2s")
    done = project.mfbench("run", "tiny.toml", *words, "--json", MFBENCH_TEST_MARK=f"mark-{os.getpid()}-timeout")
    assert done.returncode == 1
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["status"] == "timeout"
    assert "timeout of 2.0 s" in result["error"]["message"]
    until(lambda: not pids_of(f"mark-{os.getpid()}-timeout"))


def test_a_detached_run_is_found_again(project: Project) -> None:
    words = ("run", "tiny.toml", "--set", "model.estimator=estimators.Slow", "--detach")
    run = project.mfbench(*words, SLOW_SECONDS="1").stdout.strip()
    followed = project.mfbench("runs", "logs", run, "--follow")
    assert followed.returncode == 0
    assert followed.stdout.rstrip().endswith("run finished")
    assert project.json("models")[0]["run"] == run


def test_ctrl_c_while_the_recipe_is_checked_leaves_nothing(project: Project) -> None:
    (project.folder / "hangs.py").write_text("import time\nprint('here', flush=True)\ntime.sleep(60)\n")
    mark = f"mark-{os.getpid()}-check"
    face = project.start("run", "tiny.toml", "--set", "model.estimator=hangs.X", MFBENCH_TEST_MARK=mark)
    until(lambda: len(pids_of(mark)) >= 3)  # face, driver, worker
    face.send_signal(signal.SIGINT)
    assert face.wait(timeout=15) == 130
    until(lambda: not pids_of(mark))
    assert not project.workspace.root.exists()


def test_everything_to_repeat_a_run_is_recorded(project: Project) -> None:
    project.mfbench("run", "tiny.toml", "--set", "model.estimator=estimators.Exits", "--set", "run.seed=3")
    [run] = project.runs()
    shown = show_run(project.workspace, run)
    assert shown["params"]["model.estimator"] == "estimators.Exits"
    assert shown["params"]["run.seed"] == "3"
    assert shown["about"]["overrides"] == ["model.estimator=estimators.Exits", "run.seed=3"]
    kept = {item["path"]: item["digest"] for item in shown["artifacts"]}
    blobs = project.workspace.blobs
    assert (blobs / kept["recipe.toml"]).read_text() == (project.folder / "tiny.toml").read_text()
    assert "scikit-learn==" in (blobs / kept["environment.txt"]).read_text()
    assert (blobs / kept["code/estimators.py"]).read_bytes() == (project.folder / "estimators.py").read_bytes()
    assert shown["data"][0]["rows"] == 120
