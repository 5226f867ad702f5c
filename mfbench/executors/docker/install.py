"""Makes one environment image: a container of the base installs, and what it has become is committed.

Nothing of the installation is in the container's configuration, so nothing of it is in the image's history or in what
`docker inspect` shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mfbench.core.errors import EngineError, InstallError
from mfbench.core.ids import random_text
from mfbench.executors.base import Tell
from mfbench.executors.docker.client import guarded
from mfbench.executors.docker.labels import ENVIRONMENT, FACTS, OWNER
from mfbench.executors.docker.owner import me
from mfbench.executors.environment import Asked, Environment
from mfbench.executors.installer import BOOT, Installation
from mfbench.executors.making import Stopping, watched

if TYPE_CHECKING:
    from docker import DockerClient

VERSION = 1  # of what is done here: images of another one are not found again
REPOSITORY = "mfbench-env"
_WHEELS = "/wheels"
_SCRATCH = "/mfbench-install"
_NO_PYTHON = ("executable file not found", "no such file or directory")


def install(
    client: DockerClient, base: dict[str, Any], name: str, asked: Asked, tell: Tell, stopping: Stopping
) -> None:
    """The image `mfbench-env:name`, made on the image `base` (as the engine describes it).

    Raises InstallError with the installer's last lines, StoppedError, DiskError, EngineError; then nothing is left.
    """
    with guarded("making the environment"):
        container = _create(client, base["Id"], name, asked)
        try:
            facts = _run(client, container, asked, tell, stopping)
            tell("keeping it as an image")
            # An image that is committed after a stop is whole, and found again.
            list(watched(_committed(client, container, name, _config(base, name, facts)), stopping))
        finally:
            _remove(client, container)


def _create(client: DockerClient, base: str, name: str, asked: Asked) -> str:
    from docker.types import LogConfig, Mount

    mounts = [Mount(_WHEELS, asked.wheelhouse, type="bind", read_only=True)] if asked.wheelhouse else []
    host = client.api.create_host_config(
        init=True, mounts=mounts, network_mode=asked.network or "bridge", log_config=LogConfig(type="none")
    )
    created = client.api.create_container(
        base,
        entrypoint=[],
        command=["python3", "-u", "-c", BOOT],
        user="0:0",
        working_dir="/",
        stdin_open=True,
        name=f"mfbench-environment-{name}-{random_text(6)}",
        labels={ENVIRONMENT: name, OWNER: me()},
        host_config=host,
    )
    return str(created["Id"])


def _run(client: DockerClient, container: str, asked: Asked, tell: Tell, stopping: Stopping) -> Environment:
    """Installs, line by line told; what is there now."""
    installation = Installation(asked, scratch=_SCRATCH, wheels=_WHEELS if asked.wheelhouse else None)
    link = client.api.attach_socket(container, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
    try:
        _start(client, container)
        getattr(link, "_sock", link).sendall(installation.order())  # the client hands out a reader of the socket
        installation.follow(_output(link), tell, stopping)
        code = client.api.wait(container)["StatusCode"]
    finally:
        link.close()
    if code == 127 and any(text in line.lower() for line in installation.said for text in _NO_PYTHON):
        raise _no_python()
    return installation.made(code)


def _start(client: DockerClient, container: str) -> None:
    from docker.errors import APIError

    try:
        client.api.start(container)
    except APIError as error:
        if any(text in str(error.explanation).lower() for text in _NO_PYTHON):
            raise _no_python() from error
        raise


def _no_python() -> InstallError:
    hint = "name one that has: base of run.env in the recipe, e.g. python:3.11-slim"
    return InstallError("the base image has no python3", hint=hint)


def _output(link: Any) -> Iterator[bytes]:
    from docker.utils.socket import frames_iter

    try:
        for _, chunk in frames_iter(link, tty=False):  # type: ignore[no-untyped-call]
            yield chunk
    except (OSError, ValueError):  # closed under it: stopped
        return


def _committed(client: DockerClient, container: str, name: str, config: dict[str, Any]) -> Iterator[Any]:
    yield client.api.commit(container, repository=REPOSITORY, tag=name, conf=config)


def _config(base: dict[str, Any], name: str, facts: Environment) -> dict[str, Any]:
    """The image's configuration: its base's, not the container's, which is taken for whatever is left out."""
    import msgspec

    before = base.get("Config") or {}
    labels = {ENVIRONMENT: name, FACTS: msgspec.json.encode(facts).decode(), OWNER: ""}
    return {
        "Cmd": before.get("Cmd") or ["python3"],
        "Entrypoint": before.get("Entrypoint") or [],
        "Env": before.get("Env") or [],
        "WorkingDir": before.get("WorkingDir") or "/",
        "User": before.get("User") or "0:0",
        "Labels": {**(before.get("Labels") or {}), **labels},
    }


def _remove(client: DockerClient, container: str) -> None:
    try:
        with guarded("removing the container that installed"):
            client.api.remove_container(container, force=True, v=True)
    except EngineError:  # it has stopped: the label finds the container again
        pass
