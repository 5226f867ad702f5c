"""The engine's client, and its errors as ours."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mfbench.core.errors import DiskError, EngineError, InstallError
from mfbench.executors.docker.endpoints import answers, ask, first, is_plain

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["answers", "connect", "guarded", "image"]

PATIENCE = 5.0  # seconds for a busy engine to answer at all
TIMEOUT = 60  # seconds for one request


def connect(timeout: int = TIMEOUT) -> DockerClient:
    """A client of the engine on this machine, that waits `timeout` seconds for an answer.

    Raises EngineError: what was tried, how to start an engine, what else works.
    """
    endpoint = first(PATIENCE)
    import docker

    with guarded("connecting to the container engine"):
        return docker.DockerClient(base_url=endpoint, timeout=timeout, tls=_tls(endpoint))


def image(name: str) -> dict[str, Any] | None:
    """What the engine says of an image; None where it has none of that name. Milliseconds, mostly."""
    endpoint = first(PATIENCE)
    if not is_plain(endpoint):
        from docker.errors import ImageNotFound

        client: Any = connect()
        try:
            with guarded(f"looking for the image {name}"):
                return dict(client.api.inspect_image(name))
        except InstallError as error:
            if isinstance(error.__cause__, ImageNotFound):
                return None
            raise
    try:
        status, body = ask(endpoint, f"/images/{quote(name, safe='/:@')}/json", TIMEOUT)
    except OSError as error:
        raise _stopped(f"looking for the image {name}", error) from error
    if status in (200, 404):
        return json.loads(body) if status == 200 else None
    said = body.decode(errors="replace").strip()
    raise EngineError(f"looking for the image {name}: {said}")


def _tls(endpoint: str) -> Any:
    if endpoint.startswith("unix:") or not os.environ.get("DOCKER_TLS_VERIFY"):
        return False
    from docker.utils import kwargs_from_env

    return kwargs_from_env().get("tls", False)


@contextmanager
def guarded(doing: str) -> Iterator[None]:
    """Turns whatever goes wrong between us and the engine into one clear error.

    EngineError("the engine stopped …") where the connection broke or was refused, DiskError where the engine has no
    space left, InstallError("missing image: …"), EngineError with the engine's own words for the rest.
    """
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except APIError as error:
        raise _refused(error, doing) from error
    except DockerException as error:  # e.g. the first request of a client that has just been made
        broken = isinstance(error.__cause__ or error.__context__, RequestException | HTTPError | OSError)
        raise _stopped(doing) if broken else EngineError(f"{doing}: {error}") from error
    except (RequestException, HTTPError, ConnectionError, TimeoutError) as error:
        raise _stopped(doing, error) from error


def _stopped(doing: str, error: BaseException | None = None) -> EngineError:
    hint = "start it again (Linux: sudo systemctl start docker) and run again: what had finished is cached"
    if error is not None and "timed out" in str(error).lower():
        return EngineError(f"the engine has not answered for {TIMEOUT} s while {doing}", hint=hint)
    return EngineError(f"the engine stopped while {doing}", hint=hint)


def _refused(error: Any, doing: str) -> DiskError | EngineError | InstallError:
    from docker.errors import ImageNotFound

    said = " ".join(str(error.explanation or error).split())
    if "no space left" in said.lower():
        hint = "free some space where the engine keeps its data (docker system df, docker system prune)"
        return DiskError(f"the disk of the container engine is full: {doing}: {os.strerror(ENOSPC)}", hint=hint)
    if isinstance(error, ImageNotFound):
        hint = "it has been removed meanwhile: run again, and it is made anew"
        return InstallError(f"missing image: {doing}: {said}", hint=hint)
    return EngineError(f"{doing}: {said}")
