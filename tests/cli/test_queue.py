"""`mfbench queue` and `mfbench run --queue`."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from mfbench.workspace.queue import FOLDER, PAUSED, is_led
from tests.support import RECIPE, Project, until


@pytest.fixture
def paused(project: Project) -> Iterator[Project]:
    """A project whose queue starts nothing until it is told to."""
    assert project.mfbench("init").returncode == 0
    assert project.mfbench("queue", "pause").returncode == 0
    yield project
    (project.workspace.root / FOLDER / PAUSED).touch()
    until(lambda: not is_led(project.workspace))


def queued(project: Project, *words: str) -> str:
    found = project.json("run", "tiny.toml", "--queue", *words)["queued"]
    assert isinstance(found, str)
    return found


def test_put_in_list_move_and_cancel(paused: Project) -> None:
    done = paused.mfbench("run", "tiny.toml", "--queue", "--name", "first", "--set", "run.seed=2")
    first = done.stdout.strip()
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1), done.stderr
    second = queued(paused, "--executor", "local")
    done = paused.mfbench("queue")
    head, *rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert head[:6] == ["#", "id", "recipe", "name", "set", "state"]
    assert [row[:6] for row in rows] == [
        ["1", first, "tiny.toml", "first", "run.seed=2", "waiting"],
        ["2", second, "tiny.toml", "", "", "waiting"],
    ]
    assert "places: 0 of 1 taken; running: none" in done.stderr
    assert "the queue stands still: it is paused; go on with: mfbench queue start" in done.stderr
    assert paused.json("queue", "move", second, "--first") == {"ids": [second]}
    found = paused.json("queue")
    assert [entry["id"] for entry in found["entries"]] == [second, first]
    assert (found["max_parallel"], found["running"], found["paused"]) == (1, [], True)
    assert paused.json("queue", "cancel", first[-5:], second)["ids"] == [first, second]
    done = paused.mfbench("queue")
    assert (done.stdout, done.returncode) == ("", 0)
    assert "mfbench run RECIPE --queue" in done.stderr


def test_wait_tells_the_runs_and_the_worst_end(paused: Project) -> None:
    queued(paused)
    assert "paused" in paused.mfbench("queue", "wait").stderr
    assert paused.mfbench("queue", "wait").returncode == 2
    started = paused.json("queue", "start")
    assert (started["started"], started["waiting"] <= 1) == (True, True)
    done = paused.mfbench("queue", "wait")
    [row] = [line.split("\t") for line in done.stdout.splitlines()[1:]]
    assert (done.returncode, row[:2]) == (0, [paused.runs()[0], "finished"])
    paused.recipe(RECIPE.replace("[register]", '[register]\ngates = ["roc_auc >= 1.5"]'), "gated.toml")
    assert paused.mfbench("run", "gated.toml", "--queue").returncode == 0
    done = paused.mfbench("queue", "wait")
    assert done.returncode == 3, done.stderr + done.stdout
    queued(paused, "--set", "model.estimator=estimators.Raises")
    assert paused.mfbench("queue", "wait").returncode == 1
    done = paused.mfbench("queue", "wait", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"runs": [], "failed": []})


def test_what_could_not_be_started_is_listed_with_its_reason(paused: Project) -> None:
    paused.recipe(RECIPE.replace("tiny.csv", "no.csv"), "hostile\x1b[31m[bold].toml")
    broken = paused.json("run", "hostile\x1b[31m[bold].toml", "--queue")["queued"]
    paused.mfbench("queue", "start")
    assert paused.mfbench("queue", "wait").returncode == 1
    done = paused.mfbench("queue")
    assert "\x1b" not in done.stdout + done.stderr
    assert ("failed" in done.stdout, "[bold].toml" in done.stdout, "no.csv" in done.stdout) == (True, True, True)
    assert "mfbench queue retry" in done.stderr
    (paused.folder / "no.csv").write_bytes((paused.folder / "tiny.csv").read_bytes())
    assert paused.json("queue", "retry", broken)["ids"] == [broken]
    assert paused.mfbench("queue", "wait").returncode == 0


def test_interrupted_waiting_lets_the_queue_go_on(paused: Project) -> None:
    queued(paused, "--set", "model.estimator=estimators.Slow")
    assert paused.mfbench("queue", "start", SLOW_SECONDS="5").returncode == 0
    face = paused.start("queue", "wait")
    assert face.stderr is not None
    assert "waiting" in face.stderr.readline()
    os.kill(face.pid, signal.SIGINT)
    _, told = face.communicate(timeout=60)
    assert (face.returncode, "the queue goes on" in told) == (130, True)
    until(lambda: len(paused.runs()) == 1)
    assert paused.mfbench("runs", "stop", "last").returncode == 0
    assert paused.mfbench("queue", "wait").returncode in (0, 130, 1)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["move", "x"], "--first, --last or --before"),
        (["move", "x", "--first", "--last"], "--first, --last or --before"),
        (["cancel"], "Missing argument"),
        (["cancel", "x"], "'x' is not in the queue"),
        (["retry", "x"], "'x' is not in the queue"),
        (["nonsense"], "there is no queue 'nonsense'"),
    ],
)
def test_what_is_asked_wrongly_is_said(paused: Project, words: list[str], told: str) -> None:
    done = paused.mfbench("queue", *words)
    assert (done.returncode, told in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr


def test_a_wrong_recipe_makes_no_workspace_and_a_right_one_does(project: Project) -> None:
    done = project.mfbench("run", "none.toml", "--queue")
    assert (done.returncode, Path(project.workspace.root).exists()) == (2, False)
    assert project.mfbench("run", "tiny.toml", "--queue").returncode == 0
    assert project.mfbench("queue", "wait").returncode == 0
    assert len(project.runs()) == 1
    until(lambda: not is_led(project.workspace))
