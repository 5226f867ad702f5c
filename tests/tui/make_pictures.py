"""Draws the README's pictures from the program: python -m tests.tui.make_pictures FOLDER (or: make screenshots)"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.tui.support import opened, press, unpacked

SIZE = (110, 30)
# name: (the pane that is opened, keys that are pressed)
PICTURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "recipes": ("recipes", ()),
    "runs": ("runs", ()),
    "run": ("runs", ("enter",)),
    "search": ("search", ()),
    "models": ("models", ()),
    "drift": ("drift", ()),
}


async def draw(folder: Path) -> None:
    for name, (first, keys) in PICTURES.items():
        with tempfile.TemporaryDirectory() as made:
            async with opened(unpacked(Path(made)), first=first, size=SIZE) as pilot:
                await press(pilot, *keys)
                (folder / f"{name}.svg").write_text(pilot.app.export_screenshot(title="mfbench"), encoding="utf-8")
        print(folder / f"{name}.svg")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(draw(target))
