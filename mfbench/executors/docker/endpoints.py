"""Where a container engine may listen on this machine, and short questions to it without the docker package.

That package takes a fifth of a second to load. Whether an engine answers, and whether an image is there, is asked at
every start of a run; so it is asked here, by one HTTP request over the engine's socket.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from mfbench.core.errors import EngineError

PING = 0.5  # seconds
_LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")


def answers() -> tuple[bool, str]:
    """(True, "unix:///var/run/docker.sock"), or (False, one line that says what was tried)."""
    try:
        return True, first()
    except EngineError as error:
        return False, error.message


def first(timeout: float = PING) -> str:
    """The first endpoint that answers within `timeout` seconds. Raises EngineError: what was tried, what to do."""
    tried = []
    for endpoint in endpoints():
        problem = _ping(endpoint, timeout)
        if problem is None:
            return endpoint
        tried.append(f"{endpoint}: {problem}")
    raise EngineError(f"no container engine answers (tried {'; '.join(tried)})", hint=_remedy(tried))


def endpoints() -> list[str]:
    """Where to look, in order. What DOCKER_HOST or DOCKER_CONTEXT names is the only place, as it is for `docker`.

    Raises EngineError for an engine on another machine: it would not see the files of this one.
    """
    host = os.environ.get("DOCKER_HOST")
    if host:
        return [_near(host, "DOCKER_HOST")]
    name = os.environ.get("DOCKER_CONTEXT")
    if name and name != "default":
        return [_near(_context(name), f"the context {name!r}")]
    name = _current()
    here = [_near(_context(name), f"the context {name!r}")] if name else []
    return [*here, *(found for found in _usual() if found not in here)]


def ask(endpoint: str, path: str, timeout: float = 5.0) -> tuple[int, bytes]:
    """(HTTP status, body) of a GET. Raises OSError; takes no TLS."""
    with _connected(endpoint, timeout) as link:
        link.sendall(f"GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n".encode())
        parts = list(iter(lambda: link.recv(65536), b""))
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    status = head[9:12]
    if not head.startswith(b"HTTP/1.") or not status.isdigit():
        raise ConnectionError("no HTTP answer")
    return int(status), body


def _connected(endpoint: str, timeout: float) -> socket.socket:
    parts = urlsplit(endpoint)
    if parts.scheme != "unix":
        return socket.create_connection((parts.hostname or "localhost", parts.port or 2375), timeout)
    link = socket.socket(socket.AF_UNIX)
    try:
        link.settimeout(timeout)
        link.connect(parts.path)
    except BaseException:
        link.close()
        raise
    return link


def is_plain(endpoint: str) -> bool:
    """Whether it can be asked without TLS and ssh."""
    secure = os.environ.get("DOCKER_TLS_VERIFY") or endpoint.startswith(("ssh:", "https:"))
    return endpoint.startswith("unix:") or not secure


def _ping(endpoint: str, timeout: float) -> str | None:
    """What is wrong with it; None when it answers."""
    try:
        if is_plain(endpoint):
            status = ask(endpoint, "/_ping", timeout)[0]
            return None if status == 200 else f"it answers with HTTP status {status}"
        _connected(endpoint, timeout).close()  # the rest is the client's business
    except FileNotFoundError:
        return "there is no such socket"
    except PermissionError:
        return "permission denied: you may not use it, add yourself to its group (docker)"
    except TimeoutError:
        return f"no answer within {timeout:g} s"
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return None


def _usual() -> Iterator[str]:
    yield "unix:///var/run/docker.sock"
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield f"unix://{runtime}/docker.sock"
    for place in (".docker/run/docker.sock", ".colima/default/docker.sock"):
        if (Path.home() / place).exists():  # of use on few machines: said only there
            yield f"unix://{Path.home() / place}"


def _near(host: str, source: str) -> str:
    parts = urlsplit(host)
    if parts.scheme == "unix" or parts.hostname in _LOOPBACK:
        return host
    shown = host.replace(f"{parts.username}:{parts.password}@", "***@") if parts.password else host
    raise EngineError(
        f"{source} names an engine on another machine, which cannot see the files of this one",
        where=shown,
        hint="unset it and start an engine here, or use --executor local",
    )


def _config() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def _current() -> str | None:
    """The context that `docker context use` has chosen; None for the default one."""
    import json

    try:
        name = json.loads((_config() / "config.json").read_bytes()).get("currentContext")
    except (OSError, ValueError, AttributeError):
        return None
    return name if isinstance(name, str) and name != "default" else None


def _context(name: str) -> str:
    """Where the context's engine listens."""
    import json
    from hashlib import sha256

    path = _config() / "contexts" / "meta" / sha256(name.encode()).hexdigest() / "meta.json"
    try:
        return str(json.loads(path.read_bytes())["Endpoints"]["docker"]["Host"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "list them with: docker context ls"
        raise EngineError(f"docker's context {name!r} cannot be read", where=str(path), hint=hint) from error


def _remedy(tried: list[str]) -> str:
    if any("permission denied" in line for line in tried):
        start = "sudo usermod -aG docker $USER and log in again"
    elif os.uname().sysname == "Darwin":
        start = "start one: open Docker Desktop, or colima start"
    else:
        start = "start one: sudo systemctl start docker"
    return f"{start}; or run without one: --executor local"
