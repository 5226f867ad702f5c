"""What is damaged in a workspace, named one by one. Nothing here writes; only the database is brought up to date."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from mfbench.care.examine_blobs import examine_blobs
from mfbench.care.examine_cache import examine_cache
from mfbench.care.examine_database import examine_database
from mfbench.care.examine_home import examine_home
from mfbench.care.examine_journals import examine_journals
from mfbench.care.examine_ledgers import examine_ledgers
from mfbench.care.examine_queue import examine_queue
from mfbench.care.examine_runs import examine_runs
from mfbench.care.findings import Finding, Look, beyond
from mfbench.core.errors import MfbenchError
from mfbench.core.progress import Progress
from mfbench.workspace.workspace import ENVIRONMENT, FOLDER, Workspace, find

# In this order: each part relies on what those before it have found out.
PARTS: tuple[Callable[[Look], Iterator[Finding]], ...] = (
    examine_ledgers,
    examine_runs,
    examine_database,
    examine_journals,
    examine_blobs,
    examine_cache,
    examine_queue,
)
FATAL = ("workspace.marker", "workspace.newer", "workspace.config")  # nothing else can be looked at


def examine(workspace: Workspace, *, fast: bool = False, progress: Progress | None = None) -> list[Finding]:
    """Everything that is not as it should be, one finding a kind and place.

    fast: takes blobs of the right size for what they should be. Safe beside running runs, and on a workspace that can
    only be read.
    """
    look = Look(workspace, fast, progress)
    found = list(examine_home(look))
    if not any(one.code in FATAL for one in found):
        for part in PARTS:
            found += guarded(look, part)
    return found


def guarded(look: Look, part: Callable[[Look], Iterator[Finding]]) -> Iterator[Finding]:
    """What a part finds; a file that it cannot read, where none is foreseen, ends that part and is a finding too."""
    try:
        yield from part(look)
    except OSError as error:
        where = os.path.relpath(os.fsdecode(error.filename or look.workspace.root), look.workspace.root)
        told = f"it cannot be read: {error.strerror or error}"
        remedy = "give yourself the right to read it; if it should not be there, move it away"
        yield beyond("workspace.unreadable", where, told, remedy)
    except MfbenchError as error:
        yield beyond("workspace.unreadable", error.where or ".", error.message, error.hint or "put that right first")


def locate(named: str | os.PathLike[str] | None = None) -> Workspace | None:
    """As `find`, and a workspace whose workspace.json is missing too: it can be told from what else is in it."""
    found = find(named=named)
    if found is not None:
        return found
    named = named or os.environ.get(ENVIRONMENT)
    here = Path(named or Path.cwd()).expanduser().absolute()
    for folder in [here, here / FOLDER] if named else [place / FOLDER for place in (here, *here.parents)]:
        if all((folder / name).is_dir() for name in ("runs", "ledger")):
            return Workspace(folder)
    return None
