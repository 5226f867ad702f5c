"""File locks that the kernel gives back when their holder dies."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mfbench.core.errors import StoreBusyError, WorkspaceError

LOOK = 0.5  # seconds: for so long a lock may be that of somebody who only asks whether it is held


class NoLocksError(OSError):
    """The disk knows no locks: some network disks, as they are mounted, do not."""


@contextmanager
def locked(path: Path, *, shared: bool = False, timeout: float = 30.0) -> Iterator[None]:
    """Holds a lock on `path` (created when missing).

    Raises StoreBusyError after `timeout` seconds, WorkspaceError where the disk knows no locks.
    """
    descriptor, owner = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), os.getpid()
    try:
        deadline = time.monotonic() + timeout
        wait = 0.001
        while not _try(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise StoreBusyError(
                    f"another process has held the lock for {timeout:.0f} s",
                    where=str(path),
                    hint="wait for it to finish, or find it with: fuser -v " + str(path),
                )
            time.sleep(wait)
            wait = min(wait * 2, 0.05)
        yield
    except NoLocksError as error:
        hint = "mount it with locks, or keep the workspace on a disk of this machine"
        raise WorkspaceError(
            "this disk has no working locks, which are needed here", where=str(path), hint=hint
        ) from error
    finally:
        if os.getpid() == owner:  # else a child that was forked meanwhile would end its parent's lock
            _let_go(descriptor)
        else:
            os.close(descriptor)


def hold(path: Path | str, content: str = "", *, anew: bool = True) -> int:
    """Locks `path` and returns its descriptor: it is locked until that is closed.

    A forked child holds it too: it may still write what belongs to the holder. anew: the name must be free; else one
    whose holder is gone is taken over. Raises FileExistsError where the name is taken.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | (os.O_EXCL if anew else 0)
    while True:
        descriptor = os.open(path, flags, 0o644)
        try:
            if _taken(descriptor, path):
                os.truncate(descriptor, 0)
                os.write(descriptor, content.encode())
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # it was tidied away before it was locked


def _taken(descriptor: int, path: Path | str) -> bool:
    """Locks it, or raises FileExistsError; whether it is still the file of that name then."""
    deadline = time.monotonic() + LOOK
    try:
        while not _try(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise FileExistsError(path)
            time.sleep(0.001)
    except NoLocksError:  # whoever asks whether the holder lives goes by the time of the file
        return True
    return _is_named(descriptor, path)


def remove_free(path: Path) -> None:
    """Takes a name away unless somebody holds it, or has taken it over meanwhile."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if _taken_now(descriptor) and _is_named(descriptor, path):
            path.unlink(missing_ok=True)
    finally:
        _let_go(descriptor)


def _taken_now(descriptor: int) -> bool:
    try:
        return _try(descriptor, fcntl.LOCK_EX)
    except NoLocksError:  # the caller has looked whether anybody leads it
        return True


def _is_named(descriptor: int, path: Path | str) -> bool:
    """Whether the open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))  # noqa: PTH116  thousands of runs: paths as text
    except FileNotFoundError:
        return False


def is_held(path: str | Path) -> bool:
    """Whether some living process holds `path`; a missing file is not held. Raises NoLocksError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try(descriptor, fcntl.LOCK_SH)
    finally:
        _let_go(descriptor)


def _let_go(descriptor: int) -> None:
    """Unlocks before it closes: a child that another thread has forked meanwhile has the descriptor too."""
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def _try(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            raise NoLocksError(error.errno, error.strerror) from None
        raise
