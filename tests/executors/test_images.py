"""Environment images, made by a real engine. Nothing here needs a network, and each takes a second or two."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from mfbench.core.errors import EngineError, InstallError, StoppedError, UsageError
from mfbench.core.ids import random_text
from mfbench.executors import uses
from mfbench.executors.docker import images
from mfbench.executors.docker.client import image
from mfbench.executors.docker.labels import ENVIRONMENT, FACTS, OWNER
from mfbench.executors.environment import Asked, Environment
from mfbench.workspace.locks import locked
from tests import children
from tests.executors.packages import index, registry, wheel
from tests.support import until

if TYPE_CHECKING:
    from docker import DockerClient

NEVER: Callable[[], bool] = lambda: False  # noqa: E731
OFFLINE = {"PIP_NO_INDEX": "1"}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


_asked: list[Asked] = []  # what the running test has asked for: its images are removed


@pytest.fixture
def wheels(engine: DockerClient, tmp_path: Path) -> Iterator[Path]:
    """A wheelhouse with tinypack 1.0 and 2.0."""
    folder = tmp_path / "wheel house, ünd so"
    for version in ("1.0", "2.0"):
        wheel(folder, "tinypack", version)
    _asked.clear()
    yield folder
    for wanted in _asked:
        if image(wanted.base or images.BASE) and image(tag := f"{images.REPOSITORY}:{name_of(wanted)}"):
            engine.api.remove_image(tag, force=True)


def asked(wheels: Path, **more: Any) -> Asked:
    """An environment of this test alone: the comment is part of its hash."""
    text = f"tinypack==1.0\n# {random_text(12)}\n"
    plain: dict[str, Any] = {"requirements": text, "wheelhouse": str(wheels), "network": "none", "args": OFFLINE}
    _asked.append(Asked(**{**plain, **more}))
    return _asked[-1]


def made(wanted: Asked) -> tuple[Environment, list[str]]:
    told: list[str] = []
    return images.make(wanted, told.append, NEVER), told


def ours(engine: DockerClient, name: str) -> list[dict[str, Any]]:
    """The containers that install this environment."""
    return list(engine.api.containers(all=True, filters={"label": f"{ENVIRONMENT}={name}"}))


def name_of(wanted: Asked) -> str:
    return images._name(image(wanted.base or images.BASE) or {}, wanted)


class TestMade:
    def test_an_image_is_made_once_and_found_again(self, engine: DockerClient, wheels: Path) -> None:
        wanted = asked(wheels)
        assert images.find(wanted) is None
        found, told = made(wanted)
        assert found.versions["tinypack"] == "1.0"
        assert found.python.startswith("3.")
        assert found.platform.startswith("linux-")
        assert found.told == f"mfbench-env:{name_of(wanted)} on python:3.11-slim"
        assert any("tinypack" in line for line in told)
        assert images.find(wanted) == found
        assert made(wanted) == (found, [])  # nothing is installed again
        assert ours(engine, name_of(wanted)) == []
        assert uses.last_used(name_of(wanted)) is not None

    def test_what_decides_about_it_is_in_its_name(self, engine: DockerClient, wheels: Path) -> None:
        wanted = asked(wheels)
        replace = msgspec.structs.replace
        others = [replace(wanted, requirements="tinypack==2.0\n"), replace(wanted, apt=("libgomp1",))]
        assert len({name_of(one) for one in (wanted, *others)}) == 3
        how = replace(wanted, wheelhouse=None, network="host", index="https://example.org", args={"A": "b"})
        assert name_of(how) == name_of(wanted)

    def test_the_image_runs_what_was_installed_and_shows_nothing_of_how(
        self, engine: DockerClient, wheels: Path
    ) -> None:
        found, _ = made(asked(wheels))
        printed = engine.containers.run(
            found.place, ["python3", "-c", "import tinypack; print(tinypack.version)"], remove=True, network_mode="none"
        )
        assert printed.decode().strip() == "1.0"
        inspected = engine.api.inspect_image(found.place)
        base = engine.api.inspect_image(images.BASE)
        config = inspected["Config"]
        assert config["Cmd"] == base["Config"]["Cmd"]
        assert config["Env"] == base["Config"]["Env"]
        assert not config["Entrypoint"]
        assert not config["OpenStdin"]
        assert config["Labels"][OWNER] == ""
        assert json.loads(config["Labels"][FACTS])["versions"]["tinypack"] == "1.0"
        shown = json.dumps([inspected, engine.api.history(found.place)])
        assert "PIP_" not in shown
        assert str(wheels) not in shown

    def test_two_at_once_make_it_once(self, engine: DockerClient, wheels: Path) -> None:
        wanted = asked(wheels)
        results: list[tuple[Environment, list[str]]] = []
        racers = [threading.Thread(target=lambda: results.append(made(wanted))) for _ in range(3)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
        assert len({found.place for found, _ in results}) == 1
        assert sum("keeping it as an image" in told for _, told in results) == 1
        assert ours(engine, name_of(wanted)) == []

    def test_one_that_waits_says_so_and_can_be_stopped(self, engine: DockerClient, wheels: Path) -> None:
        wanted = asked(wheels)
        told: list[str] = []
        with locked(uses.build_lock(name_of(wanted))), pytest.raises(StoppedError):
            images.make(wanted, told.append, lambda: bool(told))
        assert told == ["another run is making this environment: waiting"]

    def test_a_foreign_image_of_that_name_is_replaced(self, engine: DockerClient, wheels: Path) -> None:
        wanted = asked(wheels)
        engine.api.tag(images.BASE, images.REPOSITORY, name_of(wanted))
        assert images.find(wanted) is None
        assert made(wanted)[0].versions["tinypack"] == "1.0"
        assert image(images.BASE) is not None


class TestSecrets:
    def test_an_index_that_wants_a_login_gets_it_and_nobody_else_sees_it(
        self, engine: DockerClient, wheels: Path
    ) -> None:
        password, token = f"pw-{random_text(10)}", f"token-{random_text(10)}"
        seen: list[str] = []

        def look(line: str) -> None:
            seen.append(line)
            for container in ours(engine, name_of(wanted)):
                seen.append(json.dumps(engine.api.inspect_container(container["Id"])))

        with index(wheels, f"me:{password}") as address:
            wanted = asked(
                wheels,
                wheelhouse=None,
                network="host",
                index=f"http://me:{password}@{address}/simple",
                args={"SOME_TOKEN": token},
            )
            found = images.make(wanted, look, NEVER)
        assert found.versions["tinypack"] == "1.0"
        assert any(address in line for line in seen)
        seen.append(json.dumps([engine.api.inspect_image(found.place), engine.api.history(found.place)]))
        assert not any(secret in line for line in seen for secret in (password, token))
        files = engine.containers.run(
            found.place,
            ["sh", "-c", f"grep -rlE '{password}|{token}' / --exclude-dir=proc --exclude-dir=sys || true"],
            remove=True,
            network_mode="none",
        )
        assert files == b""

    def test_a_failed_login_is_told_without_the_password(self, engine: DockerClient, wheels: Path) -> None:
        told: list[str] = []
        with index(wheels, "me:right-one") as address:
            one = f"http://me:wrong-one@{address}/simple"
            wanted = asked(wheels, wheelhouse=None, network="host", index=one, args={"PIP_RETRIES": "0"})
            with pytest.raises(InstallError) as raised:
                images.make(wanted, told.append, NEVER)
        assert "wrong-one" not in "\n".join([str(raised.value), *told])


class TestRefused:
    def test_pips_own_last_lines_are_shown_and_nothing_is_left(self, engine: DockerClient, wheels: Path) -> None:
        wanted = asked(wheels, requirements="tinypack==3.0\n")
        with pytest.raises(InstallError) as raised:
            made(wanted)
        assert raised.value.message == "the environment could not be made: pip failed with exit code 1"
        assert str(raised.value.hint).startswith(
            "ERROR: Could not find a version that satisfies the requirement tinypack==3.0"
        )
        assert ours(engine, name_of(wanted)) == []
        assert engine.api.images(all=True, filters={"label": f"{ENVIRONMENT}={name_of(wanted)}"}) == []
        assert images.find(wanted) is None

    def test_a_base_that_nobody_has(self, engine: DockerClient, wheels: Path) -> None:
        told: list[str] = []
        with pytest.raises(InstallError, match=r"^missing image: 127\.0\.0\.1:1/nobody/none:1 is") as raised:
            images.make(asked(wheels, base="127.0.0.1:1/nobody/none:1"), told.append, NEVER)
        assert told[0] == "the base image 127.0.0.1:1/nobody/none:1 is not here: pulling it"
        assert "docker pull 127.0.0.1:1/nobody/none:1" in str(raised.value.hint)

    def test_a_base_is_pulled_and_has_to_have_python(self, engine: DockerClient, wheels: Path) -> None:
        told: list[str] = []
        with registry({"tests": "empty"}) as name:
            wanted = asked(wheels, base=name)
            try:
                with pytest.raises(InstallError, match="the base image has no python3") as raised:
                    images.make(wanted, told.append, NEVER)
                assert ours(engine, name_of(wanted)) == []
            finally:
                engine.api.remove_image(name)
        assert any("Pull complete" in line for line in told)
        assert "python:3.11-slim" in str(raised.value.hint)

    def test_a_python_that_is_too_old(self, engine: DockerClient, wheels: Path) -> None:
        older = (
            '#!/bin/sh\nexec "$(command -v python3.11)" -c '
            "'import sys; sys.version_info = (3, 9, 2); exec(sys.argv[1])' \"$3\"\n"
        )
        place = f"mfbench-tests:{random_text(12)}"
        write = ["sh", "-c", 'p=/usr/local/bin/python3; rm -f $p; printf %s "$0" > $p; chmod +x $p', older]
        container = engine.containers.create(images.BASE, write, network_mode="none")
        try:
            container.start()
            container.wait()
            container.commit(*place.split(":"))
            with pytest.raises(InstallError, match=r"has Python 3\.9, and 3\.11 or later is needed"):
                made(asked(wheels, base=place))
        finally:
            container.remove(force=True)
            engine.api.remove_image(place)

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ({"base": "../containers/x"}, "is no name of an image"),
            ({"base": "-it"}, "is no name of an image"),
            ({"base": "python:3.11 slim"}, "is no name of an image"),
            ({"apt": ("-oDebug::NoLocking=1",)}, "is no name of a Debian package"),
            ({"apt": ("lib x",)}, "is no name of a Debian package"),
            ({"wheelhouse": "/nowhere/wheels"}, "the wheelhouse is no folder"),
            ({"wheelhouse": "wheels"}, "the wheelhouse is no folder"),
        ],
    )
    def test_what_no_installation_can_do(self, tmp_path: Path, more: dict[str, Any], said: str) -> None:
        with pytest.raises(UsageError, match=said) as raised:
            images.find(asked(tmp_path, **more))
        assert raised.value.hint

    def test_without_an_engine(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
        for go in (images.find, lambda one: made(one)):
            with pytest.raises(EngineError, match="there is no such socket") as raised:
                go(asked(tmp_path))
            assert "--executor local" in str(raised.value.hint)


class TestStopped:
    @pytest.fixture
    def silent(self, wheels: Path) -> Iterator[Asked]:
        """An index that takes the question and never answers: pip waits in silence for an hour."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            one = f"http://127.0.0.1:{server.getsockname()[1]}/simple"
            yield asked(wheels, wheelhouse=None, network="host", index=one, args={"PIP_TIMEOUT": "3600"})

    def test_a_stop_ends_an_installer_that_is_silent(self, engine: DockerClient, silent: Asked) -> None:
        name = name_of(silent)
        with pytest.raises(StoppedError):
            images.make(silent, print, lambda: any(one["State"] == "running" for one in ours(engine, name)))
        assert ours(engine, name) == []
        assert images.find(silent) is None

    def test_a_stop_while_the_image_is_kept(self, engine: DockerClient, wheels: Path) -> None:
        wanted = asked(wheels)
        told: list[str] = []
        with pytest.raises(StoppedError):
            images.make(wanted, told.append, lambda: "keeping it as an image" in told)
        assert ours(engine, name_of(wanted)) == []
        assert made(wanted)[0].versions["tinypack"] == "1.0"

    def test_an_interrupt_leaves_nothing_either(self, engine: DockerClient, wheels: Path) -> None:
        def interrupt(line: str) -> None:
            raise KeyboardInterrupt

        wanted = asked(wheels)
        with pytest.raises(KeyboardInterrupt):
            images.make(wanted, interrupt, NEVER)
        assert ours(engine, name_of(wanted)) == []

    def test_a_maker_that_is_killed_takes_the_installer_with_it(self, engine: DockerClient, silent: Asked) -> None:
        code = """
import sys, msgspec
from mfbench.executors.docker import images
from mfbench.executors.environment import Asked
images.make(msgspec.json.decode(sys.argv[1], type=Asked), print, lambda: False)
"""
        maker = children.start(code, msgspec.json.encode(silent).decode())
        name = name_of(silent)
        try:
            until(lambda: any(one["State"] == "running" for one in ours(engine, name)))
            children.kill(maker)
            until(lambda: [one["State"] for one in ours(engine, name)] == ["exited"])
        finally:
            children.kill(maker)
            for left in ours(engine, name):
                assert left["Labels"][OWNER]
                engine.api.remove_container(left["Id"], force=True)
        assert images.find(silent) is None
