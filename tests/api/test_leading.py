"""Leading runs from afar: started and let go, repeated, followed by whoever wants to; nothing is left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from mfbench.api.workbench import Workbench
from mfbench.core.errors import RecipeError, RunFailedError, UsageError
from tests.support import Project, until

STARTS = """
import os, sys, threading, time
from mfbench.api.workbench import Workbench
bench = Workbench.create(".")
if sys.argv[1] == "threads":
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
run = bench.start("tiny.toml")
assert bench.attach(run)["status"] == "finished"
deadline = time.monotonic() + 30
while True:  # until no child is left, living or dead
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        break
    assert time.monotonic() < deadline, "a child is left"
    time.sleep(0.05)
print(run, flush=True)
os._exit(0)
"""


@pytest.fixture
def bench(project: Project, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    monkeypatch.chdir(project.folder)
    return Workbench.create(project.folder)


@pytest.mark.parametrize("kind", ["alone", "threads"])
def test_a_run_is_started_at_once_and_no_child_is_left(project: Project, kind: str) -> None:
    words = [sys.executable, "-c", STARTS, kind]
    done = subprocess.run(words, cwd=project.folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert project.runs() == [done.stdout.strip()]


def test_it_is_started_from_several_threads(bench: Workbench) -> None:
    started: list[str] = []

    def work(number: int) -> None:
        started.append(bench.start("tiny.toml", overrides=[f"model.C={number + 1}"], name=f"n{number}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {bench.attach(run)["status"] for run in started} == {"finished"}
    assert {row["name"] for row in bench.list_runs()[0]} == {"n0", "n1"}


def test_what_is_wrong_is_raised_before_there_is_a_run(bench: Workbench, project: Project) -> None:
    with pytest.raises(RecipeError, match="no such recipe"):
        bench.start("nowhere.toml")
    with pytest.raises(RecipeError):
        bench.start("tiny.toml", overrides=["model.nonsense=1"])
    with pytest.raises(RecipeError):  # which only the driver finds
        bench.start("tiny.toml", overrides=["data.target='nobody'"])
    assert project.runs() == []


def test_a_run_is_repeated_from_what_it_recorded(bench: Workbench, project: Project) -> None:
    first = bench.run("tiny.toml", overrides=["model.C=0.5"], name="once", executor="local")
    (project.folder / "tiny.toml").unlink()
    again = bench.rerun(first["run"])
    assert again["run"] != first["run"]
    assert [step["name"] for step in again["steps"] if not step["cached"]] in ([], ["register"])
    assert again["metrics"] == first["metrics"]
    other = bench.rerun(first["run"], overrides=["model.C=2.0"], name="changed")
    shown = {name: bench.show_run(run) for name, run in (("again", again["run"]), ("other", other["run"]))}
    assert {name: (one["name"], one["params"]["model.C"]) for name, one in shown.items()} == {
        "again": ("once", "0.5"),
        "other": ("changed", "2.0"),
    }
    assert shown["other"]["about"]["overrides"] == ["model.C=0.5", "model.C=2.0"]
    assert bench.show_run(other["run"])["executor"] == "local"
    third = bench.start_rerun(other["run"])  # what was laid over is laid over again
    assert bench.attach(third)["metrics"] == other["metrics"]


def test_not_every_run_can_be_repeated(bench: Workbench, project: Project, tmp_path: Path) -> None:
    from mfbench.tracking.run import start_run

    with start_run("script", workspace=bench.workspace.root) as script:
        script.log_metric("loss", 1.0)
    with pytest.raises(UsageError, match="script"):
        bench.start_rerun(script.id)
    run = bench.run("tiny.toml")["run"]
    with pytest.raises(RecipeError):
        bench.start_rerun(run, overrides=["model.nonsense=1"])
    elsewhere = Workbench.create(tmp_path / "elsewhere")
    elsewhere.merge(bench.workspace.root)
    with pytest.raises(UsageError, match="another workspace"):
        elsewhere.start_rerun(run)
    below = project.folder / "below"
    below.mkdir()
    for name in ("tiny.toml", "tiny.csv"):
        shutil.copy(project.folder / name, below)
    run = bench.run("below/tiny.toml")["run"]
    shutil.rmtree(below)
    with pytest.raises(UsageError, match="not there any more"):
        bench.start_rerun(run)


def test_a_run_started_elsewhere_is_followed_to_its_end(bench: Workbench, project: Project) -> None:
    face, run = project.slow_run(SLOW_SECONDS="1.5")
    seen: list[str] = []
    result = bench.attach(run, lambda state, event: seen.append(event[2] if event else state.status))
    assert (result["run"], result["status"]) == (run, "finished")
    assert seen[0] == "header" or "run.started" in seen[:2]
    assert "running" in seen  # a tick while nothing was said
    assert seen[-1] == "run.ended"
    assert bench.attach(run) == result  # of a run that is over
    face.communicate(timeout=60)


def test_a_failed_run_is_an_answer_and_can_be_taken_up(bench: Workbench) -> None:
    run = bench.start("tiny.toml", overrides=["model.estimator=estimators.Raises"])
    result = bench.attach(run)
    assert (result["status"], result["error"]["message"]) == ("failed", "ZeroDivisionError: the user's own mistake")
    with pytest.raises(RunFailedError):
        bench.rerun(run)
    assert bench.start_resume(run) == run
    assert bench.attach(run)["status"] == "failed"
    with pytest.raises(UsageError, match="finished"):
        bench.start_resume(bench.run("tiny.toml")["run"])


def test_a_killed_run_is_told_as_lost(bench: Workbench, project: Project) -> None:
    face, run = project.slow_run()
    threading.Timer(0.3, lambda: os.kill(_driver(bench, run), 9)).start()
    result = bench.attach(run)
    assert (result["status"], result["error"]["type"]) == ("lost", "Lost")
    face.communicate(timeout=60)


def test_what_a_follower_raises_ends_the_following_alone(bench: Workbench, project: Project) -> None:
    face, run = project.slow_run(SLOW_SECONDS="2")

    def enough(*_: Any) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        bench.attach(run, enough)
    assert bench.workspace.is_alive(run)
    assert bench.attach(run)["status"] == "finished"
    face.communicate(timeout=60)


def test_a_verification_is_started_and_found_again(bench: Workbench) -> None:
    run = bench.run("tiny.toml")["run"]
    verification = bench.start_verify(run, "local")
    assert bench.attach(verification)["status"] == "finished"
    found = bench.verification(verification)
    assert found is not None
    assert (found["run"], found["verdict"]) == (run, "bit-identical")
    assert bench.verification(run) is None
    with pytest.raises(UsageError, match="verification"):
        bench.start_rerun(verification)


def test_it_goes_on_when_who_started_it_is_gone(project: Project) -> None:
    code = (
        "import os\nfrom mfbench.api.workbench import Workbench\n"
        "print(Workbench.create('.').start('tiny.toml', overrides=['model.estimator=estimators.Slow']), flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    words = [sys.executable, "-c", code]
    environment = os.environ | {"SLOW_SECONDS": "1"}
    done = subprocess.run(words, cwd=project.folder, env=environment, capture_output=True, text=True, timeout=60)
    run = done.stdout.strip()
    bench = Workbench.open(project.folder)
    assert bench.workspace.is_alive(run)
    until(lambda: not bench.workspace.is_alive(run))
    assert bench.show_run(run)["status"] == "finished"


def _driver(bench: Workbench, run: str) -> int:
    import msgspec

    return int(msgspec.json.decode((bench.workspace.live / run).read_bytes())["pid"])
