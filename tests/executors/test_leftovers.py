"""What crashes and time leave behind: found, judged, taken away; and what is somebody's own stays."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from mfbench.api.workbench import Workbench
from mfbench.core import plugins
from mfbench.core.errors import EngineError, WorkspaceError
from mfbench.core.ids import new_id, random_text
from mfbench.executors import uses
from mfbench.executors.base import Leftover
from mfbench.executors.docker.labels import ENVIRONMENT, OWNER, RUN, WORKSPACE
from mfbench.executors.docker.leftovers import leftovers, remove
from mfbench.executors.docker.owner import is_dead, me
from mfbench.workspace.workspace import Workspace, create
from tests import children
from tests.support import Project

if TYPE_CHECKING:
    from docker import DockerClient

BASE = "python:3.11-slim"
DAY = 86_400.0


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return create(tmp_path)


@pytest.fixture
def dead() -> str:
    """A process of this machine that is no more, as an owner."""
    child = children.start("pass")
    children.output(child)
    return me().rpartition(":")[0] + f":{child.pid}"


@pytest.fixture
def make(engine: DockerClient) -> Iterator[Callable[..., str]]:
    """Makes a container with these labels: its name. All of them are gone afterwards."""
    made: list[str] = []

    def container(labels: dict[str, str], *, image: str = BASE, state: str = "created", **more: Any) -> str:
        words = ["python", "-c", "pass" if state == "exited" else "import time; time.sleep(300)"]
        host = engine.api.create_host_config(network_mode="none", init=True, **more)
        found = engine.api.create_container(image, words, labels=labels, host_config=host)["Id"]
        made.append(found)
        if state != "created":
            engine.api.start(found)
        if state == "exited":
            engine.api.wait(found, timeout=60)
        if state == "paused":
            engine.api.pause(found)
        return str(engine.api.inspect_container(found)["Name"].lstrip("/"))

    yield container
    for found in engine.api.containers(all=True):
        if found["Id"] in made:
            engine.api.remove_container(found["Id"], force=True, v=True)


@pytest.fixture
def image(engine: DockerClient, make: Callable[..., str]) -> Iterator[Callable[..., str]]:
    """Makes an image with these labels: its id. Its tag is `mfbench-env:<hash>`."""
    made: list[str] = []

    def commit(hash_: str, labels: dict[str, str], base: str = BASE, repository: str | None = "mfbench-env") -> str:
        name = make({}, image=base)
        conf = {"Labels": {ENVIRONMENT: hash_, **labels}}
        made.append(engine.api.commit(name, repository, hash_ if repository else None, conf=conf)["Id"])
        engine.api.remove_container(name)
        return made[-1]

    yield commit
    for found in engine.api.containers(all=True):
        if found["ImageID"] in made:
            engine.api.remove_container(found["Id"], force=True)
    there = {found["Id"] for found in engine.api.images()}
    for found in (one for one in reversed(made) if one in there):
        engine.api.remove_image(found, force=True)


def _of(run: str, workspace: Workspace, owner: str) -> dict[str, str]:
    return {RUN: run, WORKSPACE: workspace.id, OWNER: owner}


def _found(engine: DockerClient, workspace: Workspace) -> dict[str, Leftover]:
    return {one.name: one for one in leftovers(engine, workspace.id, workspace.is_alive)}


# -- containers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["created", "running", "exited", "paused"])
def test_a_container_goes_once_its_run_is_over(
    engine: DockerClient, workspace: Workspace, make: Callable[..., str], state: str, dead: str
) -> None:
    run, marker = workspace.new_run({"pid": os.getpid(), "host": "here"})
    name, driven = make(_of(run, workspace, dead), state=state), make(_of(new_id(), workspace, me()))
    assert name not in _found(engine, workspace)
    assert driven not in _found(engine, workspace)  # of a copy of this workspace, where its run is alive
    os.close(marker)
    left = _found(engine, workspace)[name]
    assert (left.kind, left.run) == ("container", run)
    assert state in left.what
    for _ in range(2):  # what is gone already is fine
        remove(engine, left)
    assert name not in {one["Names"][0].lstrip("/") for one in engine.api.containers(all=True)}


def test_a_run_of_another_workspace_is_left_alone_while_its_driver_lives(
    engine: DockerClient, workspace: Workspace, make: Callable[..., str], dead: str
) -> None:
    lives = make({RUN: new_id(), WORKSPACE: "another", OWNER: me()})
    unknown = make({RUN: new_id(), WORKSPACE: "another"})
    abandoned = make({RUN: new_id(), WORKSPACE: "another", OWNER: dead})
    assert {lives, unknown, abandoned} & _found(engine, workspace).keys() == {abandoned}


def test_an_installation_goes_once_its_process_is_gone(
    engine: DockerClient, workspace: Workspace, make: Callable[..., str], dead: str
) -> None:
    host, boot, pid = me().split(":")
    kept = [
        make({ENVIRONMENT: "0", OWNER: owner})
        for owner in (me(), f"elsewhere:{boot}:{dead.rpartition(':')[2]}", "", f"{host}:{boot}:x")
    ]
    gone = [make({ENVIRONMENT: "0", OWNER: owner}) for owner in (dead, f"{host}:another-boot:{pid}")]
    found = _found(engine, workspace)
    assert {*kept, *gone} & found.keys() == set(gone)
    assert [(found[name].kind, found[name].run) for name in gone] == [("container", None)] * 2


def test_a_process_that_took_over_the_number_of_a_dead_one_is_not_its_owner() -> None:
    assert not is_dead(me(), time.time())
    assert is_dead(me(), time.time() - DAY * 365 * 20)


def test_containers_that_people_start_from_our_images_are_theirs(
    engine: DockerClient, workspace: Workspace, make: Callable[..., str], image: Callable[..., str], dead: str
) -> None:
    """The image's labels are inherited: they say who made the image."""
    made = image(random_text(16), {OWNER: dead, RUN: new_id(), WORKSPACE: workspace.id})
    assert make({}, image=made) not in _found(engine, workspace)
    ours = make(_of(new_id(), workspace, dead), image=made)
    assert ours in _found(engine, workspace)


# -- images --------------------------------------------------------------------------------------------------------


def test_an_image_is_told_with_its_size_and_last_use(
    engine: DockerClient, workspace: Workspace, image: Callable[..., str], make: Callable[..., str]
) -> None:
    hash_ = random_text(16)
    made, tag = image(hash_, {}), f"mfbench-env:{hash_}"
    left = _found(engine, workspace)[tag]
    assert left.kind == "image"
    assert abs((left.used or 0) - time.time()) < DAY  # never used here: when it was made
    assert left.bytes < engine.images.get(BASE).attrs["Size"]  # what it has in common with its base stays
    uses.mark(hash_)
    os.utime(workspace.root.parent / "cache/mfbench/environments" / hash_, (1000, 1000))
    left = _found(engine, workspace)[tag]
    assert left.used == 1000
    name = make({}, image=made)
    assert tag not in _found(engine, workspace)
    with pytest.raises(EngineError, match="in use by a container"):
        remove(engine, left)
    engine.api.remove_container(name)
    uses.mark(hash_)
    with pytest.raises(EngineError, match="in use again"):
        remove(engine, left)
    remove(engine, _found(engine, workspace)[tag])
    remove(engine, Leftover("image", tag, ""))
    assert tag not in _found(engine, workspace)
    assert uses.last_used(hash_) is None
    assert engine.images.get(BASE).id


def test_an_image_that_lost_its_name_is_found_by_its_label(
    engine: DockerClient, workspace: Workspace, image: Callable[..., str]
) -> None:
    hash_ = random_text(16)
    first, second = image(hash_, {"a": "1"}), image(hash_, {"a": "2"})
    found = _found(engine, workspace)
    assert {first, second, f"mfbench-env:{hash_}"} & found.keys() == {first, f"mfbench-env:{hash_}"}
    assert found[first].used is None
    remove(engine, found[first])
    assert first not in _found(engine, workspace)


def test_images_that_people_build_on_ours_are_theirs(
    engine: DockerClient, workspace: Workspace, image: Callable[..., str]
) -> None:
    hash_ = random_text(16)
    ours = image(hash_, {})
    named = image(hash_, {"a": "1"}, base=ours, repository="mfbench-test-built")
    nameless = image(hash_, {"a": "2"}, base=ours, repository=None)
    found = _found(engine, workspace)
    assert f"mfbench-env:{hash_}" in found
    assert not {named, nameless, f"mfbench-test-built:{hash_}"} & found.keys()


# -- the doctor and the collection, with an executor that has left this and that ------------------------------------


class Untidy:
    """An executor with leftovers; one of them cannot be removed."""

    name = "untidy"
    left: ClassVar[list[Leftover]] = []
    problem: Exception | None = None

    def leftovers(self, workspace: str, alive: Callable[[str], bool]) -> list[Leftover]:
        if self.problem:
            raise self.problem
        return list(Untidy.left)

    def remove(self, leftover: Leftover) -> None:
        if leftover.name == "stuck":
            raise EngineError("it is stuck")
        Untidy.left.remove(leftover)


@pytest.fixture
def untidy(monkeypatch: pytest.MonkeyPatch) -> type[Untidy]:
    monkeypatch.setattr(plugins, "names", lambda _: ["untidy"])
    monkeypatch.setattr(plugins, "load", lambda *_: Untidy)
    monkeypatch.setattr(Untidy, "problem", None)
    monkeypatch.setattr(Untidy, "left", [])
    return Untidy


def test_the_doctor_finds_containers_and_removes_them(workspace: Workspace, untidy: type[Untidy]) -> None:
    untidy.left = [
        Leftover("container", "one", "of run r, which is over (exited)", run="r"),
        Leftover("container", "stuck", "an installation that was broken off (running)"),
        Leftover("image", "mfbench-env:0", "an environment", 5, used=1.0),
    ]
    bench = Workbench(workspace)
    found = [(one["code"], one["where"]) for one in bench.doctor()["problems"]]
    assert found == [("container.left", "one"), ("install.left", "stuck")]
    report = bench.doctor(repair=True)
    assert [(one["where"], one["failed"]) for one in report["repaired"]] == [("one", False), ("stuck", True)]
    assert [one["where"] for one in report["problems"]] == ["stuck"]


@pytest.mark.parametrize("problem", [EngineError("it does not listen", hint="shout"), ValueError("odd")])
def test_an_executor_that_cannot_be_asked_is_said(
    workspace: Workspace, untidy: type[Untidy], problem: Exception
) -> None:
    untidy.problem = problem
    bench = Workbench(workspace)
    [found] = bench.doctor(repair=True)["problems"]
    assert (found["code"], found["where"], found["mendable"]) == ("executor.silent", "untidy", False)
    assert str(problem.args[0]) in found["what"]
    [item] = bench.gc()["items"]
    assert item["action"] == "keep"


def test_gc_takes_environments_that_nobody_has_used_for_long(workspace: Workspace, untidy: type[Untidy]) -> None:
    now = time.time()
    untidy.left = [
        Leftover("container", "one", "of run r, which is over (exited)", run="r"),
        Leftover("environment", "half", "half made", 3),
        Leftover("image", "old", "an environment", 5, used=now - 40 * DAY),
        Leftover("image", "new", "an environment", 7, used=now - 20 * DAY),
    ]
    bench = Workbench(workspace)

    def gone(**words: Any) -> list[str]:
        return [item["path"] for item in bench.gc(**words)["items"]]

    assert gone(dry_run=True) == ["one", "half", "old"]
    assert gone(dry_run=True, older_than=50 * DAY) == ["one", "half"]
    assert gone(dry_run=True, older_than=60.0) == ["one", "half", "old"]
    assert len(untidy.left) == 4
    found = bench.gc()
    assert found["bytes"] == 8
    assert [(one["kind"], one["action"], one["reason"]) for one in found["items"]] == [
        ("container", "remove", "its run is over"),
        ("environment", "remove", "nobody can use it"),
        ("environment", "remove", "not used for 30 days"),
    ]
    assert [one.name for one in untidy.left] == ["new"]


def test_the_configuration_says_how_long_environments_stay(workspace: Workspace, untidy: type[Untidy]) -> None:
    untidy.left = [Leftover("image", "stuck", "an environment", 5, used=time.time() - 40 * DAY)]
    config = workspace.root / "config.toml"
    config.write_text('[environment]\nkeep = "8w"\n')
    assert Workbench(Workspace(workspace.root)).gc()["items"] == []
    config.write_text('[environment]\nkeep = "2d"\n')
    [item] = Workbench(Workspace(workspace.root)).gc()["items"]
    assert (item["action"], item["bytes"], item["reason"]) == ("keep", 0, "could not be taken away: it is stuck")
    config.write_text('[environment]\nkeep = "soon"\n')
    with pytest.raises(WorkspaceError, match="keep"):
        Workbench(Workspace(workspace.root)).gc()


# -- as commands ---------------------------------------------------------------------------------------------------


def test_the_commands_say_and_remove_it(
    project: Project, engine: DockerClient, make: Callable[..., str], tmp_path: Path, dead: str
) -> None:
    create(tmp_path)
    first, second = (make(_of(new_id(), project.workspace, dead), state="running") for _ in range(2))
    report = project.mfbench("doctor")
    assert report.returncode == 1
    assert "container.left (2)" in report.stdout
    assert first in report.stdout
    assert engine.api.version()["Version"] in report.stdout
    dry = project.json("gc", "--dry-run")["items"]
    assert {(one["kind"], one["path"]) for one in dry} >= {("container", first), ("container", second)}
    assert project.mfbench("doctor", "--repair").returncode == 0
    assert project.json("doctor")["problems"] == []


def test_without_an_engine_the_doctor_says_so_and_goes_on(project: Project, tmp_path: Path) -> None:
    create(tmp_path)
    done = project.mfbench("doctor", DOCKER_HOST=f"unix://{tmp_path}/nobody")
    assert done.returncode == 0
    assert "no container engine answers" in done.stdout
