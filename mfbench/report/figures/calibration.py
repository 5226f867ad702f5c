"""Whether a prediction means what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfbench.report import words
from mfbench.report.figures.canvas import LINES, MUTED, Picture, picture, rules
from mfbench.report.figures.points import errors

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def calibration(evaluation: dict[str, Any]) -> Picture | None:
    """Observed against predicted, bin by bin, with how many rows stand behind each."""
    bins = [item for item in evaluation["calibration"] or [] if words.known(item["mean"])]
    bins = [item for item in bins if words.known(item["observed"])]
    if not bins:
        return None
    numeric = evaluation["task"] in ("regression", "forecasting")
    means = [item["mean"] for item in bins]
    ends = [*means, *(item[key] for item in bins for key in ("observed", "low", "high") if words.known(item[key]))]
    low, high = (min(ends), max(ends)) if numeric else (0.0, max(ends))

    def paint(figure: Figure) -> None:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        above.axline((low, low), slope=1, color=MUTED, linewidth=1, linestyle=":")
        above.errorbar(means, [item["observed"] for item in bins], yerr=errors(bins, "observed"), fmt="o-",
                       color=LINES[0], linewidth=1.2, elinewidth=1.4, capsize=2.5)  # fmt: skip
        above.set(ylabel="mean observed" if numeric else "observed share", ylim=_room(low, high))
        rules(above)
        below.vlines(means, 0, [item["rows"] for item in bins], color=MUTED, linewidth=3)
        below.set_ylim(0, None)
        below.set(xlabel="mean predicted" if numeric else "predicted probability", ylabel="rows", xlim=_room(low, high))
        below.locator_params(axis="y", nbins=2)
        rules(below)

    off = [item for item in bins if words.known(item["low"]) and words.known(item["high"])]
    outside = [item for item in off if not item["low"] <= item["mean"] <= item["high"]]
    what = "value" if numeric else "probability"
    text = f"Rows in bins by predicted {what}: what was predicted and what happened. On the dotted line both agree. "
    if off:
        text += f"In {len(off) - len(outside)} of {len(off)} bins the interval holds the prediction. "
    return picture("Calibration", f"{text}Below: rows in each bin.", (350, 340), paint)


def _room(low: float, high: float) -> tuple[float, float]:
    pad = (high - low or 1.0) * 0.04
    return low - pad, high + pad
