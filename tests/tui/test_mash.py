"""Keys pressed at random, much faster than anything is drawn: the screen lives on, and so does what it shows."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from textual.screen import ModalScreen

from mfbench_tui.dialogs.reader import Reader
from tests.tui.support import NARROW, WIDE, at_once, opened, settled

KEYS = [
    *"123456jkgGynpstocfaAoPvmxdu/[]?YRb",
    *("enter", "escape", "escape", "tab", "shift+tab", "left", "right", "up", "down", "pageup", "pagedown", "home"),
    *("end", "space", "backspace", "ctrl+o", "ctrl+l", "ctrl+t", "ctrl+p"),
]


@pytest.mark.parametrize("seed", range(4))
async def test_keys_at_random(demo: Path, seed: int) -> None:
    dice = random.Random(seed)
    pressed: list[str] = []
    async with opened(demo, size=WIDE if seed % 2 else NARROW, read_only=True) as pilot:
        for _ in range(150):
            keys = dice.choices(KEYS, k=dice.choice((1, 1, 2, 3, 8)))
            pressed += keys
            at_once(pilot, *keys)
            await pilot.pause(dice.choice((0, 0, 0.01, 0.05)))
            screen = pilot.app.screen
            assert not (isinstance(screen, Reader) and "itself failed" in screen.heading), (pressed, str(screen.text))
        await settled(pilot)
        for _ in range(20):
            if len(pilot.app.screen_stack) == 1:
                break
            if isinstance(pilot.app.screen, ModalScreen) or len(pilot.app.screen_stack) > 1:
                await pilot.press("escape")
                await settled(pilot)
        assert len(pilot.app.screen_stack) == 1, (pressed, pilot.app.screen)
        await pilot.press("2")
        await settled(pilot)
        assert pilot.app.main.query_one("ContentSwitcher").current == "runs"
