"""The queue's files: `queue/<id>.json` for each run that waits, and how many runs may be going on at once.

An entry appears whole or not at all, and its id, like a run's, sorts by time. While its run begins, its file is called
`queue/<id>.<run>`: it has been taken, and by whom.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec

from mfbench.core.errors import DamageError, UsageError, WorkspaceError, from_os
from mfbench.core.files import write_whole
from mfbench.core.structs import make_ready
from mfbench.workspace.locks import NoLocksError, is_held, locked
from mfbench.workspace.workspace import Workspace

FOLDER = "queue"
PAUSED = "paused"  # a file: while it is there nothing new is started
LOCK = "edit.lock"  # who changes the queue, or takes an entry from it, holds this for a moment
LATEST = 1e11  # seconds since the epoch: later than any calendar here tells
LEADER = "dispatcher.lock"  # held by the dispatcher as long as it lives
_NAME = r"\d{8}-\d{9}-[0-9a-z]{5}"
_ENTRY = re.compile(rf"({_NAME})\.json")
_TAKEN = re.compile(rf"({_NAME})\.({_NAME})")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One run that waits: the recipe's absolute path and its text as it was then, and what was asked.

    folder: the working directory of whoever queued it. queued: seconds since the epoch. place: its order, less is
    earlier. error: why it could not be started (type, message, where, hint, code).
    """

    id: str
    recipe: str
    text: str
    overrides: tuple[str, ...] = ()
    executor: str | None = None
    name: str | None = None
    folder: str = ""
    queued: float
    actor: str
    place: float
    state: Literal["waiting", "failed"] = "waiting"
    error: dict[str, Any] | None = None


make_ready(Entry)


def folder_of(workspace: Workspace) -> Path:
    return workspace.root / FOLDER


def path_of(workspace: Workspace, entry: str) -> Path:
    return workspace.root / FOLDER / f"{entry}.json"


def read_entry(path: Path, entry: str) -> Entry:
    """Raises FileNotFoundError for one that was taken or cancelled meanwhile, DamageError for one that is damaged."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Entry)
        if found.id != entry:
            raise ValueError(f"it calls itself {found.id!r}")
        if not (0 <= found.queued < LATEST and math.isfinite(found.place)):
            raise ValueError("its time or place is no such number")
        return found
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
        hint = f"queue the run anew, and take this away: mfbench queue cancel {entry}"
        raise DamageError(f"the entry of the queue cannot be read: {error}", where=str(path), hint=hint) from None


def write_entry(workspace: Workspace, entry: Entry) -> None:
    """On the disk when it returns. Raises DiskError, and UsageError for text that is no UTF-8."""
    try:
        write_whole(path_of(workspace, entry.id), msgspec.json.encode(entry))
    except UnicodeEncodeError:
        told = "a run can be queued only if its recipe's path, name and values are UTF-8 text"
        raise UsageError(told, hint="rename the file, or run it without --queue") from None
    except OSError as error:
        raise from_os(error, "the queue cannot be written") from error


def read_queue(workspace: Workspace) -> tuple[list[Entry], dict[str, DamageError]]:
    """(what waits or could not be started, in its order; what is damaged, by id)."""
    entries, damaged = [], {}
    for match in _names(workspace, _ENTRY):
        try:
            entries.append(read_entry(folder_of(workspace) / match[0], match[1]))
        except FileNotFoundError:
            continue
        except DamageError as error:
            damaged[match[1]] = error
    return sorted(entries, key=lambda entry: (entry.place, entry.id)), damaged


def taken(workspace: Workspace) -> list[tuple[str, str]]:
    """(entry, run) of those that are just beginning, or whose driver was killed while they did."""
    return [(match[1], match[2]) for match in _names(workspace, _TAKEN)]


def _names(workspace: Workspace, pattern: re.Pattern[str]) -> list[re.Match[str]]:
    try:
        names = sorted(path.name for path in folder_of(workspace).iterdir())
    except FileNotFoundError:
        return []
    return [match for name in names if (match := pattern.fullmatch(name))]


@contextmanager
def editing(workspace: Workspace) -> Iterator[None]:
    """Nobody else changes the queue or takes an entry from it meanwhile.

    Raises WorkspaceError where the workspace can only be read or its disk has no locks, StoreBusyError, DiskError.
    """
    workspace.require_writable("change its queue")
    try:
        folder_of(workspace).mkdir(exist_ok=True)
        with locked(folder_of(workspace) / LOCK):
            yield
    except OSError as error:
        raise from_os(error, "the queue cannot be changed") from error


def is_paused(workspace: Workspace) -> bool:
    return (folder_of(workspace) / PAUSED).exists()


def is_led(workspace: Workspace) -> bool:
    """Whether a dispatcher lives. On a disk without locks none can."""
    try:
        return is_held(folder_of(workspace) / LEADER)
    except NoLocksError:
        return False


def max_parallel(workspace: Workspace) -> int:
    """`[queue] max_parallel` of the configuration: so many runs may go on before one from the queue has to wait."""
    table = workspace.config.get(FOLDER, {})
    found = table.get("max_parallel", 1) if isinstance(table, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        where, hint = str(workspace.root / "config.toml"), "for example:\n[queue]\nmax_parallel = 2"
        raise WorkspaceError("[queue] max_parallel must be a whole number, 1 or more", where=where, hint=hint)
    return found
