"""What making an environment has in common wherever it is made: a lock, output line by line, masked, and its errors."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from errno import ENOSPC
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from mfbench.core.errors import DiskError, InstallError, StoppedError, StoreBusyError, UsageError
from mfbench.executors import uses
from mfbench.executors.environment import Asked
from mfbench.workspace.locks import locked

T = TypeVar("T")
Stopping = Callable[[], bool]
LONGEST = 300  # characters of such a line: pip lists every version that there is
LAST = 15  # lines of the installer that a failure shows
_LOGIN = re.compile(r"(?<=://)([^/\s:@'\"]*)(:?)[^/\s@'\"]*@")
_SECRET = re.compile(r"(?i)pass|secret|token|credential|key|auth")


@contextmanager
def alone(name: str, tell: Callable[[str], None], stopping: Stopping) -> Iterator[None]:
    """Holds the lock under which the environment `name` is made. Raises StoppedError while it waits for it."""
    with ExitStack() as stack:
        waiting = False
        while True:
            try:
                stack.enter_context(locked(uses.build_lock(name), timeout=0.1))
                break
            except StoreBusyError:
                if not waiting:
                    tell("another run is making this environment: waiting")
                waiting = True
            refuse_if(stopping)
        yield


def check_wheelhouse(asked: Asked) -> None:
    """Raises UsageError where it is none."""
    wheelhouse = asked.wheelhouse
    if wheelhouse is not None and not (Path(wheelhouse).is_absolute() and Path(wheelhouse).is_dir()):
        hint = "make it, or take it out of [environment] in the workspace's config.toml"
        raise UsageError("the wheelhouse is no folder", where=wheelhouse, hint=hint)


def refuse_if(stopping: Stopping) -> None:
    if stopping():
        raise StoppedError("the environment was not made: stopped")


def watched(source: Iterable[T], stopping: Stopping) -> Iterator[T]:
    """The items of `source` as they come. Raises StoppedError soon after `stopping()`, however silent the source is.

    A thread reads the source; it ends with it, so the caller has to end what the source reads from.
    """
    queue: SimpleQueue[tuple[str, Any]] = SimpleQueue()

    def read() -> None:
        try:
            for item in source:
                queue.put(("item", item))
            queue.put(("end", None))
        except BaseException as error:
            queue.put(("error", error))

    Thread(target=read, daemon=True, name="installer").start()
    while True:
        refuse_if(stopping)
        try:
            kind, value = queue.get(timeout=0.1)
        except Empty:
            continue
        if kind == "error":
            raise value
        if kind == "end":
            return
        yield value


def lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Whole lines of what comes in pieces; the last one needs no end."""
    left = b""
    for chunk in chunks:
        *whole, left = re.split(rb"[\r\n]+", left + chunk)
        yield from (line.decode(errors="replace") for line in whole if line)
    if left:
        yield left.decode(errors="replace")


class Mask:
    """Takes out of a line what logs in to an index: `https://user:secret@host` becomes `https://user:***@host`."""

    def __init__(self, asked: Asked) -> None:
        found = {value for name, value in asked.args.items() if _SECRET.search(name)}
        for url in (asked.index, *asked.extra_index, *asked.args.values()):
            found |= _logins(url or "")
        self._hidden = sorted((value for value in found if len(value) >= 4), key=len, reverse=True)

    def __call__(self, line: str) -> str:
        line = without_login(line)
        for value in self._hidden:
            line = line.replace(value, "***")
        return line


def without_login(text: str) -> str:
    """`https://user:secret@host` as `https://user:***@host`, wherever it stands."""
    return _LOGIN.sub(lambda match: f"{match[1]}:***@" if match[2] else "***@", text)


def _logins(url: str) -> set[str]:
    """What of a URL is secret: the password, or the only word before the @."""
    try:
        parts = urlsplit(url)
        login = parts.password or parts.username
    except ValueError:
        return set()
    return {login, unquote(login)} if login else set()


def failed(message: str, said: list[str]) -> InstallError | DiskError:
    """The error of an installer that gave up, with its own last lines: those that say ERROR before the rest."""
    if any(os.strerror(ENOSPC) in line for line in said[-LAST:]):
        return DiskError(f"the disk is full: {message}", hint="free some space and run again")
    said = [line if len(line) <= LONGEST else f"{line[:LONGEST]} …" for line in said]
    errors = [line for line in said if line.lstrip().startswith(("ERROR:", "error:", "E: "))][-LAST:]
    rest = [line for line in said[-LAST:] if line not in errors][-(LAST - len(errors)) :] if len(errors) < LAST else []
    return InstallError(message, hint="\n  ".join([*errors, *rest]) or None)
