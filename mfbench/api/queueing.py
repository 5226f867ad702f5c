"""The part of the Workbench that lets runs wait for a place, and the check that comes before there is a workspace."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfbench.core.errors import DamageError, MfbenchError
from mfbench.workspace.workspace import Workspace, find_or_create

if TYPE_CHECKING:
    from mfbench.workspace.queue import Entry

PathLike = str | os.PathLike[str]


class Queueing:
    """Entries are files, and a detached process starts them in their order, `max_parallel` runs at a time.

    Reading starts nothing; putting a run in, retrying, moving and `start_queue` bring back a dispatcher that is gone.
    An entry is named by its id, or a unique beginning or end of it.
    """

    workspace: Workspace

    def enqueue(
        self,
        recipe: PathLike,
        *,
        overrides: Sequence[str] = (),
        executor: str | None = None,
        name: str | None = None,
    ) -> dict[str, Any]:
        """Puts a run of the recipe, as it is now, at the end of the queue: its entry, as in `queued`.

        Raises RecipeError at once; what is wrong with the data is found when the run is started, and told in `queued`.
        """
        return enqueue(recipe, self.workspace.root, overrides, executor, name)

    def queued(self) -> list[dict[str, Any]]:
        """The queue in its order: {id, recipe, name, overrides, executor, queued, actor, state, error, position}.

        state: 'waiting' (with a position, from 1), 'starting', 'failed' (it could not be started, and `error` says why:
        {type, message, where, hint}) or 'damaged' (its file cannot be read). queued: when, in UTC.
        """
        from mfbench.engine.queue.claim import has_begun
        from mfbench.workspace.queue import folder_of, read_entry, read_queue, taken

        entries, damaged = read_queue(self.workspace)  # first: what is taken meanwhile is met twice, never missed
        starting = []
        for name, run in taken(self.workspace):
            if not has_begun(self.workspace, run):
                try:
                    starting.append(read_entry(folder_of(self.workspace) / f"{name}.{run}", name))
                except (FileNotFoundError, DamageError):  # the former: it has begun meanwhile
                    continue
        known = {entry.id for entry in starting}
        entries = [entry for entry in entries if entry.id not in known]
        waiting = [entry.id for entry in entries if entry.state == "waiting"]
        told = [{**_told(entry), "state": "starting"} for entry in starting]
        for entry in entries:
            told.append({**_told(entry), "position": waiting.index(entry.id) + 1 if entry.id in waiting else None})
        return told + [_damaged(name, error.as_dict()) for name, error in damaged.items()]

    def queue_status(self) -> dict[str, Any]:
        """{max_parallel, running, paused, still}: `running` are the runs that hold a place, however they were started.

        still: why nothing of what waits will be started, and what to do; None where it will, or where nothing waits.
        """
        from mfbench.engine.queue.claim import running
        from mfbench.engine.queue.start import stands_still
        from mfbench.workspace.queue import is_paused, max_parallel

        return {
            "max_parallel": max_parallel(self.workspace),
            "running": running(self.workspace),
            "paused": is_paused(self.workspace),
            "still": stands_still(self.workspace),
        }

    def cancel_queued(self, ids: Sequence[str]) -> list[str]:
        """Takes entries out of the queue, all or none: their ids. Raises NotFoundError, also where a run has begun."""
        from mfbench.engine.queue.edit import cancel

        return cancel(self.workspace, ids)

    def move_queued(self, id: str, *, first: bool = False, last: bool = False, before: str | None = None) -> str:
        """Gives an entry another place, that of `before` or one of the ends: its id."""
        from mfbench.engine.queue.edit import move

        moved = move(self.workspace, id, first=first, last=last, before=before)
        _set_going(self.workspace)
        return moved

    def retry_queued(self, ids: Sequence[str]) -> list[str]:
        """Lets entries that could not be started wait again, all or none: their ids."""
        from mfbench.engine.queue.edit import retry

        found = retry(self.workspace, ids)
        _set_going(self.workspace)
        return found

    def pause_queue(self) -> None:
        """Nothing is started from the queue any more, until `start_queue`. What runs goes on."""
        from mfbench.engine.queue.edit import pause

        pause(self.workspace, True)

    def start_queue(self) -> bool:
        """Ends a pause, and brings a dispatcher that is gone back where something waits; whether it did."""
        from mfbench.engine.queue.edit import pause
        from mfbench.engine.queue.start import start
        from mfbench.workspace.queue import is_paused

        if is_paused(self.workspace):
            pause(self.workspace, False)
        return start(self.workspace)

    def wait_queue(self, on_change: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
        """Waits until nothing waits and what came from the queue is over: {runs, failed}.

        runs: of each run that came from the queue meanwhile {run, queued, status, exit_code}. failed: entries that
        could not be started. on_change: called with {waiting, running} whenever one of these numbers has changed.
        Raises UsageError where the queue is paused.
        """
        from mfbench.api.waiting import wait

        return wait(self.workspace, self, on_change)


def enqueue(
    recipe: PathLike,
    workspace: PathLike | None,
    overrides: Sequence[str] = (),
    executor: str | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """As `Queueing.enqueue`; the workspace is made when missing, once the recipe has been found right."""
    from mfbench.engine.queue import edit

    loaded = edit.checked(Path(recipe), overrides, executor)
    home = find_or_create(workspace)
    entry = edit.enqueue(home, loaded, overrides, executor, name)
    _set_going(home)
    return _told(entry)


def _set_going(workspace: Workspace) -> None:
    """What was written stands whether or not a dispatcher can be started now; if not, `queue_status` tells."""
    from mfbench.engine.queue.start import start

    with suppress(MfbenchError, OSError):
        start(workspace)


def _told(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "recipe": entry.recipe,
        "name": entry.name,
        "overrides": list(entry.overrides),
        "executor": entry.executor,
        "queued": datetime.fromtimestamp(entry.queued, UTC),
        "actor": entry.actor,
        "state": entry.state,
        "error": entry.error,
        "position": None,
    }


def _damaged(entry: str, error: dict[str, Any]) -> dict[str, Any]:
    fields = dict.fromkeys(("recipe", "name", "executor", "queued", "actor", "position"))
    return {"id": entry, **fields, "overrides": [], "state": "damaged", "error": error}
