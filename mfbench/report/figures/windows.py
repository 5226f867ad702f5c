"""The windows of a drift report one after another: how far each is off, the detector, the watched metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from mfbench.report import words
from mfbench.report.drift.mattering import watched
from mfbench.report.figures.canvas import LINES, MUTED, PAPER, Picture, picture, rules
from mfbench.report.figures.points import thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mfbench.drift.findings import Metric, Window

MOST = 1500  # windows that are drawn, and all alarms
_MARKS: dict[str, dict[str, Any]] = {
    "quiet": {"marker": "o", "color": PAPER, "markeredgecolor": LINES[0], "markersize": 4.5},
    "changed": {"marker": "D", "color": LINES[0], "markersize": 5},
    "alarm": {"marker": "^", "color": LINES[1], "markersize": 9},
}


def timeline(windows: Sequence[Window], least: float) -> Picture:
    """Effects against the least that alarms; the detector against its threshold; the metric against the reference's."""
    drawn = set(thinned(range(len(windows)), MOST))
    kept = [window for i, window in enumerate(windows) if i in drawn or window.verdict == "alarm"]
    places = _places(kept)
    panels: list[tuple[Callable[[Axes, Sequence[float], Sequence[Window]], None], str]] = [
        (partial(_effects, least=least),
         f"Above: the effect of each window against the reference; dashed: alarms begin at {least * 100:g} %. "
         "Triangles are alarms, diamonds changed, rings quiet."),
    ]  # fmt: skip
    if any(window.look for window in kept):
        panels.append((_detector, "Detector: evidence over the windows so far, as a share of what it fires at; "
                       "squares: fired, and begun anew."))  # fmt: skip
    if any(_metric_of(window) for window in kept):
        panels.append((_metric, "Below: the watched metric; full dots measured with labels, rings estimated without; "
                       "line and band: the reference."))  # fmt: skip

    def paint(figure: Figure) -> None:
        found = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (panel, _) in zip(found, panels, strict=True):
            panel(axes, places, kept)
            rules(axes)
            axes.locator_params(axis="y", nbins=4)
        _ticks(found[-1], places, kept)

    caption = " ".join(told for _, told in panels)
    return picture("Windows over time", caption, (900, 50 + 120 * len(panels)), paint, wide=True)


def _places(windows: Sequence[Window]) -> list[float]:
    """Where each stands: its beginning in days where all have one, else its number."""
    if all(window.begins is not None for window in windows):
        return [(window.begins or 0) / 86_400e6 for window in windows]
    return [float(i + 1) for i in range(len(windows))]


def _ticks(axes: Axes, places: Sequence[float], windows: Sequence[Window]) -> None:
    if any(window.begins is None for window in windows):
        axes.set_xlabel("window")
        axes.locator_params(axis="x", integer=True)
        return
    chosen = thinned(sorted(set(places)), 7)
    axes.set_xticks(chosen, [_date(place, chosen) for place in chosen])


def _date(days: float, shown: Sequence[float]) -> str:
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days)
    except OverflowError:
        return ""
    return moment.strftime("%Y-%m-%d" if shown[-1] - shown[0] >= 2 else "%m-%d %H:%M")


def _effects(axes: Axes, places: Sequence[float], windows: Sequence[Window], least: float) -> None:
    if words.known(least):
        axes.axhline(least, color=MUTED, linewidth=1.2, linestyle="--")
    for verdict, style in _MARKS.items():
        points = [(place, window.effect or 0.0) for place, window in zip(places, windows, strict=True)
                  if window.verdict == verdict and words.known(window.effect)]  # fmt: skip
        axes.plot([x for x, _ in points], [y for _, y in points], linestyle="none", **style)
    tops = [value for value in (least, *(window.effect for window in windows)) if words.known(value)]
    axes.set(ylim=(0, 1.12 * (max(tops, default=0.0) or 1.0)))
    axes.set_ylabel("effect")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value * 100:g} %")


def _detector(axes: Axes, places: Sequence[float], windows: Sequence[Window]) -> None:
    known = [(place, window.look) for place, window in zip(places, windows, strict=True) if window.look]
    shares = [min(look.statistic / look.threshold, 1.0) if look.threshold > 0 else 0.0 for _, look in known]
    axes.axhline(1, color=MUTED, linewidth=1.2, linestyle="--")
    axes.plot([place for place, _ in known], shares, color=LINES[0], linewidth=1.4)
    fired = [(place, share) for (place, look), share in zip(known, shares, strict=True) if look.fired]
    axes.plot([x for x, _ in fired], [y for _, y in fired], linestyle="none", marker="s", color=LINES[0])
    axes.set(ylim=(0, 1.15))
    axes.set_ylabel("detector")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value * 100:g} %")


def _metric_of(window: Window) -> Metric | None:
    metric = watched(window.quality) if window.quality is not None else None
    return metric if metric is not None and words.known(metric.value) else None


def _metric(axes: Axes, places: Sequence[float], windows: Sequence[Window]) -> None:
    known = [(place, metric) for place, window in zip(places, windows, strict=True) if (metric := _metric_of(window))]
    for place, metric in known:
        if words.known(metric.low) and words.known(metric.high):
            axes.plot([place, place], [metric.low, metric.high], color=LINES[0], linewidth=1.2)
    for kind, colour in (("measured", LINES[0]), ("estimated", PAPER)):
        points = [(place, metric.value or 0.0) for place, metric in known if metric.kind == kind]
        axes.plot([x for x, _ in points], [y for _, y in points], "o", color=colour, markeredgecolor=LINES[0],
                  markersize=4.5)  # fmt: skip
    first = known[0][1]
    if words.known(first.reference_low) and words.known(first.reference_high):
        axes.axhspan(first.reference_low, first.reference_high, color=MUTED, alpha=0.18, linewidth=0)
    if words.known(first.reference):
        axes.axhline(first.reference, color=MUTED, linewidth=1)
    axes.set_ylabel(words.title(first.name))
