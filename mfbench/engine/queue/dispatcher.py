"""The dispatcher: a detached process, one a workspace, that starts what waits as places become free.

It keeps nothing in mind: what waits are files, what runs are markers. It can be killed at any point, and the next one
goes on. It ends when nothing waits or the queue is paused, and writes nothing but why an entry could not be started.
"""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mfbench.core.errors import MfbenchError, StoppedError, StoreBusyError, from_os
from mfbench.core.machine import host
from mfbench.engine.driver import Request
from mfbench.engine.queue.claim import recover, why_not
from mfbench.engine.queue.edit import change
from mfbench.engine.rehearsal import told
from mfbench.engine.run import Report
from mfbench.workspace.locks import hold
from mfbench.workspace.queue import LEADER, Entry, editing, folder_of, is_paused, read_queue
from mfbench.workspace.workspace import Workspace

if TYPE_CHECKING:
    from mfbench.engine.launch import Launched

TICK = 0.5  # seconds between two looks for what other processes have changed


class QueueRequest(msgspec.Struct, frozen=True, kw_only=True):
    """workspace: the .mfbench folder itself, absolute."""

    workspace: str


def dispatch(request: QueueRequest, report: Report) -> None:
    """Leads the queue until nothing waits. Another one that leads it already is as good."""
    _leave_parent()
    workspace = Workspace(Path(request.workspace))
    leader = folder_of(workspace) / LEADER
    try:
        lock = hold(leader, msgspec.json.encode({"pid": os.getpid(), "host": host()}).decode(), anew=False)
    except FileExistsError:
        report({"run": ""})
        return
    held = [lock]  # once only: in the children's own children the number is that of something else
    os.register_at_fork(after_in_child=lambda: os.close(held.pop()) if held else None)  # else runs would keep the lock
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    report({"run": ""})
    children: list[Launched] = []
    while workspace.root.is_dir():
        try:
            if _is_done(workspace, leader):
                return
            home = Workspace(workspace.root)  # whose configuration may have changed
            if why_not(home) is None:
                _start_next(home, children)
                continue
        except MfbenchError:  # a configuration that somebody is editing, a full disk: it may be better in a moment
            pass
        _wait(children)


def _is_done(workspace: Workspace, leader: Path) -> bool:
    """Decided while nobody can queue anything: who comes later finds that nobody leads, and starts another."""
    with editing(workspace):
        recover(workspace)
        if _next(workspace) is not None and not is_paused(workspace):
            return False
        leader.unlink(missing_ok=True)
        return True


def _next(workspace: Workspace) -> Entry | None:
    return next((entry for entry in read_queue(workspace)[0] if entry.state == "waiting"), None)


def _start_next(home: Workspace, children: list[Launched]) -> None:
    """Starts the first entry that waits, and comes back when its run exists or cannot."""
    from mfbench.engine.launch import launch

    entry = _next(home)
    if entry is None:  # it is beginning right now, in the hands of a driver of the dispatcher before this one
        _wait(children)
        return
    os.environ["MFBENCH_ACTOR"] = entry.actor  # who queued it is who runs it
    with suppress(OSError):
        os.chdir(entry.folder)
    request = Request(
        recipe=entry.recipe,
        text=entry.text,
        workspace=str(home.root),
        overrides=entry.overrides,
        executor=entry.executor,
        name=entry.name,
        queued=entry.id,
    )
    try:
        children.append(launch(request))
    except StoppedError:  # cancelled meanwhile, or the last place was taken: the next look tells
        pass
    except (MfbenchError, OSError) as problem:
        if isinstance(problem, StoreBusyError) or why_not(Workspace(home.root)):
            raise  # not the entry's fault
        error = problem if isinstance(problem, MfbenchError) else from_os(problem, "the run could not begin")
        change(home, entry.id, lambda found: msgspec.structs.replace(found, state="failed", error=told(error)))
    finally:
        os.chdir(home.root)


def _wait(children: list[Launched]) -> None:
    """Until one of the runs that were started here ends, or for a tick."""
    ended, _, _ = select.select([child.pipe for child in children], [], [], TICK)
    for child in [child for child in children if child.pipe in ended]:
        children.remove(child)
        os.close(child.pipe)
    with suppress(ChildProcessError):  # not `Launched.close`, whose thread would keep the next driver from being forked
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _leave_parent() -> None:
    """Becomes nobody's child, so that a face that stays open has none to bury."""
    parent = os.getpid()
    if os.fork():
        os._exit(0)
    while os.getppid() == parent:
        time.sleep(0.001)
