"""What each threshold would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfbench.report import words
from mfbench.report.figures.canvas import LINES, PAPER, Picture, picture, rules
from mfbench.report.figures.points import pairs

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def costs(evaluation: dict[str, Any]) -> Picture | None:
    found = evaluation["threshold"]
    x, y = pairs(found["curve"]) if found else ([], [])
    if len(x) < 2:
        return None
    value, cost = found["value"], found["cost_per_row"]

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot(x, y, color=LINES[0])
        if words.known(value):
            axes.axvline(value, color=LINES[1], linewidth=1.2, linestyle="--")
        if words.known(value) and words.known(cost):
            axes.plot([value], [cost], "o", color=LINES[1], markeredgecolor=PAPER, markersize=8)
        axes.set(xlabel="threshold", ylabel="cost per row", ylim=(0, None))
        rules(axes)

    text = ""
    if found["costs"]:
        fp, fn = (words.number(found["costs"].get(key)) for key in ("false_positive", "false_negative"))
        text = f"A false positive costs {fp}, a false negative {fn}. "
    text += f"At the threshold in use, {words.number(value)} (dashed), a row costs {words.number(cost)}." \
        if words.known(value) else ""  # fmt: skip
    return picture("Cost over threshold", text or "The cost of a row at every threshold.", (350, 280), paint)
