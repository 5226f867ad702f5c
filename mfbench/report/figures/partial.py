"""How the prediction moves when one feature does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfbench.report import words
from mfbench.report.figures.canvas import INK, LINES, MUTED, Picture, picture, rules
from mfbench.report.figures.points import pairs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Values = dict[str, Any]
MOST, MOST_VALUES = 12, 10


def partial(explain: Values) -> list[Picture]:
    """One small picture a feature, all on the same scale of predictions."""
    items = [item for item in explain["partial"] if any(words.known(mean) for mean in item["mean"])][:MOST]
    means = [mean for item in items for mean in item["mean"] if words.known(mean)]
    if not means:
        return []
    pad = (max(means) - min(means) or 1.0) * 0.06
    return [_one(item, (min(means) - pad, max(means) + pad)) for item in items]


def _one(item: Values, limits: tuple[float, float]) -> Picture:
    numeric = item["kind"] == "numeric" and all(words.known(value) for value in item["grid"])
    known = [mean for mean in item["mean"] if words.known(mean)]

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        if numeric:
            x, y = pairs(zip(item["grid"], item["mean"], strict=False))
            axes.plot(x, y, color=LINES[0])
            axes.set_ylim(*limits)
            axes.locator_params(axis="x", nbins=5)
            _crowd(axes, item)
            rules(axes)
            return
        cells = [(words.name(v, 14), m) for v, m in zip(item["grid"], item["mean"], strict=False) if words.known(m)]
        cells = cells[:MOST_VALUES]
        axes.plot([mean for _, mean in cells], range(len(cells)), "o", color=LINES[0])
        axes.set_yticks(range(len(cells)), [name for name, _ in cells])
        axes.set(xlim=limits, ylim=(len(cells) - 0.4, -0.6))
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["left"].set_visible(False)
        rules(axes, "x")
        axes.locator_params(axis="x", nbins=4)

    text = f"From {words.number(min(known))} to {words.number(max(known))}."
    if not numeric and len(item["grid"]) > MOST_VALUES:
        text += f" {MOST_VALUES} of {len(item['grid'])} values."
    return picture(f"Effect of {words.name(item['feature'], 40)}", text, (230, 180), paint)


def _crowd(axes: Any, item: Values) -> None:
    """Where the rows are: a band at the bottom, thicker where there are more."""
    x, shares = pairs(zip(item["grid"], item["share"] or [], strict=False))
    if len(x) > 1 and max(shares) > 0:
        heights = [0.14 * share / max(shares) for share in shares]
        axes.fill_between(x, 0, heights, color=MUTED, alpha=0.22, linewidth=0, transform=axes.get_xaxis_transform())
