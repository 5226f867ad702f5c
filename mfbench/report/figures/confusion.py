"""Who is taken for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfbench.report import words
from mfbench.report.figures.canvas import GRID, INK, LINES, Picture, picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 12  # classes with a row of their own


def confusion(evaluation: dict[str, Any]) -> Picture | None:
    found = evaluation["confusion"]
    if not found or not found["counts"] or any(len(row) != len(found["counts"]) for row in found["counts"]):
        return None
    names, counts = _largest([words.name(item, 16) for item in found["classes"]], found["counts"])
    n = len(counts)
    side = 118 if n < 3 else max(38, 380 // n)

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for i, row in enumerate(counts):
            whole = sum(row) or 1
            for j, count in enumerate(row):
                part = count / whole
                axes.fill(
                    [j, j + 1, j + 1, j], [i, i, i + 1, i + 1], color=LINES[0], alpha=0.02 + 0.5 * part, linewidth=0
                )
                text = f"{count:,.0f}\n{words.share(part)}" if n <= 6 else f"{count:,.0f}"
                axes.text(j + 0.5, i + 0.5, text, ha="center", va="center", fontsize=11 if n <= 6 else 9, color=INK)
        for line in range(n + 1):
            axes.plot([0, n], [line, line], color=GRID, linewidth=0.8)
            axes.plot([line, line], [0, n], color=GRID, linewidth=0.8)
        places = [i + 0.5 for i in range(n)]
        axes.set_xticks(places, names, rotation=0 if n <= 4 else 45, ha="center" if n <= 4 else "right")
        axes.set_yticks(places, names)
        axes.set(xlabel="predicted", ylabel="true", xlim=(0, n), ylim=(n, 0))
        axes.tick_params(length=0, labelcolor=INK)
        axes.spines[:].set_visible(False)

    total, right = sum(map(sum, counts)), sum(counts[i][i] for i in range(n))
    text = f"{right:,.0f} of {total:,.0f} rows are right ({words.share(right / total if total else None)}). "
    text += "Rows are the truth, columns the prediction; the per cents are of a row. "
    return picture("Confusion", text + _at(evaluation["threshold"]), (130 + side * n, 70 + int(side * 0.8) * n), paint,
                   wide=n > 5)  # fmt: skip


def _at(threshold: dict[str, Any] | None) -> str:
    if not threshold or not words.known(threshold["value"]):
        return ""
    how = {"costs": "chosen by the stated costs", "fixed": "set by the recipe"}.get(threshold["source"], "the default")
    return f"The threshold is {words.number(threshold['value'])}, {how}."


def _largest(names: list[str], counts: list[list[float]]) -> tuple[list[str], list[list[float]]]:
    """The classes with most rows, in their order, the others as one."""
    n = len(counts)
    names = (names + ["?"] * n)[:n]
    if n <= MOST:
        return names, counts
    kept = sorted(sorted(range(n), key=lambda i: -sum(counts[i]))[: MOST - 1])
    other = [i for i in range(n) if i not in kept]
    groups = [*([i] for i in kept), other]
    merged = [[sum(counts[i][j] for i in rows for j in columns) for columns in groups] for rows in groups]
    return [*(names[i] for i in kept), f"{len(other)} others"], merged
