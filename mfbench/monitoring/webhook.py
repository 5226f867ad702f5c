"""An alert posted as JSON over HTTP: to the host that is named and no other, without a proxy, within a time."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from contextlib import suppress
from urllib.parse import SplitResult, urljoin, urlsplit

from mfbench.core.about import __version__
from mfbench.core.errors import MfbenchError

TIMEOUT = 10.0  # seconds for one try
TRIES = 3
BACK_OFF = 0.5  # seconds before the second try, twice as long before each further one
_REDIRECTS = 3
_AGAIN = (408, 425, 429, 500, 502, 503, 504)


class _MomentaryError(MfbenchError):
    """Another try may do better."""


def post(url: str, content: bytes, *, timeout: float = TIMEOUT, back_off: float = BACK_OFF) -> None:
    """Raises MfbenchError where it is not taken; the URL, which may be a secret, stands in no message."""
    place = _place(url)
    for number in range(TRIES):
        try:
            return _follow(place, content, timeout)
        except _MomentaryError as error:
            if number == TRIES - 1:
                raise MfbenchError(f"{error.message}, {TRIES} times") from None
            time.sleep(back_off * 2**number)
    return None


def told(url: str) -> str:
    """Scheme and host: what comes after them is often the secret."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "an address that is none"


def _place(url: str) -> SplitResult:
    try:
        place = urlsplit(url)
        if place.scheme in ("http", "https") and place.hostname and place.port != 0:
            return place
    except ValueError:
        pass
    raise MfbenchError("its address is none: expected http:// or https:// and a host")


def _follow(place: SplitResult, content: bytes, timeout: float) -> None:
    """One try; a redirect is followed only where it leads to the same scheme, host and port."""
    host = (place.scheme, place.hostname, place.port)
    for _ in range(_REDIRECTS):
        status, location = _post(place, content, timeout)
        if 200 <= status < 300:
            return
        if status in (301, 302, 303, 307, 308) and location:
            place = _place(urljoin(place.geturl(), location))
            if (place.scheme, place.hostname, place.port) != host:
                raise MfbenchError(f"it redirects to another host, {place.hostname}, which is refused")
            continue
        kind = _MomentaryError if status in _AGAIN else MfbenchError
        raise kind(f"it answered with status {status}")
    raise MfbenchError("it redirects in a circle")


def _post(place: SplitResult, content: bytes, timeout: float) -> tuple[int, str | None]:
    """(status, where it redirects to). The whole exchange ends in time, however slowly the answer drips."""
    assert place.hostname
    if place.scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            place.hostname, place.port, timeout=timeout, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=timeout)
    timer = threading.Timer(timeout, _break, [connection])
    timer.daemon = True
    timer.start()
    try:
        path = (place.path or "/") + (f"?{place.query}" if place.query else "")
        headers = {"Content-Type": "application/json", "User-Agent": f"mfbench/{__version__}"}
        connection.request("POST", path, content, headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location")
    except ssl.SSLCertVerificationError as error:
        raise MfbenchError(f"its certificate does not hold: {error.verify_message}") from None
    except TimeoutError:
        raise _MomentaryError(f"it did not answer within {timeout:g} s") from None
    except OSError as error:
        raise _MomentaryError(f"it cannot be reached: {error.strerror or error}") from None
    except (http.client.InvalidURL, UnicodeError):
        raise MfbenchError("its address holds signs that no address may hold") from None
    except (http.client.HTTPException, ValueError) as error:
        raise _MomentaryError(f"it answered with what is no HTTP: {type(error).__name__}") from None
    finally:
        timer.cancel()
        connection.close()


def _break(connection: http.client.HTTPConnection) -> None:
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)
