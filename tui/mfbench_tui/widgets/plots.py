"""Curves as small plots. This module imports numpy: it is imported in a thread, once the first curve is wanted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static
from textual_hires_canvas import HiResMode
from textual_plot.axis_formatter import AxisFormatter

from mfbench_tui.text import number, safe, styled
from mfbench_tui.widgets.plot import Plot

FAR = 1e300  # beyond, the distance of two numbers may be none


class Limits(NamedTuple):
    """What a plot shows: least and greatest step, least and greatest value."""

    left: float
    right: float
    bottom: float
    top: float


class Ends(AxisFormatter):
    """Ticks at both ends and in the middle: right for any numbers, however near to one another or huge."""

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 3) -> list[float]:
        return [min_, min_ / 2 + max_ / 2, max_]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        return [number(round(tick) if tick == round(tick) and abs(tick) < 1e7 else tick) for tick in ticks]


class Panel(Vertical):
    """One curve under its label, which tells what the picture cannot: the last value and the best."""

    DEFAULT_CSS = """
    Panel { height: 11; }
    Panel > Static { height: 1; padding: 0 1; text-style: bold; }
    Panel Plot { height: 10; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._plot = Plot()

    def compose(self) -> ComposeResult:
        yield Static("")
        yield self._plot

    def on_mount(self) -> None:
        self._plot.margin_top, self._plot.margin_bottom, self._plot.margin_left = 0, 2, 10
        self._plot.set_x_formatter(Ends())
        self._plot.set_y_formatter(Ends())

    def draw(self, label: str, points: Sequence[tuple[float, float]], limits: Limits) -> None:
        last = f"   last {number(points[-1][1])}" if points else "   nothing logged"
        self.query_one(Static).update(styled(safe(label, 60) + last))
        plot = self._plot
        plot.clear()
        plot.set_xlimits(limits.left, limits.right)
        plot.set_ylimits(limits.bottom, limits.top)
        colour = "cyan" if self.app.current_theme.dark else "blue"
        x, y = [point[0] for point in points], [point[1] for point in points]
        if len(points) > 1:
            plot.plot(x, y, line_style=colour, hires_mode=HiResMode.BRAILLE)
        elif points:
            plot.scatter(x, y, marker="●", marker_style=colour)


def points_of(rows: Sequence[dict[str, Any]]) -> list[tuple[float, float]]:
    """(step, value) of the rows of a reduced curve: of several points in one place, the least and the greatest."""
    found: list[tuple[float, float]] = []
    for row in rows:
        if row["n"] == 1:
            values: list[Any] = [row["last"]]
        else:
            values = sorted({row["min"], row["max"]} - {None})
        found += [(float(row["x"]), max(-FAR, min(FAR, value))) for value in values if math.isfinite(value)]
    return found


def limits_of(curves: Sequence[Sequence[tuple[float, float]]]) -> Limits:
    """Room for all of these, a little wider where they are flat."""
    x = [point[0] for curve in curves for point in curve] or [0.0, 1.0]
    y = [point[1] for curve in curves for point in curve] or [0.0, 1.0]
    return Limits(*_apart(min(x), max(x)), *_apart(min(y), max(y)))


def _apart(low: float, high: float) -> tuple[float, float]:
    least = max(abs(low), abs(high)) * 1e-9
    return (low, high) if high - low > least else (low - (abs(low) / 10 or 0.5), high + (abs(high) / 10 or 0.5))
