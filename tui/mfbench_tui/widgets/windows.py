"""The windows of a drift report on two lines: how large the effect is in each, and below it which ones alarm."""

from __future__ import annotations

from typing import Any

from rich.text import Text
from textual.widget import Widget

BLOCKS = "▁▂▃▄▅▆▇█"
_COLOURS = {"alarm": "red", "changed": "yellow"}
_ORDER = ("alarm", "changed", "too small", "quiet")  # what speaks for several windows that share a cell


class Windows(Widget):
    """`show` takes the windows of `Workbench.drift_outline`; where they do not fit, several share a cell."""

    DEFAULT_CSS = "Windows { height: 2; padding: 0 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.windows: list[dict[str, Any]] = []
        self.current = 0

    def show(self, windows: list[dict[str, Any]], current: int) -> None:
        self.windows, self.current = windows, current
        self.display = len(windows) > 1
        self.refresh()

    def render(self) -> Text:
        return drawn(self.windows, self.current, max(self.size.width, 1))


def drawn(windows: list[dict[str, Any]], current: int, width: int) -> Text:
    """Two lines of at most `width` cells. Below: '!' alarm, '~' changed, '▲' the window that is shown."""
    top = max((window["effect"] or 0.0 for window in windows), default=0.0) or 1.0
    cells = min(len(windows), width)
    above, below = Text(no_wrap=True), Text(no_wrap=True)
    for cell in range(cells):
        first, last = cell * len(windows) // cells, (cell + 1) * len(windows) // cells
        group = windows[first:last]
        verdict = min((window["verdict"] for window in group), key=_ORDER.index)
        effect = max(window["effect"] or 0.0 for window in group)
        colour = _COLOURS.get(verdict, "green")
        above.append(BLOCKS[min(int(effect / top * 8), 7)], colour)
        here = first <= current < last
        sign = "▲" if here else next((w["glyph"] for w in group if w["verdict"] == verdict), " ")
        below.append(" " if sign == "·" else sign, "bold" if here else colour)
    return Text("\n").join([above, below])
