"""Every pane as a picture: wide and narrow, dark and light, full and empty. To accept one: pytest --snapshot-update"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.pilot import Pilot

from mfbench_tui.app import PANES
from tests.tui.support import NARROW, WIDE, opened, settled


class Svg(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    file_extension = "svg"


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(Svg)


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("filled", ["full", "empty"])
@pytest.mark.parametrize("name", list(PANES))
async def test_pane(
    request: pytest.FixtureRequest,
    picture: SnapshotAssertion,
    name: str,
    filled: str,
    size: tuple[int, int],
    theme: str,
) -> None:
    folder: Path = request.getfixturevalue("demo" if filled == "full" else "bare")
    async with opened(folder, first=name, size=size) as pilot:
        pilot.app.theme = theme
        await settled(pilot)
        assert picture == await drawn(pilot)


async def drawn(pilot: Pilot[None]) -> str:
    """The screen as an SVG once it stands still, without the numbers that Rich makes of its content."""
    seen = ""
    for _ in range(50):
        now = re.sub(r"terminal-\d+", "terminal", pilot.app.export_screenshot(title="mfbench", simplify=True))
        if now == seen:
            return now
        seen = now
        await pilot.pause(0.1)
        await settled(pilot)
    raise AssertionError("the screen never stands still")
