"""Runs in containers that are broken off in every way: nothing goes on, nothing is lost, nothing is left for good."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mfbench.executors.environment import Environment
from mfbench.journal.reader import read_events
from tests.faults.docked import Docked
from tests.faults.own_engine import OwnEngine
from tests.support import RECIPE, Project, until

if TYPE_CHECKING:
    from docker import DockerClient

Rounds = Callable[[int], range]
BRIEF = RECIPE.replace("LogisticRegression", "docked.Brief")
SECRET, VARIABLE, PASSWORD = "hunter2-of-the-recipe", "hunter3-of-a-variable", "hunter4-of-the-index"


def _somewhere(
    docked: Docked, image: Environment, chance: random.Random, *, installs: bool, most: float
) -> tuple[subprocess.Popen[str], str]:
    """A run that is on its way, up to `most` seconds into a phase: (its face, its id)."""
    phase = "installing" if installs else chance.choice(["starting", "working"])
    docked.forget_results()
    docked.new_environment(image.place)
    face = docked.start()
    run = docked.begun(face, set(docked.project.runs()))
    docked.wait_for(run, phase)
    time.sleep(chance.uniform(0, most))
    return face, run


def _resumed(docked: Docked, run: str) -> None:
    done = docked.mfbench("runs", "resume", run)
    assert done.returncode == 0, done.stderr
    assert docked.ending(run)[0] == "finished"


def _cleaned(docked: Docked, chance: random.Random) -> int:
    """What the engine still has is found, and goes; how many containers that were."""
    left = docked.names()
    found = {one["where"] for one in docked.json("doctor")["problems"] if one["code"].endswith(".left")}
    assert found >= left
    if chance.random() < 0.5:
        assert {one["path"] for one in docked.json("gc")["items"] if one["kind"] == "container"} >= left
    report = docked.json("doctor", "--repair")
    assert {one["code"] for one in report["problems"]} <= {"workspace.disk"}
    assert docked.containers() == []
    assert docked.strangers() == []
    return len(left)


def test_killed_drivers_leave_nothing_that_is_not_found(
    docked: Docked, environment_image: Environment, chance: random.Random, rounds: Rounds
) -> None:
    docked.project.recipe(BRIEF)
    left = 0
    for number in rounds(2):
        face, run = _somewhere(docked, environment_image, chance, installs=number % 2 == 0, most=1.2)
        docked.kill_driver(run)
        face.communicate(timeout=60)
        until(lambda: not docked.containers("running"), 20)
        left += _cleaned(docked, chance)
        _resumed(docked, run)
        assert docked.containers() == []
        assert docked.strangers() == []
    assert left


def test_a_killed_engine_ends_its_runs_and_leaves_nothing_that_is_not_found(
    killable: Docked, own_engine: OwnEngine, environment_image: Environment, chance: random.Random, rounds: Rounds
) -> None:
    own_engine.take(environment_image.place)
    docked, left = killable, 0
    docked.project.recipe(BRIEF)
    for number in rounds(2):
        face, run = _somewhere(docked, environment_image, chance, installs=number % 2 == 0, most=1.0)
        own_engine.kill()
        try:
            said = face.communicate(timeout=30)[1]
            status, error, _ = docked.ending(run)
            assert (status, error["type"]) == ("failed", "EngineStopped"), said
            assert "the engine stopped" in said
        finally:
            own_engine.start()
        left += _cleaned(docked, chance)
        _resumed(docked, run)
        assert docked.containers() == []
        assert docked.strangers() == []
    assert left


def test_two_runs_make_an_environment_once(docked: Docked, environment_image: Environment) -> None:
    base = docked.new_environment(environment_image.place)
    faces = [docked.start() for _ in range(2)]
    for face in faces:
        _, said = face.communicate(timeout=120)
        assert face.returncode == 0, said
    logs = [[event[1] for event in docked.project.events(run, "log")] for run in docked.project.runs()]
    assert [docked.ending(run)[0] for run in docked.project.runs()] == ["finished"] * 2
    assert sum("keeping it as an image" in lines for lines in logs) == 1
    assert len(docked.made_on(base)) == 1
    assert docked.containers() == []


def test_ctrl_c_while_the_environment_is_made(docked: Docked, environment_image: Environment) -> None:
    base = docked.new_environment(environment_image.place)
    face = docked.start()
    run = docked.begun(face, set())
    until(lambda: bool(docked.containers("running")))
    face.send_signal(signal.SIGINT)
    assert face.wait(timeout=20) == 130
    assert docked.ending(run)[0] == "stopped"
    assert docked.containers() == []
    assert docked.made_on(base) == []


def test_no_secret_stays_anywhere_and_ctrl_c_ends_the_container(docked: Docked, environment_image: Environment) -> None:
    """A secret of the recipe, a variable that the recipe names, and the password of an index, looked for everywhere."""
    docked.project.recipe(
        RECIPE.replace("LogisticRegression", "docked.Talks").replace("[data]", 'description = "for ${PLANTED}"\n[data]')
        + '[[data.checks]]\ncolumn = "shop"\nallowed = ["${PLANTED}", "a", "b", "c"]\n'
        + '[run]\nsecrets = ["PLANTED_SECRET"]\n'
    )
    base = docked.new_environment(
        environment_image.place, 'index = "https://user:${INDEX_PASSWORD}@localhost:9/simple"'
    )
    secrets = {"PLANTED_SECRET": SECRET, "PLANTED": VARIABLE, "INDEX_PASSWORD": PASSWORD}
    face = docked.start(**secrets)
    run = docked.begun(face, set())
    seen: dict[str, str] = {}

    def look() -> bool:
        for one in docked.containers():
            try:
                seen[one["Id"]] = json.dumps(docked.client.api.inspect_container(one["Id"]))
            except Exception:  # it has just gone
                continue
        return docked.has_come(run, "working") or face.poll() is not None

    until(look)
    assert len(seen) == 2, docked.ending(run)  # the one that installed, and the run's
    face.send_signal(signal.SIGINT)
    _, said = face.communicate(timeout=20)
    assert face.returncode == 130
    assert docked.ending(run)[0] == "stopped"
    assert docked.containers() == []
    assert docked.strangers() == []

    [image] = docked.made_on(base)
    api: Any = docked.client.api
    texts = [*seen.values(), said, json.dumps([api.inspect_image(image), api.history(image)])]
    events = [str(event) for event in read_events(docked.workspace.run_folder(run) / "events")]
    assert any("secret: ${PLANTED_SECRET}" in event for event in events)  # it was there, and has been taken out
    files = [path.read_bytes() for path in docked.project.folder.rglob("*") if path.is_file()]
    for hidden in (SECRET, VARIABLE, PASSWORD):
        assert not [text for text in texts + events if hidden in text]
        assert not [content for content in files if hidden.encode() in content]


def test_a_full_disk_ends_the_run_with_that_word(
    small: tuple[Path, bool], engine: DockerClient, environment_image: Environment
) -> None:
    folder, is_disk = small
    if not is_disk:
        pytest.skip("needs a small disk of its own: root on Linux")
    docked = Docked(Project(folder), engine)
    docked.project.recipe(RECIPE.replace("LogisticRegression", "docked.Large"))
    face = docked.start()
    run = docked.begun(face, set())
    until(lambda: docked.has_come(run, "working") or face.poll() is not None)
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(max(0, shutil.disk_usage(folder).free - (256 << 10))))
    _, said = face.communicate(timeout=60)
    status, error, _ = docked.ending(run)
    assert (face.returncode, status, error["type"]) == (1, "failed", "DiskFull"), said
    assert "disk full" in said
    assert docked.containers() == []
    ballast.unlink()
    assert docked.strangers() == []
    _resumed(docked, run)
