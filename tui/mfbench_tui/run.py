"""The one entry point: opens the screen on a workspace and gives the terminal back, however it ends."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from mfbench.api.workbench import Workbench
from mfbench_tui import threads

if TYPE_CHECKING:
    from textual.app import App

    from mfbench_tui.desk import Desk

KILLS = (signal.SIGTERM, signal.SIGHUP)


def open_screen(workspace: str | None = None, *, read_only: bool = False) -> int:
    """Runs until the screen is left: 0, 1 where it has failed, 128 and the signal's number where it was killed.

    Where there is no workspace, it offers to make one. Raises WorkspaceError for one that cannot be used.
    """
    bench, first = _found(workspace), "runs"
    if bench is None:
        from mfbench_tui.welcome import Welcome

        welcome = Welcome(workspace, read_only)
        _live(welcome)
        bench, first = welcome.made, "recipes"
        if bench is None:
            return welcome.return_code or 0
    from mfbench_tui.app import MfbenchApp
    from mfbench_tui.desk import Desk

    desk = Desk(bench, read_only)
    app = MfbenchApp(desk, first)
    _live(app)
    _leave_threads(desk, app.return_code or 0)
    return app.return_code or 0


def _found(workspace: str | None) -> Workbench | None:
    from mfbench.api.running import has_workspace

    if not has_workspace(workspace):
        return None
    return Workbench.open(workspace)


def _live(app: App[Any]) -> None:
    """The app's whole life. A killed one leaves as by its key: the terminal is what it was before."""

    async def life() -> None:
        loop = asyncio.get_running_loop()
        for number in KILLS:
            loop.add_signal_handler(number, _leave, app, number)
        try:
            await app.run_async()
        finally:
            for number in KILLS:
                loop.remove_signal_handler(number)

    asyncio.run(life())


def _leave_threads(desk: Desk, code: int) -> None:
    """What changes something is waited for, and told of; what only reads is left, however long it would take yet."""
    try:
        if desk.doing:
            for words in list(desk.doing):
                print(f"not done yet: {shlex.join(['mfbench', *words])}", file=sys.stderr)
            print("waiting for it; ctrl-c leaves it", file=sys.stderr)
        while desk.doing:
            time.sleep(0.05)
    except KeyboardInterrupt:
        code = 130
    if any(thread.name.startswith(threads.NAME) for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # else Python would wait for them


def _leave(app: App[Any], number: int) -> None:
    app.exit(return_code=128 + number)
