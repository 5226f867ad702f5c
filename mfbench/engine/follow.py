"""Following a run's journal while it grows."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator

from mfbench.engine.launch import Launched
from mfbench.journal.reader import Event, Tail
from mfbench.workspace.workspace import Workspace

_TICK = 0.05


def follow(workspace: Workspace, run: str, launched: Launched | None = None) -> Iterator[list[Event]]:
    """New events in batches (empty ones too, several a second), until the run has ended or its driver is dead.

    `launched` is the run that this process has started: its pipe tells the end at once. Any other run's end is
    seen by its marker.
    """
    tail = Tail(workspace.run_folder(run) / "events")
    while True:
        # Asked before the journal is read: who is found dead has written all that it will ever write.
        over = _over(launched) if launched else not workspace.is_alive(run)
        events = tail.poll()
        yield events
        # A run that was resumed has ended before: its latest word counts.
        last = next((event[2] for event in reversed(events) if event[2] in ("run.started", "run.ended")), None)
        if over or last == "run.ended":
            return
        if launched is None:
            time.sleep(_TICK)


def _over(launched: Launched) -> bool:
    """Waits a tick; whether the driver has closed its pipe."""
    readable, _, _ = select.select([launched.pipe], [], [], _TICK)
    return bool(readable)
