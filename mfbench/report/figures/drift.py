"""A column of the reference beside the same column of a window."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mfbench.report import words
from mfbench.report.drift.short import shares
from mfbench.report.figures.canvas import INK, LINES, Picture, picture, rules

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mfbench.drift.findings import Difference

MOST_VALUES = 8


def column(found: Difference, told: str, mark: str = "") -> Picture | None:
    """Filled: the reference, line or strokes: the window; shares of the rows of each that have a value."""
    pairs = shares(found)
    if not sum(pairs[0]) + sum(pairs[1]):
        return None
    title = words.name(found.name, 40) + mark
    if _rising(found.edges) and len(found.edges) == len(pairs[0]) + 1 > 4:
        return picture(title, told, (230, 150), lambda figure: _histogram(figure, found.edges, pairs), key=found.name)
    rows = list(zip(found.labels, *pairs, strict=False))
    shown = sorted(rows, key=lambda row: -max(row[1:]))[:MOST_VALUES]
    shown = [row for row in rows if row in shown][:MOST_VALUES]
    if not shown:
        return None
    size = (230, 46 + 17 * len(shown))
    return picture(title, told, size, lambda figure: _values(figure, shown), key=found.name)


def _rising(edges: Sequence[float]) -> bool:
    return all(map(words.known, edges)) and all(a < b for a, b in pairwise(edges))


def _histogram(figure: Figure, edges: Sequence[float], pairs: Sequence[Sequence[float]]) -> None:
    """By area: bars of different width hold what their area says. The outermost are cut where they would be wider than
    half of all others together, and hold the same share there."""
    axes = figure.subplots()
    room = (edges[-2] - edges[1]) / 2
    cut = [max(edges[0], edges[1] - room), *edges[1:-1], min(edges[-1], edges[-2] + room)]
    styles: tuple[dict[str, Any], ...] = ({"fill": True, "alpha": 0.3}, {"fill": False, "linewidth": 1.5})
    for i, (side, style) in enumerate(zip(pairs, styles, strict=True)):
        heights = [share / (b - a) for share, a, b in zip(side, cut, cut[1:], strict=False)]
        axes.stairs(heights, cut, color=LINES[i], **style)
    axes.set(ylim=(0, None))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.6g}")
    axes.locator_params(axis="x", nbins=4)


def _values(figure: Figure, rows: Sequence[tuple[Any, ...]]) -> None:
    axes = figure.subplots()
    places = range(len(rows))
    axes.barh(places, [row[1] for row in rows], color=LINES[0], alpha=0.3, height=0.62)
    axes.plot([row[2] for row in rows], places, "|", color=LINES[1], markersize=10, markeredgewidth=2)
    axes.set_yticks(places, [words.name(row[0], 14) for row in rows])
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlim=(0, None))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value * 100:g} %")
    axes.locator_params(axis="x", nbins=3)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines["left"].set_visible(False)
    rules(axes, "x")
