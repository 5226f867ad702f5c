"""Makes one environment image: a container of the base installs, and what it has become is committed.

Nothing of the installation is in the container's configuration, so nothing of it is in the image's history or in what
`docker inspect` shows: script, requirements, indexes with their passwords all come in through its input.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfbench.core import versions
from mfbench.core.errors import EngineError, InstallError
from mfbench.core.ids import random_text
from mfbench.executors.base import Tell
from mfbench.executors.docker.client import guarded
from mfbench.executors.docker.labels import ENVIRONMENT, FACTS, OWNER
from mfbench.executors.docker.owner import me
from mfbench.executors.environment import Asked, Environment
from mfbench.executors.making import Mask, Stopping, failed, lines, variables, watched

if TYPE_CHECKING:
    from docker import DockerClient

VERSION = 1  # of what is done here: images of another one are not found again
WHEELS = "/wheels"
_BOOT = "import json,sys\norder=json.loads(sys.stdin.readline())\nfor text in order['texts']: exec(text)"
_CHECK = """
if sys.version_info < (3, 11):
    print(order['marker'] + json.dumps({'failed': 'it has Python %d.%d, 3.11 is needed' % sys.version_info[:2]}))
    sys.exit(1)
"""
_FACTS = """
import json
uname = os.uname()
platform = (uname.sysname + "-" + uname.machine).lower()
print(json.dumps({"python": python_version(), "platform": platform, "versions": installed()}))
"""
_NO_PYTHON = ("executable file not found", "no such file or directory")


def facts_program() -> str:
    """A program that prints what an Environment says of the interpreter that runs it, as JSON."""
    return Path(versions.__file__).read_text(encoding="utf-8") + _FACTS


def install(
    client: DockerClient, base: dict[str, Any], name: str, asked: Asked, tell: Tell, stopping: Stopping
) -> Environment:
    """The image `mfbench-env:name`, made on the image `base` (as the engine describes it).

    Raises InstallError with the installer's last lines, StoppedError, DiskError, EngineError; then nothing is left.
    """
    with guarded("making the environment"):
        container = _create(client, base["Id"], name, asked)
        try:
            facts = _run(client, container, asked, tell, stopping)
            tell("keeping it as an image")
            client.api.commit(container, repository="mfbench-env", tag=name, conf=_config(base, name, facts))
        finally:
            _remove(client, container)
    return facts


def _create(client: DockerClient, base: str, name: str, asked: Asked) -> str:
    from docker.types import LogConfig, Mount

    mounts = [Mount(WHEELS, asked.wheelhouse, type="bind", read_only=True)] if asked.wheelhouse else []
    host = client.api.create_host_config(
        init=True, mounts=mounts, network_mode=asked.network or "bridge", log_config=LogConfig(type="none")
    )
    created = client.api.create_container(
        base,
        entrypoint=[],
        command=["python3", "-u", "-c", _BOOT],
        user="0:0",
        working_dir="/",
        stdin_open=True,
        labels={ENVIRONMENT: name, OWNER: me()},
        host_config=host,
    )
    return str(created["Id"])


def _run(client: DockerClient, container: str, asked: Asked, tell: Tell, stopping: Stopping) -> Environment:
    """Installs, line by line told; the facts about what is there now."""
    marker, mask = f"facts-{random_text(16)} ", Mask(asked)
    link = client.api.attach_socket(container, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
    said: list[str] = []
    answer: dict[str, Any] = {}
    try:
        _start(client, container)
        _send(link, _order(asked, marker))
        for line in watched(lines(_output(link)), stopping):
            if line.startswith(marker):
                answer = json.loads(line.removeprefix(marker))
            else:
                said.append(mask(line))
                tell(said[-1])
        code = client.api.wait(container)["StatusCode"]
    finally:
        link.close()
    if code == 127 and said and any(text in said[-1].lower() for text in _NO_PYTHON):
        raise _no_python()
    if code or "versions" not in answer:
        raise failed(f"the environment could not be made: {answer.get('failed', f'exit code {code}')}", said)
    return Environment(python=answer["python"], platform=answer["platform"], versions=answer["versions"])


def _start(client: DockerClient, container: str) -> None:
    from docker.errors import APIError

    try:
        client.api.start(container)
    except APIError as error:
        if any(text in str(error.explanation).lower() for text in _NO_PYTHON):
            raise _no_python() from error
        raise


def _no_python() -> InstallError:
    return InstallError("the base image has no python3", hint="name one that has: run.env.base, e.g. python:3.11-slim")


def _order(asked: Asked, marker: str) -> bytes:
    order = {
        "texts": [_CHECK, (Path(__file__).parent / "inside.py").read_text(encoding="utf-8")],
        "env": variables(asked),
        "requirements": asked.requirements,
        "apt": list(asked.apt),
        "wheels": WHEELS if asked.wheelhouse else None,
        "facts": facts_program(),
        "marker": marker,
    }
    return json.dumps(order).encode() + b"\n"


def _send(link: Any, content: bytes) -> None:
    getattr(link, "_sock", link).sendall(content)  # the client hands out a reader of the socket


def _output(link: Any) -> Iterator[bytes]:
    from docker.utils.socket import frames_iter

    try:
        for _, chunk in frames_iter(link, tty=False):
            yield chunk
    except (OSError, ValueError):  # closed under it: stopped
        return


def _config(base: dict[str, Any], name: str, facts: Environment) -> dict[str, Any]:
    """The image's configuration: its base's, not that of the container which installed. What is empty would be its."""
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
