"""How a forecast gets worse the further it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfbench.report import words
from mfbench.report.figures.canvas import LINES, Picture, picture, rules

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def horizons(evaluation: dict[str, Any], metric: str | None) -> Picture | None:
    items = evaluation["horizons"] or []
    found = [(item["horizon"], item["metrics"].get(metric)) for item in items]
    points = [(step, one["value"], one["low"], one["high"]) for step, one in found if one and words.known(one["value"])]
    if not points or metric is None:
        return None

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        band = [point for point in points if words.known(point[2]) and words.known(point[3])]
        axes.fill_between([p[0] for p in band], [p[2] for p in band], [p[3] for p in band], color=LINES[0], alpha=0.18,
                          linewidth=0)  # fmt: skip
        axes.plot([p[0] for p in points], [p[1] for p in points], "o-", color=LINES[0], markersize=4)
        axes.set(xlabel="steps ahead", ylabel=words.title(metric))
        axes.locator_params(axis="x", integer=True)
        rules(axes)

    first, last = points[0], points[-1]
    text = f"{words.title(metric)} by steps ahead, with its interval: {words.number(first[1])} at {first[0]}"
    text += f", {words.number(last[1])} at {last[0]}." if len(points) > 1 else "."
    return picture("By horizon", text[:1].upper() + text[1:], (720, 260), paint, wide=True)
