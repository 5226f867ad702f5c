"""A column of the data, training rows beside test rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mfbench.report import words
from mfbench.report.figures.canvas import INK, LINES, Picture, picture, rules

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Values = dict[str, Any]
MOST = 24  # columns with a picture
MOST_VALUES = 8


def columns(profile: Values) -> list[Picture]:
    """The columns that have something to draw: the target first, then as they stand."""
    ordered = sorted(profile["columns"], key=lambda item: item["kind"] != "target")
    made = (_one(item) for item in ordered)
    return [one for _, one in zip(range(MOST), (one for one in made if one is not None), strict=False)]


def _one(item: Values) -> Picture | None:
    found = item["histogram"]
    title = words.name(item["name"], 40) + (" (target)" if item["kind"] == "target" else "")
    missing = _missing(item["missing"])
    if found and len(found["edges"]) == len(found["train"]) + 1 and all(map(words.known, found["edges"])):
        return picture(title, _span(item) + missing, (230, 150), lambda figure: _histogram(figure, item))
    top = [row for row in item["top"] or [] if len(row) > 2][:MOST_VALUES]
    if top:
        first = top[0]
        text = f"Most often {words.name(first[0], 30)} ({words.share(first[1])})."
        size = (230, 46 + 17 * len(top))
        return picture(title, text + missing, size, lambda figure: _bars(figure, top))
    return None


def _missing(shares: Values) -> str:
    train, test = shares.get("train"), shares.get("test")
    if not (words.known(train) and words.known(test)) or not train + test:
        return ""
    return f" Missing: {words.share(train)}, in the test {words.share(test)}."


def _span(item: Values) -> str:
    if item["kind"] == "datetime":
        edges = item["histogram"]["edges"]
        return f"{_day(edges[0])} to {_day(edges[-1])}."
    numeric = item["numeric"]
    if not numeric:
        return ""
    return f"{words.number(numeric['min'])} to {words.number(numeric['max'])}, mean {words.number(numeric['mean'])}."


def _day(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return words.number(seconds)


def _histogram(figure: Figure, item: Values) -> None:
    axes = figure.subplots()
    found = item["histogram"]
    styles: tuple[tuple[str, dict[str, Any]], ...] = (
        ("train", {"fill": True, "alpha": 0.3}),
        ("test", {"fill": False, "linewidth": 1.5}),
    )
    for part, style in styles:
        counts = [count if words.known(count) else 0.0 for count in found[part]]
        total = sum(counts)
        if len(counts) == len(found["edges"]) - 1 and total:
            colour = LINES[0] if part == "train" else LINES[1]
            axes.stairs([count / total for count in counts], found["edges"], color=colour, **style)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value * 100:g} %")
    axes.locator_params(nbins=3)
    if item["kind"] == "datetime":
        axes.set_xticks([found["edges"][0], found["edges"][-1]], [_day(found["edges"][i]) for i in (0, -1)])
        first, last = axes.get_xticklabels()
        first.set_horizontalalignment("left")
        last.set_horizontalalignment("right")
    rules(axes)


def _bars(figure: Figure, top: list[list[Any]]) -> None:
    axes = figure.subplots()
    places = range(len(top))
    train, test = ([row[i] if words.known(row[i]) else 0.0 for row in top] for i in (1, 2))
    axes.barh(places, train, color=LINES[0], alpha=0.3, height=0.62)
    axes.plot(test, places, "|", color=LINES[1], markersize=10, markeredgewidth=2)
    axes.set_yticks(places, [words.name(row[0], 14) for row in top])
    axes.set(ylim=(len(top) - 0.4, -0.6), xlim=(0, None))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value * 100:g} %")
    axes.locator_params(axis="x", nbins=3)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines["left"].set_visible(False)
    rules(axes, "x")
