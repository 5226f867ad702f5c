"""Tells the panes when something has changed in the workspace, by whomever: files are looked at, nothing is opened."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual.message import Message
from textual.worker import get_current_worker

if TYPE_CHECKING:
    from mfbench_tui.app import MfbenchApp

EVERY = 0.4  # seconds between two looks


class Changed(Message):
    """what: some of 'runs' (one began, moved on or ended), 'ledger' (a decision about runs, models, drift), 'queue'."""

    def __init__(self, what: frozenset[str]) -> None:
        super().__init__()
        self.what = what


def watch(app: MfbenchApp) -> None:
    """The life of a thread: looks until the app ends. A workspace that cannot be read is looked at again later."""
    worker = get_current_worker()
    before: dict[str, int] | None = None
    while not worker.is_cancelled and app.is_running:
        try:
            now: dict[str, int] | None = app.desk.bench.pulse()
        except Exception:  # a disk that is gone for a moment: panes tell of it when they ask
            now = before
        if before is not None and now is not None and now != before:
            app.post_message(Changed(frozenset(key for key in now if now[key] != before.get(key))))
        before = now or before
        time.sleep(EVERY)
