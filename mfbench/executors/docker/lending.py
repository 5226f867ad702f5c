"""A run's folder is lent to the user of a container and given back afterwards.

Only where root calls: everybody else's containers run as themselves. Root without its capabilities, which is what a
container would have, can write to nobody's folder but its own.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from mfbench.core.errors import EngineError
from mfbench.worker.job import JOB
from mfbench.workspace.workspace import WORK

STRANGER = 10001  # user and group of containers that root starts
DEPTH = 64  # folders within folders; nobody who means well goes deeper
_SPECIAL = stat.S_ISUID | stat.S_ISGID
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def not_readable(path: str, user: int, deep: bool = False) -> str | None:
    """The path, or with `deep` what is below it, if this user may not read it; else None."""
    found = os.stat(path)  # noqa: PTH116
    wanted = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(found.st_mode) else 0)
    if found.st_uid == user:
        wanted <<= 6
    if found.st_mode & wanted != wanted:
        return path
    if not deep or not stat.S_ISDIR(found.st_mode):
        return None
    with os.scandir(path) as entries:
        below = (not_readable(entry.path, user, deep) for entry in entries if not entry.is_symlink())
        return next(filter(None, below), None)


def lend(folder: Path) -> None:
    """Gives a run's folder to the container's user, but for the job and what others have written to the journal.

    Raises EngineError where this disk does not let even root do that.
    """
    try:
        os.chown(folder, STRANGER, STRANGER)
        for parent, name, found, where in _walk(folder):
            if where != (JOB,) and (len(where) == 1 or where[0] != "events"):
                os.chown(name, STRANGER, STRANGER, dir_fd=parent, follow_symlinks=False)
            elif where == (JOB,):  # it may have been written for its owner's eyes alone
                os.chmod(name, stat.S_IMODE(found.st_mode) | stat.S_IRGRP | stat.S_IROTH, dir_fd=parent)
    except OSError as error:
        hint = "run it as an ordinary user, whose containers run as that user; or take --executor local"
        reason = f"the run's folder cannot be lent to the container's user: {error.strerror}"
        raise EngineError(reason, where=str(folder), hint=hint) from error


def give_back(folder: Path) -> None:
    """Takes a run's folder back from a container that is gone. It belongs to whom the folder of all runs belongs to.

    What nobody who means well leaves there is taken away: links, pipes and sockets beside the steps' own folders, and
    rights by which a file would run as somebody else. Follows no link. Does nothing where the folder is gone.
    """
    try:
        owner = folder.parent.stat()
        if os.geteuid() == 0 and folder.lstat().st_uid == STRANGER:
            os.chown(folder, owner.st_uid, owner.st_gid, follow_symlinks=False)
        for parent, name, found, where in _walk(folder):
            _take(parent, name, found, owner)
            if where[0] != WORK and not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
                os.unlink(name, dir_fd=parent)
    except OSError:  # gone meanwhile; or another user's, who can do it
        return


def _take(parent: int, name: str, found: os.stat_result, owner: os.stat_result) -> None:
    if os.geteuid() == 0 and found.st_uid == STRANGER:
        os.chown(name, owner.st_uid, owner.st_gid, dir_fd=parent, follow_symlinks=False)
    mode = stat.S_IMODE(found.st_mode)
    wanted = mode & ~_SPECIAL | (stat.S_IRWXU if stat.S_ISDIR(found.st_mode) else 0)
    if wanted != mode and (stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode)):
        os.chmod(name, wanted, dir_fd=parent)


def _walk(folder: Path) -> Iterator[tuple[int, str, os.stat_result, tuple[str, ...]]]:
    """(descriptor of the folder it is in, name, what it is, names from `folder` on), each before what is in it."""
    yield from _walk_in(os.open(folder, _FOLDER), ())


def _walk_in(descriptor: int, above: tuple[str, ...]) -> Iterator[tuple[int, str, os.stat_result, tuple[str, ...]]]:
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                where = (*above, entry.name)
                yield descriptor, entry.name, found, where
                if stat.S_ISDIR(found.st_mode) and len(where) < DEPTH:
                    yield from _walk_in(os.open(entry.name, _FOLDER, dir_fd=descriptor), where)
    finally:
        os.close(descriptor)
