"""Opening what somebody else has left in a folder of ours, without being led out of it.

Every name on the way is opened by itself, from the folder that was opened before, and none of them may be a link.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from mfbench.core.errors import DamageError

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


def open_inside(folder: Path, name: str) -> int:
    """A descriptor of the plain file `name` (with slashes) below `folder`.

    Raises DamageError where the name leads elsewhere or to something else, FileNotFoundError where there is none.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\0" in name:
        raise DamageError(f"{name!r} is no name of a file in this folder", where=str(folder))
    at = os.open(folder, _FLAGS | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            below = os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=at)
            os.close(at)
            at = below
        found = os.open(parts[-1], _FLAGS | os.O_NONBLOCK, dir_fd=at)
    except FileNotFoundError:
        raise
    except OSError as error:  # a link, a socket, a file in the place of a folder
        raise _odd(folder, name) from error
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise _odd(folder, name)
    return found


def _odd(folder: Path, name: str) -> DamageError:
    return DamageError(f"{name!r} is no plain file of its own", where=str(folder))
