"""Estimates as dots on their intervals: one a row with names, or one alone for a table's cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mfbench.report import words
from mfbench.report.figures.canvas import INK, LINES, MUTED, PAPER, Picture, draw, picture, rules
from mfbench.report.figures.points import errors

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Values = dict[str, Any]


def rows(
    title: str, caption: str, items: Sequence[Values], x: str, reference: float | None = None, hollow: str | None = None
) -> Picture | None:
    """items: {name, value, low, high}; those of which `hollow` is false are drawn as rings."""
    known = [item for item in items if words.known(item["value"])]
    if not known:
        return None
    names = [words.name(item["name"], 30) for item in known]

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        if words.known(reference):
            axes.axvline(reference, color=MUTED, linewidth=1, linestyle=":")
        places = range(len(known))
        axes.errorbar([item["value"] for item in known], places, xerr=errors(known), fmt="none", ecolor=LINES[0],
                      elinewidth=1.6)  # fmt: skip
        for place, item in zip(places, known, strict=True):
            full = hollow is None or item[hollow]
            axes.plot(item["value"], place, "o", color=LINES[0] if full else PAPER, markeredgecolor=LINES[0])
        axes.set_yticks(list(places), names)
        axes.set(xlabel=x, ylim=(len(known) - 0.4, -0.6))
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        rules(axes, "x")
        axes.locator_params(axis="x", nbins=5)

    return picture(title, caption, (350, 62 + 19 * len(known)), paint)


def strip(label: str, item: Values, marks: Sequence[tuple[float | None, str]]) -> str:
    """One estimate on its own scale. marks: (value, 'tick' or 'diamond') beside it. '' where there is nothing."""
    places = [value for value, _ in marks if words.known(value)]
    if not words.known(item["value"]) or (not places and not words.known(item["low"])):
        return ""
    ends = [v for v in (item["value"], item["low"], item["high"], *places) if words.known(v)]
    pad = (max(ends) - min(ends) or abs(ends[0]) or 1.0) * 0.06

    def paint(figure: Figure) -> None:
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.axis("off")
        axes.set(xlim=(min(ends) - pad, max(ends) + pad), ylim=(-1, 1))
        axes.axhline(0, color=MUTED, linewidth=0.6, alpha=0.5)
        for value, kind in marks:
            if words.known(value) and kind == "tick":
                axes.plot([value, value], [-0.7, 0.7], color=MUTED, linewidth=1.6)
            elif words.known(value):  # a diamond
                axes.plot(value, 0, "D", color=PAPER, markeredgecolor=LINES[1], markeredgewidth=1.5, markersize=6)
        if words.known(item["low"]) and words.known(item["high"]):
            axes.plot([item["low"], item["high"]], [0, 0], color=LINES[0], linewidth=3, solid_capstyle="butt")
        axes.plot(item["value"], 0, "o", color=LINES[0], markersize=6)

    return draw(label, (170, 20), paint, tight=True)


def dots(label: str, values: Sequence[float | None]) -> str:
    """Several values of one thing on their own scale. '' where there are fewer than two."""
    known = [value for value in values if words.known(value)]
    if len(known) < 2:
        return ""
    pad = (max(known) - min(known) or abs(known[0]) or 1.0) * 0.08

    def paint(figure: Figure) -> None:
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.axis("off")
        axes.set(xlim=(min(known) - pad, max(known) + pad), ylim=(-1, 1))
        axes.axhline(0, color=MUTED, linewidth=0.6, alpha=0.5)
        axes.plot(known, [0] * len(known), "o", color=LINES[0], alpha=0.6, markersize=6, markeredgewidth=0)

    return draw(label, (170, 20), paint, tight=True)
