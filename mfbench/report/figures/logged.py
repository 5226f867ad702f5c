"""Curves that a script has logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfbench.report import words
from mfbench.report.figures.canvas import LINES, Picture, picture, rules
from mfbench.report.figures.points import pairs, thinned

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 12


def logged(points: dict[str, list[list[float]]]) -> list[Picture]:
    """One small picture a metric that has more than one point."""
    made: list[Picture] = []
    for key, items in sorted(points.items()):
        x, y = pairs(items)
        if len(x) > 1 and len(made) < MOST:
            made.append(_one(words.name(key, 40), thinned(list(zip(x, y, strict=True)), 500)))
    return made


def _one(name: str, points: list[tuple[float, float]]) -> Picture:
    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot([x for x, _ in points], [y for _, y in points], color=LINES[0], linewidth=1.4)
        axes.set_xlabel("step")
        axes.locator_params(nbins=4)
        rules(axes)

    values = [y for _, y in points]
    text = f"{words.number(values[0])} at first, {words.number(values[-1])} in the end; "
    return picture(
        f"Curve of {name}", f"{text}{words.number(min(values))} to {words.number(max(values))}.", (230, 170), paint
    )
