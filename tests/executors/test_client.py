"""Where an engine is looked for, and how its errors are told. Most of it needs none: sockets play its part."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from mfbench.core.errors import DiskError, EngineError, InstallError
from mfbench.executors.docker.client import connect, guarded, image
from mfbench.executors.docker.endpoints import answers, ask, endpoints, first
from tests.children import run

if TYPE_CHECKING:
    from docker import DockerClient

VERSION = {"ApiVersion": "1.41", "Version": "20.10.24", "MinAPIVersion": "1.12"}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / ".docker"))


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a short name: those of sockets have a limit."""
    with TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


class Engine:
    """Answers what `answers` has for a path's end, and hangs up on everything else."""

    def __init__(self, path: Path, answers: dict[str, tuple[int, bytes]]) -> None:
        self.endpoint, self._answers = f"unix://{path}", answers
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._server.accept()
            except OSError:
                return
            with link:
                asked = link.recv(65536).split(b" ")
                ends = [end for end in self._answers if len(asked) > 1 and asked[1].decode().endswith(end)]
                if ends:
                    status, body = self._answers[ends[0]]
                    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                    link.sendall(f"{head}Connection: close\r\n\r\n".encode() + body)

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


class TestWhere:
    def test_the_usual_places_in_order(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert endpoints() == ["unix:///var/run/docker.sock"]
        monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
        colima = tmp_path / ".colima" / "default" / "docker.sock"
        colima.parent.mkdir(parents=True)
        colima.touch()
        assert endpoints() == ["unix:///var/run/docker.sock", "unix:///run/user/7/docker.sock", f"unix://{colima}"]

    def test_a_named_host_is_the_only_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for host in ("unix:///elsewhere.sock", "tcp://127.0.0.1:2375", "tcp://localhost:2376"):
            monkeypatch.setenv("DOCKER_HOST", host)
            assert endpoints() == [host]

    def test_the_chosen_context_comes_first_and_a_named_one_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.context(tmp_path, "mine", "unix:///mine.sock")
        (tmp_path / ".docker" / "config.json").write_text(json.dumps({"currentContext": "mine"}))
        assert endpoints() == ["unix:///mine.sock", "unix:///var/run/docker.sock"]
        self.context(tmp_path, "other", "unix:///other.sock")
        monkeypatch.setenv("DOCKER_CONTEXT", "other")
        assert endpoints() == ["unix:///other.sock"]
        monkeypatch.setenv("DOCKER_CONTEXT", "no such")
        with pytest.raises(EngineError, match="context 'no such' cannot be read") as raised:
            endpoints()
        assert "docker context ls" in str(raised.value.hint)

    @staticmethod
    def context(home: Path, name: str, host: str) -> None:
        folder = home / ".docker" / "contexts" / "meta" / sha256(name.encode()).hexdigest()
        folder.mkdir(parents=True)
        (folder / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}}))

    @pytest.mark.parametrize("content", ["", "[]", "{", '{"currentContext": 7}', '{"currentContext": "default"}'])
    def test_a_configuration_that_says_nothing(self, tmp_path: Path, content: str) -> None:
        (tmp_path / ".docker").mkdir()
        (tmp_path / ".docker" / "config.json").write_text(content)
        assert endpoints() == ["unix:///var/run/docker.sock"]

    @pytest.mark.parametrize("host", ["tcp://10.1.2.3:2375", "ssh://me:s3cr3t@far.example", "https://far.example:2376"])
    def test_an_engine_elsewhere_cannot_see_our_files(self, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_HOST", host)
        with pytest.raises(EngineError, match="on another machine") as raised:
            first()
        assert "s3cr3t" not in str(raised.value)
        assert "--executor local" in str(raised.value.hint)
        assert answers() == (False, raised.value.message)


class TestAnswers:
    def test_one_that_answers(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        engine = Engine(place / "s", {"/_ping": (200, b"OK")})
        monkeypatch.setenv("DOCKER_HOST", engine.endpoint)
        assert answers() == (True, engine.endpoint)
        engine.close()
        found, said = answers()
        assert not found
        assert said == f"no container engine answers (tried {engine.endpoint}: connection refused)"

    def test_what_was_tried_is_said(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        broken, silent = Engine(place / "b", {"/_ping": (500, b"")}), socket.socket(socket.AF_UNIX)
        silent.bind(str(place / "s"))
        silent.listen()
        (place / "f").touch()
        said = {
            f"unix://{place}/none": "there is no such socket",
            f"unix://{place}/f": "connection refused",
            broken.endpoint: "it answers with HTTP status 500",
            f"unix://{place}/s": "no answer within 0.5 s",
            "tcp://127.0.0.1:1": "connection refused",
        }
        with silent:
            for endpoint, why in said.items():
                monkeypatch.setenv("DOCKER_HOST", endpoint)
                assert answers() == (False, f"no container engine answers (tried {endpoint}: {why})")
        broken.close()

    @pytest.mark.skipif(os.getuid() != 0, reason="becomes somebody else")
    def test_one_that_may_not_be_used(self, place: Path) -> None:
        Engine(place / "s", {})
        (place / "s").chmod(0o600)
        place.chmod(0o755)
        code = f"""
import os
from mfbench.executors.docker.endpoints import first
os.environ["DOCKER_HOST"] = "unix://{place}/s"
os.setuid(65534)
try:
    first()
except Exception as error:
    print(error)
"""
        said = run(code)
        assert "permission denied" in said
        assert "usermod -aG docker" in said

    def test_it_takes_no_package_to_ask(self) -> None:
        code = "import sys; from mfbench.executors.auto import choose; choose('auto'); print('docker' in sys.modules)"
        assert run(code).strip() == "False"


class TestErrors:
    def test_an_engine_that_stops(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        engine = Engine(place / "s", {"/_ping": (200, b"OK"), "/version": (200, json.dumps(VERSION).encode())})
        monkeypatch.setenv("DOCKER_HOST", engine.endpoint)
        client = connect()
        with pytest.raises(EngineError, match="the engine stopped while listing") as raised, guarded("listing"):
            client.api.containers()
        assert "systemctl start docker" in str(raised.value.hint)
        engine.close()
        with pytest.raises(EngineError, match="the engine stopped while listing"), guarded("listing"):
            client.api.containers()
        with pytest.raises(EngineError, match="no container engine answers"):
            connect()

    def test_a_full_disk(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        said = json.dumps({"message": "write /var/lib/docker/x: no space left on device"}).encode()
        replies = {"/_ping": (200, b"OK"), "/version": (200, json.dumps(VERSION).encode()), "/info": (500, said)}
        engine = Engine(place / "s", replies)
        monkeypatch.setenv("DOCKER_HOST", engine.endpoint)
        with (
            pytest.raises(DiskError, match="disk of the container engine is full: asking") as raised,
            guarded("asking"),
        ):
            connect().api.info()
        assert "docker system prune" in str(raised.value.hint)
        engine.close()

    def test_other_errors_keep_their_words_and_foreign_ones_their_type(self, engine: DockerClient) -> None:
        with (
            pytest.raises(InstallError, match=r"^missing image: starting it: no such image: nobody/none"),
            guarded("starting it"),
        ):
            engine.api.inspect_image("nobody/none")
        with pytest.raises(EngineError, match="looking: No such container: nobody"), guarded("looking"):
            engine.api.inspect_container("nobody")
        with pytest.raises(ZeroDivisionError), guarded("dividing"):
            _ = 1 / 0

    def test_images_are_asked_for_by_any_name(self, engine: DockerClient) -> None:
        found = image("python:3.11-slim")
        assert found is not None
        assert found["Id"] == engine.api.inspect_image("python:3.11-slim")["Id"]
        assert image(found["Id"]) == found
        assert image("nobody/none:1") is None
        with pytest.raises(EngineError, match="looking for the image UPPER CASE"):
            image("UPPER CASE")

    def test_an_answer_that_is_no_http(self, place: Path) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(place / "s"))
            server.listen()

            def talk() -> None:
                link, _ = server.accept()
                link.sendall(b"SSH-2.0-OpenSSH\r\n")
                link.close()

            threading.Thread(target=talk, daemon=True).start()
            with pytest.raises(OSError, match=r"no HTTP answer|reset|Broken pipe"):
                ask(f"unix://{place}/s", "/_ping")
