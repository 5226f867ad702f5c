"""The trials of a search as lines over their parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mfbench.report import words
from mfbench.report.figures.canvas import INK, LINES, MUTED, PAPER, STEPS, Picture, picture
from mfbench.report.figures.points import thinned
from mfbench.report.figures.search import complete, goal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Values = dict[str, Any]
MOST_AXES, MOST_LINES, MOST_WORDS, FEW = 7, 300, 8, 4
GAP = -0.1  # where a trial passes that has no such parameter


@dataclass(frozen=True)
class Axis:
    """One parameter: `places` from 0 to 1 by trial, None where it has none; `ticks` as (place, text)."""

    name: str
    places: list[float | None]
    ticks: list[tuple[float, str]]


def parallel(search: Values) -> Picture | None:
    """Every trial a line, the best ones on top; parameters that mattered most to the right, beside the score."""
    target = goal(search)
    done = thinned(complete(search), MOST_LINES)
    if len(done) < 2:
        return None
    done.sort(key=lambda trial: trial["values"][0] * (1 if target["greater"] else -1))  # the best are drawn last
    known = search["importance"] or {}
    names = sorted({key for trial in done for key in trial["params"]})
    varied = [key for key in names if len({repr(trial["params"].get(key)) for trial in done}) > 1]
    chosen = sorted(varied, key=lambda key: known.get(key) or 0.0)[-MOST_AXES:]
    if not chosen:
        return None
    axes = [make_axis(words.name(key, 24), [trial["params"].get(key) for trial in done]) for key in chosen]
    axes.append(make_axis(words.title(target["name"]), [trial["values"][0] for trial in done], line=True))

    def paint(figure: Figure) -> None:
        plot = figure.subplots()
        for i in range(len(done)):
            y = [GAP if place is None else place for place in (axis.places[i] for axis in axes)]
            last = i == len(done) - 1
            colour = LINES[1] if last else STEPS[i * len(STEPS) // len(done)]
            plot.plot(range(len(axes)), y, color=colour, linewidth=2.2 if last else 0.9, alpha=1 if last else 0.8)
        for x, axis in enumerate(axes):
            plot.plot([x, x], [0, 1], color=MUTED, linewidth=0.8)
            plot.text(x, 1.05 + 0.085 * (x % 2), axis.name, ha=_side(x, len(axes)), va="bottom", fontsize=10, color=INK)
            for place, text in axis.ticks:
                plot.text(x + 0.03, place, text, ha="left", va="center", fontsize=9, color=INK,
                          bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.8, "alpha": 0.8})  # fmt: skip
        plot.set(xlim=(-0.15, len(axes) - 0.55), ylim=(-0.14, 1.26))
        plot.axis("off")

    text = f"{len(done):,} trials, each a line through its parameters to its {words.title(target['name'])}: the darker "
    text += "the better, the best one thick. The parameters that mattered most stand on the right."
    if len(varied) > MOST_AXES:
        text += f" {len(varied) - MOST_AXES} more parameters are not drawn."
    return picture("Trials by parameter", text, (720, 330), paint, wide=True)


def _side(x: int, count: int) -> str:
    return "left" if x == 0 else "right" if x == count - 1 else "center"


def make_axis(name: str, values: list[Any], *, line: bool = False) -> Axis:
    """Numbers on a scale, by powers of ten where they span more than one of them; else one place a value."""
    numbers = [value for value in values if words.known(value)]
    others = [value for value in values if not words.known(value) and value is not None]
    if numbers and not others:
        low, high = min(numbers), max(numbers)
        log = not line and low > 0 and high / low > 20
        scale = math.log10 if log else float
        span = scale(high) - scale(low) or 1.0
        places = [(scale(v) - scale(low)) / span if words.known(v) else None for v in values]
        different = sorted(set(numbers))
        if len(different) <= FEW:
            return Axis(name, places, [((scale(v) - scale(low)) / span, _tick(v)) for v in different])
        middle = 10 ** ((math.log10(low) + math.log10(high)) / 2) if log else (low + high) / 2
        return Axis(name, places, [(0.0, _tick(low)), (0.5, _tick(middle)), (1.0, _tick(high))])
    texts = [None if value is None else words.name(value, 16) for value in values]
    kinds = sorted({text for text in texts if text is not None})
    at = {text: i / max(len(kinds) - 1, 1) for i, text in enumerate(kinds)}
    ticks = [(at[text], text) for text in thinned(kinds, MOST_WORDS)]
    return Axis(name, [None if text is None else at[text] for text in texts], ticks)


def _tick(value: float) -> str:
    return words.number(value, 3)
