"""How often a shift of a known size is seen, by the rows of a window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mfbench.report.figures.canvas import DASHES, LINES, MARKERS, MUTED, Picture, picture, rules

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mfbench.drift.audited import Found


def detected(title: str, found: Sequence[Found]) -> Picture:
    """found: of one shift. Left what is significant, right what alarms; a line for each size of a window."""
    sizes = sorted({each.size for each in found})[: len(LINES)]
    caption = (
        "Share of windows that show the shift, over the share of the rows that moved: significant on the left, an "
    )
    caption += "alarm on the right."

    def paint(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True)
        for axes, name in ((left, "significant"), (right, "alarms")):
            for i, size in enumerate(sizes):
                points = sorted((e.effect, getattr(e, name).value or 0.0) for e in found if e.size == size)
                axes.plot([x for x, _ in points], [y for _, y in points], color=LINES[i], linestyle=DASHES[i],
                          marker=MARKERS[i], label=f"{size:,} rows")  # fmt: skip
            axes.set(xlabel="share moved", ylim=(-0.04, 1.04), xlim=(0, None), title=name)
            axes.xaxis.set_major_formatter(lambda value, _: f"{value * 100:g} %")
            axes.yaxis.set_major_formatter(lambda value, _: f"{value * 100:g} %")
            axes.locator_params(axis="x", nbins=4)
            rules(axes)
        right.legend(loc="lower right", labelcolor=MUTED)

    return picture(title, caption, (440, 250), paint)
