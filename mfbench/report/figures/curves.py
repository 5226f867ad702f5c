"""ROC and precision against recall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfbench.report import words
from mfbench.report.figures.canvas import DASHES, INK, LINES, MUTED, PAPER, Picture, picture, rules
from mfbench.report.figures.points import pairs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Values = dict[str, Any]
SIZE = (350, 320)


def roc(evaluation: Values) -> Picture | None:
    """The share of the true class that is found, over the share of the others taken for it."""
    found, left_out = _curves((evaluation["curves"] or {}).get("roc"))
    if not found:
        return None
    chosen = _operating(evaluation)

    def paint(figure: Figure) -> None:
        axes = _square(figure, "false positive rate", "true positive rate")
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=":")
        _lines(axes, found)
        if chosen:
            axes.plot(chosen["fpr"], chosen["recall"], "o", color=LINES[0], markeredgecolor=PAPER, markersize=8)
        _legend(axes, found, "lower right")

    auc = (evaluation["metrics"].get("roc_auc") or {}).get("value")
    text = "The share of positives found over the share of negatives taken for positives, at every threshold. "
    text += f"The area under it is {words.number(auc)}. " if words.known(auc) else ""
    text += f"The dot is the threshold in use: {words.share(chosen['recall'])} found at " \
            f"{words.share(chosen['fpr'])} false alarms. " if chosen else ""  # fmt: skip
    return picture("ROC curve", f"{text}Dotted: guessing.{_left(left_out)}", SIZE, paint)


def precision_recall(evaluation: Values) -> Picture | None:
    found, left_out = _curves((evaluation["curves"] or {}).get("pr"))
    if not found:
        return None
    chosen = _operating(evaluation)

    def paint(figure: Figure) -> None:
        axes = _square(figure, "recall", "precision")
        if chosen:
            axes.axhline(chosen["base"], color=MUTED, linewidth=1, linestyle=":")
        _lines(axes, found)
        if chosen and words.known(chosen["precision"]):
            axes.plot(chosen["recall"], chosen["precision"], "o", color=LINES[0], markeredgecolor=PAPER, markersize=8)
        _legend(axes, found, "lower left")

    text = "Of the rows called positive the share that is (precision), over the share of positives found (recall)."
    if chosen:
        dot = f"The dot is the threshold in use: precision {words.share(chosen['precision'])} at recall " \
              f"{words.share(chosen['recall'])}."  # fmt: skip
        text += f" {dot} Dotted: the share of positives, {words.share(chosen['base'])}, which is what guessing reaches."
    return picture("Precision and recall", text + _left(left_out), SIZE, paint)


def _curves(curves: dict[str, Any] | None) -> tuple[dict[str, tuple[list[float], list[float]]], int]:
    """({class: points}, how many classes more): as many as there are ways to tell lines apart."""
    found = {words.name(key, 20): pairs(points) for key, points in (curves or {}).items()}
    found = {key: points for key, points in found.items() if len(points[0]) > 1}
    return dict(list(found.items())[: len(LINES)]), max(len(found) - len(LINES), 0)


def _left(count: int) -> str:
    return f" {count} more classes are not drawn." if count else ""


def _operating(evaluation: Values) -> Values | None:
    """Where the threshold in use lies, from a confusion matrix of two classes."""
    counts = (evaluation["confusion"] or {}).get("counts") or []
    if [len(row) for row in counts] != [2, 2]:
        return None
    (tn, fp), (fn, tp) = counts
    if tn + fp <= 0 or fn + tp <= 0:
        return None
    precision = tp / (tp + fp) if tp + fp else None
    return {"fpr": fp / (tn + fp), "recall": tp / (fn + tp), "precision": precision,
            "base": (fn + tp) / (tn + fp + fn + tp)}  # fmt: skip


def _square(figure: Figure, x: str, y: str) -> Any:
    axes = figure.subplots()
    axes.set(xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    rules(axes)
    axes.tick_params(colors=MUTED)
    return axes


def _lines(axes: Any, found: dict[str, tuple[list[float], list[float]]]) -> None:
    for i, (name, (x, y)) in enumerate(found.items()):
        axes.plot(x, y, color=LINES[i], linestyle=DASHES[i], label=name)


def _legend(axes: Any, found: dict[str, Any], where: str) -> None:
    if len(found) > 1:
        axes.legend(loc=where, labelcolor=INK)
