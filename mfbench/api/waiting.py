"""Waiting until the queue is empty and its runs are over."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mfbench.core.errors import UsageError
from mfbench.workspace.workspace import Workspace

if TYPE_CHECKING:
    from mfbench.api.queueing import Queueing

TICK = 0.3  # seconds


def wait(
    workspace: Workspace, queue: Queueing, on_change: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Any]:
    """See `Queueing.wait_queue`. A dispatcher that was killed is brought back."""
    from mfbench.engine.queue.claim import running

    over = set(workspace.run_names()) - set(running(workspace))  # before the entries are read: none of them is theirs
    watched: set[str] = set()  # entries
    known: dict[str, str | None] = {}  # runs, and the entry that each comes from
    mine: set[str] = set()  # runs that were seen going on
    last: dict[str, Any] = {}
    while True:
        entries = queue.queued()
        waiting = [entry["id"] for entry in entries if entry["state"] in ("waiting", "starting")]
        watched.update(waiting)
        alive = running(workspace)  # after the entries: one that is no entry any more is a run by now
        for run in alive:
            _look(workspace, run, known)
        going = [run for run in alive if known.get(run)]
        mine.update(going)
        now = {"waiting": len(waiting), "running": len(going)}
        if not waiting and not going:
            break
        if on_change and now != last:
            on_change(now)
        last = now
        _go_on(workspace, queue, bool(waiting))
        time.sleep(TICK)
    for run in set(workspace.run_names()) - over if watched else ():  # not by their names: clocks are set back
        _look(workspace, run, known)
    mine.update(run for run, entry in known.items() if entry in watched)
    return {
        "runs": [_end(workspace, run, str(known[run])) for run in sorted(mine)],
        "failed": [entry for entry in queue.queued() if entry["state"] in ("failed", "damaged")],
    }


def _go_on(workspace: Workspace, queue: Queueing, waiting: bool) -> None:
    from mfbench.engine.queue.start import start

    if not waiting:
        return
    if queue.queue_status()["paused"]:
        raise UsageError("the queue is paused: what waits in it is not started", hint="go on with: mfbench queue start")
    start(workspace)  # not `start_queue`, which would end a pause that came in between


def _look(workspace: Workspace, run: str, known: dict[str, str | None]) -> None:
    """Notes which entry a run comes from, once it has said so."""
    from mfbench.journal.cursor import Cursor

    if run in known:
        return
    events = Cursor(str(workspace.run_folder(run) / "events" / "driver-1.jsonl")).read(1 << 16)
    about = next((event[3] for event in events if event[2] == "run.started"), None)
    if isinstance(about, dict):
        found = about.get("queued")
        known[run] = found if isinstance(found, str) else None


def _end(workspace: Workspace, run: str, entry: str) -> dict[str, Any]:
    from mfbench.api.running import follow_to_end

    result = follow_to_end(workspace, run)
    return {"run": run, "queued": entry, "status": result.status, "exit_code": result.exit_code}
