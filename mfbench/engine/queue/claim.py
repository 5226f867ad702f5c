"""Taking an entry out of the queue: by its driver, at the moment when its run begins, and only once.

The driver makes the run's folder, renames the entry to `<id>.<run>`, writes the run's first event and removes the
file. A rename succeeds for one driver alone, so two that were started for one entry (the dispatcher was killed, and the
next one could not know) make one run. A driver that is killed in between leaves the file: it names the run, which has
begun or has not, and in the latter case the entry waits again.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec

from mfbench.core.errors import StoppedError
from mfbench.journal.flusher import flush
from mfbench.journal.reader import read_events
from mfbench.workspace.queue import editing, folder_of, is_paused, max_parallel, path_of, taken
from mfbench.workspace.workspace import Workspace


def begin(workspace: Workspace, holder: dict[str, Any], entry: str | None) -> tuple[str, int]:
    """As `Workspace.new_run`; of a run from the queue it takes the entry too.

    Raises StoppedError where the entry is gone or no run may be started now; then there is no run.
    """
    run, marker = workspace.new_run(holder)
    if entry is not None:
        try:
            _claim(workspace, entry, run)
        except BaseException:
            workspace.discard(run, marker)
            raise
    return run, marker


def begun(workspace: Workspace, entry: str, run: str) -> None:
    """The run's first event is written: the entry has done its service."""
    flush()
    (folder_of(workspace) / f"{entry}.{run}").unlink(missing_ok=True)


def recover(workspace: Workspace) -> None:
    """Brings back entries whose driver was killed before its run began. Under `editing`."""
    for entry, run in taken(workspace):
        if workspace.is_alive(run):
            continue
        path = folder_of(workspace) / f"{entry}.{run}"
        with suppress(FileNotFoundError):  # asked first whether it lives: its driver has removed it and ended since
            if has_begun(workspace, run):
                path.unlink()
            else:
                path.rename(path_of(workspace, entry))


def interrupted(workspace: Workspace) -> list[tuple[str, str]]:
    """(entry, run) where the driver was killed after it had taken the entry and before its run had begun."""
    found = taken(workspace)
    return [(entry, run) for entry, run in found if not workspace.is_alive(run) and not has_begun(workspace, run)]


def has_begun(workspace: Workspace, run: str) -> bool:
    return any(event[2] == "run.started" for event in read_events(workspace.run_folder(run) / "events"))


def running(workspace: Workspace, besides: str | None = None) -> list[str]:
    """The runs that drivers lead right now, however they were started, oldest first."""
    with suppress(FileNotFoundError):
        return sorted(
            path.name
            for path in workspace.live.iterdir()
            if path.name not in (besides, "") and workspace.is_alive(path.name) and _leader(workspace, path.name)
        )
    return []


def why_not(workspace: Workspace, besides: str | None = None) -> str | None:
    """Why no run may be started from the queue now; None where one may. besides: a run that is not counted."""
    if is_paused(workspace):
        return "the queue is paused"
    held, most = len(running(workspace, besides)), max_parallel(workspace)
    return f"{held} runs are going on, and max_parallel is {most}" if held >= most else None


def _leader(workspace: Workspace, run: str) -> bool:
    try:
        return bool(msgspec.json.decode((workspace.live / run).read_bytes()).get("leader") == "driver")
    except (OSError, ValueError, AttributeError):
        return False


def _claim(workspace: Workspace, entry: str, run: str) -> None:
    with editing(workspace):
        if told := why_not(workspace, besides=run):
            raise StoppedError(told)
        try:
            path_of(workspace, entry).rename(folder_of(workspace) / f"{entry}.{run}")
        except FileNotFoundError:
            raise StoppedError(f"{entry} is not in the queue any more") from None
