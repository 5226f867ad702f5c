"""Predictions of a number against what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfbench.report import words
from mfbench.report.figures.canvas import LINES, MUTED, Picture, picture, rules
from mfbench.report.figures.points import pairs

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def predicted_observed(evaluation: dict[str, Any]) -> Picture | None:
    x, y = pairs((evaluation["residuals"] or {}).get("sample") or [])
    if len(x) < 2:
        return None

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.axline((min(x), min(x)), slope=1, color=MUTED, linewidth=1, linestyle=":")
        axes.plot(x, y, "o", color=LINES[0], markersize=3.5, alpha=0.45, markeredgewidth=0)
        axes.set(xlabel="predicted", ylabel="observed")
        rules(axes)

    shown = f"{len(x):,} of the held-out rows" if len(x) != evaluation["rows"] else f"All {len(x):,} held-out rows"
    return picture("Predicted and observed", f"{shown}. On the dotted line the prediction is right.", (350, 320), paint)


def residuals(evaluation: dict[str, Any]) -> Picture | None:
    found = evaluation["residuals"] or {}
    edges, counts = found.get("edges") or [], found.get("counts") or []
    if not counts or len(edges) != len(counts) + 1 or not all(map(words.known, [*edges, *counts])):
        return None

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.stairs(counts, edges, fill=True, color=LINES[0], alpha=0.55)
        axes.axvline(0, color=MUTED, linewidth=1, linestyle=":")
        axes.set(xlabel="observed − predicted", ylabel="rows")
        rules(axes)

    total, over = sum(counts), sum(c for c, e in zip(counts, edges[1:], strict=True) if e <= 0)
    text = (
        f"How far off the predictions are, in rows. About {words.share(over / total if total else None)} of the rows "
    )
    return picture("Residuals", f"{text}lie below their prediction.", (350, 280), paint)
