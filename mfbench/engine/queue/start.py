"""Seeing to it that somebody leads the queue."""

from __future__ import annotations

from mfbench.engine.queue.claim import interrupted, recover
from mfbench.workspace.queue import editing, is_led, is_paused, read_queue
from mfbench.workspace.workspace import Workspace


def start(workspace: Workspace) -> bool:
    """Starts a dispatcher where something waits, nothing says pause and none lives; whether it did."""
    from mfbench.engine.launch import launch_dispatcher
    from mfbench.engine.queue.dispatcher import QueueRequest

    with editing(workspace):  # a dispatcher that is about to end does so under this lock
        recover(workspace)
        if is_paused(workspace) or is_led(workspace) or not _waits(workspace):
            return False
    launch_dispatcher(QueueRequest(workspace=str(workspace.root.resolve()))).close()
    return True


def stands_still(workspace: Workspace) -> str | None:
    """Why nothing of what waits will be started, and what to do; None where it will, or where nothing waits."""
    if not _waits(workspace) and not interrupted(workspace):
        return None
    if is_paused(workspace):
        return "it is paused; go on with: mfbench queue start"
    if not is_led(workspace):
        return "its dispatcher was ended, or this machine was started anew; go on with: mfbench queue start"
    return None


def _waits(workspace: Workspace) -> bool:
    return any(entry.state == "waiting" for entry in read_queue(workspace)[0])
