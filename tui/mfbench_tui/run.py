"""The one entry point: opens the screen on a workspace and gives the terminal back, however it ends."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any

from mfbench.api.workbench import Workbench

if TYPE_CHECKING:
    from textual.app import App

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

    app = MfbenchApp(Desk(bench, read_only), first)
    _live(app)
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


def _leave(app: App[Any], number: int) -> None:
    app.exit(return_code=128 + number)
