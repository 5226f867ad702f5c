"""What executors have left behind, as findings of the doctor and as items of a collection.

Containers that nobody waits for are damage: they hold memory, processor and files. An environment that nobody has used
for long is none, so it is the collection's business alone.
"""

from __future__ import annotations

import time

from mfbench.care.findings import Finding, Mended, beyond
from mfbench.care.garbage import Garbage, period
from mfbench.core.errors import MfbenchError
from mfbench.core.text import parse_duration
from mfbench.executors import leftovers
from mfbench.executors.base import Executor, Leftover
from mfbench.workspace.workspace import Workspace


def findings(workspace: Workspace) -> list[Finding]:
    """Containers of runs that are over, installations that were broken off, executors that cannot be asked."""
    left = leftovers.find(workspace)
    found = [
        Finding(_code(one), one.name, f"a container {one.what}" if one.run else one.what)
        for _, one in left.items
        if one.kind == "container"
    ]
    return found + [
        beyond("executor.silent", name, f"it could not say what it has left behind: {error.message}", error.hint or "")
        for name, error in left.silent
    ]


def mend(workspace: Workspace) -> list[Mended]:
    """Takes the containers away."""
    mended = []
    for executor, one in leftovers.find(workspace).items:
        if one.kind == "container":
            failed = _remove(executor, one)
            mended.append(Mended(_code(one), one.name, failed or f"removed: {one.what}", failed=bool(failed)))
    return mended


def collect(workspace: Workspace, *, dry_run: bool, older_than: float) -> list[Garbage]:
    """Takes away, or only says: containers that nobody waits for, and environments that nobody has used for long.

    older_than: seconds; it never shortens what the configuration grants to environments, but may lengthen it.
    """
    left = leftovers.find(workspace)
    keep = max(older_than, kept(workspace))
    items = []
    for executor, one in left.items:
        reason = _reason(one, keep)
        if not reason:
            continue
        failed = "" if dry_run else _remove(executor, one)
        kind = "container" if one.kind == "container" else "environment"
        action = "keep" if failed else "remove"
        items.append(Garbage(kind, one.name, 0 if failed else one.bytes, failed or reason, action))
    for name, error in left.silent:
        items.append(Garbage("environment", name, 0, f"could not be asked: {error.message}", "keep"))
    return items


def kept(workspace: Workspace) -> float:
    """Seconds for which an environment stays after its last use: `[environment] keep` of the configuration."""
    from mfbench.engine.settings import settings_of

    return parse_duration(settings_of(workspace).keep)


def _reason(one: Leftover, keep: float) -> str:
    """Why it goes; '' where it stays."""
    if one.kind == "container":
        return "its run is over" if one.run else "its installation was broken off"
    if one.used is None:  # half made, or without a name: nobody can find it
        return "nobody can use it"
    return f"not used for {period(keep)}" if time.time() - one.used > keep else ""


def _code(one: Leftover) -> str:
    return "container.left" if one.run else "install.left"


def _remove(executor: Executor, one: Leftover) -> str:
    """What kept it from going; '' where it went."""
    try:
        executor.remove(one)
        return ""
    except MfbenchError as error:
        return f"could not be taken away: {error.message}"
