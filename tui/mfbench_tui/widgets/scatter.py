"""Points, and a line through some, on two axes. It loads numpy: import it where it is first shown, not before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from textual_plot import HiResMode, NumericAxisFormatter

from mfbench_tui.text import safe
from mfbench_tui.widgets.plot import Plot

Points = Sequence[tuple[float, float]]
HIDDEN_ABOVE = 1e15  # what no axis of a terminal tells apart any more


class Numbers(NumericAxisFormatter):
    """Short numbers; `log`: the axis has their decimal logarithms."""

    def __init__(self, log: bool = False) -> None:
        super().__init__()
        self.log = log

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        return [f"{10**tick if self.log else tick:.5g}" for tick in ticks]


class Words(Numbers):
    """The words that 0, 1, 2, … stand for."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__()
        self.words = [safe(word, 14).replace("[", "(") for word in words]  # the plot reads labels as markup

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        return [float(place) for place in range(len(self.words))]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        return [self.words[int(tick)] for tick in ticks]


class Scatter(Plot):
    """The last series owns a cell, so the marked points are drawn last. What is not finite is left out."""

    DEFAULT_CSS = """
    Scatter { height: 1fr; min-height: 8; }
    Scatter > .plot--axis { color: $foreground 40%; }
    Scatter > .plot--tick { color: $foreground 80%; text-style: none; }
    """

    def on_mount(self) -> None:
        self.margin_top, self.margin_bottom = 0, 1
        self.set_y_formatter(Numbers())
        self.call_later(self._begin)  # the plot's own on_mount comes after this one, and clears it

    _ready = False
    _wanted: dict[str, Any] | None = None

    def _begin(self) -> None:
        self._ready = True
        if self._wanted is not None:
            self.show(**self._wanted)

    def show(
        self, points: Points, *, marked: Points = (), line: Points = (), across: NumericAxisFormatter | None = None
    ) -> None:
        """across: says the ticks of x. What is shown before the plot is mounted is drawn then."""
        if not self._ready:
            self._wanted = {"points": points, "marked": marked, "line": line, "across": across}
            return
        points, marked, line = ([one for one in series if _drawn(one)] for series in (points, marked, line))
        self.clear()
        self.set_x_formatter(across or Numbers())
        self._limits([*points, *marked, *line])
        if line:
            self.plot(*_split(line), line_style="green", hires_mode=HiResMode.BRAILLE)
        if points:
            self.scatter(*_split(points), marker="•", marker_style="cyan")
        if marked:
            self.scatter(*_split(marked), marker="◆", marker_style="bold yellow")

    def _limits(self, points: Points) -> None:
        """With room at the sides; one value alone has no span."""
        for axis, limit in ((0, self.set_xlimits), (1, self.set_ylimits)):
            values = [point[axis] for point in points]
            if values:
                low, high = min(values), max(values)
                room = max((high - low) * 0.05, abs(high) * 1e-6) if high > low else abs(low) * 0.05 or 1.0
                limit(low - room, high + room)


def _drawn(point: tuple[float, float]) -> bool:
    return all(math.isfinite(value) and abs(value) < HIDDEN_ABOVE for value in point)


def _split(points: Points) -> tuple[list[float], list[float]]:
    return [point[0] for point in points], [point[1] for point in points]
