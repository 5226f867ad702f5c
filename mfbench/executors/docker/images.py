"""Environment images: found by the hash of what was asked for, else made once, whoever asks at the same time."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import msgspec

from mfbench.core.errors import InstallError, UsageError
from mfbench.core.hashing import digest_value
from mfbench.core.text import size
from mfbench.executors import uses
from mfbench.executors.base import Tell
from mfbench.executors.docker.client import connect, guarded, image
from mfbench.executors.docker.install import REPOSITORY as REPOSITORY
from mfbench.executors.docker.install import VERSION, install
from mfbench.executors.docker.labels import ENVIRONMENT, FACTS
from mfbench.executors.environment import Asked, Environment
from mfbench.executors.making import Stopping, alone, check_wheelhouse, watched

if TYPE_CHECKING:
    from docker import DockerClient

BASE = "python:3.11-slim"
MAKING = 900  # seconds: a commit writes gigabytes
_REFERENCE = re.compile(r"[A-Za-z0-9][\w.\-/:@]*")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.\-]+(:[a-z0-9]+)?(=[\w.+:~\-]+)?")


def find(asked: Asked) -> Environment | None:
    """The environment's image; None where it, or its base, is not there yet. Milliseconds, without the docker package.

    Raises EngineError where no engine answers, UsageError for what no installation can do.
    """
    _check(asked)
    base = image(asked.base or BASE)
    return _found(_name(base, asked), asked) if base else None


def make(asked: Asked, tell: Tell, stopping: Stopping) -> Environment:
    """Installs what is asked for into an image, pulling its base where that is missing. Two at once make it once.

    Raises InstallError (with pip's own last lines), StoppedError within a second of `stopping()`, EngineError,
    DiskError, UsageError. Whatever happens, no container and no nameless image is left.
    """
    _check(asked)
    client = connect(MAKING)
    try:
        base = image(asked.base or BASE) or _pull(client, asked.base or BASE, tell, stopping)
        name = _name(base, asked)
        with alone(name, tell, stopping):
            found = _found(name, asked)
            if found:
                return found
            install(client, base, name, asked, tell, stopping)
            _sweep(client, name)
            made = _found(name, asked)
        if made is None:
            raise InstallError("missing image: the environment was removed as soon as it was made", hint="run again")
        return made
    finally:
        client.close()


def _check(asked: Asked) -> None:
    base = asked.base or BASE
    if not _REFERENCE.fullmatch(base) or ".." in base:
        raise UsageError(f"{base!r} is no name of an image", hint=f"such as {BASE}")
    for package in asked.apt:
        if not _PACKAGE.fullmatch(package):
            raise UsageError(f"{package!r} is no name of a Debian package", hint="such as libgomp1")
    check_wheelhouse(asked)


def _name(base: dict[str, Any], asked: Asked) -> str:
    """What decides about an environment, in 16 hex digits."""
    return digest_value([VERSION, base["Id"], asked.requirements, sorted(asked.apt)])[:16]


def _found(name: str, asked: Asked) -> Environment | None:
    tag = f"{REPOSITORY}:{name}"
    there = image(tag)
    labels = (there or {}).get("Config", {}).get("Labels") or {}
    if there is None or labels.get(ENVIRONMENT) != name:
        return None
    try:
        facts = msgspec.json.decode(labels.get(FACTS, ""), type=Environment)
    except msgspec.MsgspecError:  # somebody else's image of that name: it is made anew
        return None
    uses.mark(name)
    return msgspec.structs.replace(facts, place=there["Id"], told=f"{tag} on {asked.base or BASE}")


def _pull(client: DockerClient, base: str, tell: Tell, stopping: Stopping) -> dict[str, Any]:
    from docker.errors import APIError
    from docker.utils import parse_repository_tag

    tell(f"the base image {base} is not here: pulling it")
    repository, tag = parse_repository_tag(base)
    with guarded(f"pulling {base}"):
        try:
            events = client.api.pull(repository, tag=tag or "latest", stream=True, decode=True)
            problem = _followed(watched(events, stopping), tell)
        except APIError as error:
            problem = " ".join(str(error.explanation).split())
    found = None if problem else image(base)
    if found is None:
        raise _missing(base, problem or "it is not there after the pull")
    return found


def _followed(events: Any, tell: Tell) -> str | None:
    """Tells how far a pull is, every few seconds; what went wrong, in the engine's words."""
    layers: dict[str, tuple[int, int]] = {}
    told = time.monotonic()
    for event in events:
        if "error" in event:
            return " ".join(str(event["error"]).split())
        layer, detail = event.get("id", ""), event.get("progressDetail") or {}
        if event.get("status") == "Downloading" and detail.get("total"):
            layers[layer] = (detail["current"], detail["total"])
            if time.monotonic() - told > 2:
                told = time.monotonic()
                done, total = (sum(part) for part in zip(*layers.values(), strict=True))
                tell(f"pulling: {size(done)} of {size(total)}")
        elif not detail:
            tell(" ".join(f"{layer} {event.get('status', '')}".split()))
    return None


def _missing(base: str, problem: str) -> InstallError:
    hint = (
        f"look whether the name is right and the network is there: docker pull {base}; or name an image that is here: "
        "run.env.base in the recipe, base of [environment] in the workspace's config.toml"
    )
    return InstallError(f"missing image: {base} is not here and cannot be pulled: {problem}", hint=hint)


def _sweep(client: DockerClient, name: str) -> None:
    """Images that have lost this name to a newer one: another user of this machine made it at the same moment."""
    from docker.errors import APIError

    with guarded("tidying up"):
        for old in client.api.images(quiet=True, filters={"dangling": True, "label": f"{ENVIRONMENT}={name}"}):
            try:
                client.api.remove_image(old)
            except APIError:  # a run of that other user is in it
                continue
