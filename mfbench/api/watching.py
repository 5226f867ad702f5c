"""The part of the Workbench that sees what goes on without the database: names and sizes of files, and journals."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfbench.workspace.workspace import Workspace

if TYPE_CHECKING:
    from mfbench.engine.result import RunResult
    from mfbench.journal.reader import Event


class Watching:
    """Cheap enough to be asked several times a second; nothing is held open, nobody waits."""

    workspace: Workspace

    def pulse(self) -> dict[str, int]:
        """{runs, ledger, queue}: numbers that change when something of that kind has: to be compared, not read.

        runs: one began, moved on or ended; its cost goes with the runs that are alive, not with those that are there.
        """
        home = self.workspace
        return {
            "runs": hash((_looked(home.runs), _live(home))),
            "ledger": hash(_within(os.fspath(home.ledgers))),
            "queue": hash(_within(os.fspath(home.root / "queue"))),
        }

    def watch(self, run: str) -> RunWatch:
        """Follows a run of whomever by its journal. Raises NotFoundError."""
        return RunWatch(self.workspace, self.workspace.find_run(run))


class RunWatch:
    """A run while it goes on, or as it was. `result`: its state so far. One thread at a time."""

    def __init__(self, workspace: Workspace, run: str) -> None:
        from mfbench.engine.result import RunResult
        from mfbench.journal.reader import Tail

        self.run = run
        self.result: RunResult = RunResult(run)
        self._workspace = workspace
        self._tail = Tail(workspace.run_folder(run) / "events")

    def poll(self) -> list[Event]:
        """What is new: events `[seq, time, kind, …]` in order of time. A dead driver's run becomes 'lost'."""
        alive = self._workspace.is_alive(self.run)  # asked first: who is found dead has written all that he will
        events = self._tail.poll()
        for event in events:
            self.result.take(event)
        if not alive and self.result.status == "running" and self.result.started:
            self.result.status = "lost"
        return events

    @property
    def over(self) -> bool:
        return self.result.status != "running"


def _live(home: Workspace) -> tuple[Any, ...]:
    try:
        names = sorted(os.listdir(home.live))
    except FileNotFoundError:
        return ()
    return tuple((name, home.is_alive(name), _within(f"{home.runs}/{name}/events")) for name in names)


def _within(folder: str) -> tuple[tuple[str, int, int], ...]:
    """(name, bytes, time of change) of each file."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    about = entry.stat()
                except FileNotFoundError:
                    continue
                found.append((entry.name, about.st_size, about.st_mtime_ns))
    except (FileNotFoundError, NotADirectoryError):
        pass
    return tuple(sorted(found))


def _looked(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
