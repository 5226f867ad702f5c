"""The screen under test: opened on a workspace, waited for, and drawn."""

from __future__ import annotations

import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from textual import events
from textual.pilot import Pilot

from mfbench.api.workbench import Workbench
from mfbench_tui.app import MfbenchApp
from mfbench_tui.desk import Desk

KEPT = Path(__file__).with_name("workspace.tar.gz")
NOW = datetime(2026, 12, 24, 12, 0, tzinfo=UTC)
WIDE, NARROW = (120, 36), (80, 24)


def unpacked(folder: Path) -> Path:
    """The workspace that is kept, in `folder`, with its recipes and data."""
    with tarfile.open(KEPT) as archive:
        archive.extractall(folder, filter="data")
    return folder


@asynccontextmanager
async def opened(
    folder: Path, *, first: str = "runs", size: tuple[int, int] = WIDE, read_only: bool = False
) -> AsyncIterator[Pilot[None]]:
    """The app on the workspace in `folder`, its clock frozen, settled. `pilot.app` is the MfbenchApp."""
    app = MfbenchApp(Desk(Workbench.open(folder), read_only, now=lambda: NOW), first)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield pilot


async def settled(pilot: Pilot[None], *, attempts: int = 400) -> None:
    """Until no question is open and all answers are drawn. The feed's thread always runs."""
    idle = 0  # looks: an answer may be on its way to the question that follows it
    for _ in range(attempts):
        await pilot.pause(0.02)
        busy = [
            worker for worker in pilot.app.workers if worker.group not in ("feed", "live") and not worker.is_finished
        ]
        idle = 0 if busy else idle + 1
        if idle == 3:
            return
    raise AssertionError(f"still busy: {busy}")


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Presses keys one after another, each once what the one before has started is done."""
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


def at_once(pilot: Pilot[None], *keys: str) -> None:
    """Keys in one packet, as a slow line or a held key sends them: nothing is handled between them."""
    for key in keys:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))


def told(pilot: Pilot[None]) -> str:
    """What the notices say, one a line."""
    return "\n".join(notice.message for notice in pilot.app._notifications)


def text_of(pilot: Pilot[None]) -> str:
    """What is on the screen, as lines of text."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)
