"""Does it matter, in one sentence: as measured with labels, as estimated without, or not visible; never a bare 'no'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mfbench.core.text import plural
from mfbench.report import words

if TYPE_CHECKING:
    from mfbench.drift.findings import Metric, Quality

UNSEEN = "not visible without labels"
HOLDS = "it holds only while labels depend on the inputs as before"
VERDICTS = {
    "equivalent": "equivalent", "worse": "worse", "better": "better", "unknown": "undecided", "estimate": "an estimate",
    "not visible": "not visible",
}  # fmt: skip
_ENOUGH_INSIDE = 0.8
_MEASURED = ("worse", "unknown", "better", "equivalent")  # in the order in which one wants to hear of them


def matters(found: Sequence[tuple[str, Quality | None]]) -> str:
    """found: (name, quality) of each window."""
    known = [(name, quality) for name, quality in found if quality is not None]
    if len(found) == 1 and known:
        return _of_one(known[0][1])
    measured = [(name, quality) for name, quality in known if quality.matters in _MEASURED]
    if measured:
        return _of_many(measured, len(found))
    estimated = [(quality, metric) for _, quality in known if (metric := watched(quality)) is not None]
    if not estimated:
        return UNSEEN
    values = [metric.value for _, metric in estimated if words.known(metric.value)]
    first = estimated[0][1]
    between = f"{words.number(min(values), 3)} to {words.number(max(values), 3)}" if values else words.NOTHING
    told = f"estimated without labels in {plural(len(estimated), 'window')}: {words.title(first.name)} {between}"
    return f"{told}{_reference(first)}; {HOLDS}"


def _ground(quality: Quality) -> str:
    """Said where the estimate stands on little: rows unlike the reference's."""
    if quality.inside is None or quality.inside >= _ENOUGH_INSIDE:
        return ""
    return f"; but only {words.share(quality.inside)} of the rows look like rows of the reference"


def watched(quality: Quality) -> Metric | None:
    """The metric that the verdict is on: as measured, else as estimated."""
    kinds = ("measured", "estimated") if quality.matters in _MEASURED else ("estimated",)
    for kind in kinds:
        for metric in quality.metrics:
            if metric.kind == kind and quality.metric in (None, metric.name):
                return metric
    return None


def _of_one(quality: Quality) -> str:
    metric = watched(quality)
    if metric is None:
        return UNSEEN
    name = words.title(metric.name)
    if metric.kind == "estimated":
        value = words.with_interval({"value": metric.value, "low": metric.low, "high": metric.high})
        few = f" (of {plural(quality.labels, 'label')} too few to measure by)" if quality.labels else ""
        return f"estimated without labels{few}: {name} {value}{_reference(metric)}; {HOLDS}{_ground(quality)}"
    return f"measured with {plural(quality.labels, 'label')}: {name} {_comparison(metric)}"


def _comparison(metric: Metric) -> str:
    """'0.902, equivalent to 0.903 within 0.01', with as many digits as the interval of the difference deserves."""
    decimals = words.decimals_of(metric.low, metric.high)
    value, reference = (
        words.number(each, 3) if decimals is None else words.fixed(each, decimals)
        for each in (metric.value, metric.reference)
    )
    within = f" within {words.number(metric.margin, 2)}" if words.known(metric.margin) else ""
    if metric.verdict == "equivalent":
        return f"{value}, equivalent to {reference}{within}"
    if metric.verdict in ("worse", "better"):
        sure = ""
        if words.known(metric.difference_low) and words.known(metric.difference_high):
            low, high = (words.number(each, 2) for each in (metric.difference_low, metric.difference_high))
            sure = f" (difference {low} to {high})"
        return f"{value}, {metric.verdict} than {reference}{sure}"
    needs = f"; a loss of {words.number(metric.detectable, 2)} would show" if words.known(metric.detectable) else ""
    return f"{value} against {reference}, undecided{within}{needs}"


def _reference(metric: Metric) -> str:
    return f", {words.number(metric.reference, 3)} on the reference" if words.known(metric.reference) else ""


def _of_many(measured: Sequence[tuple[str, Quality]], windows: int) -> str:
    counts = {verdict: [name for name, quality in measured if quality.matters == verdict] for verdict in _MEASURED}
    parts = []
    for verdict, names in counts.items():
        if names:
            which = f" ({words.name(names[0], 40)}{' …' if len(names) > 1 else ''})" if verdict == "worse" else ""
            parts.append(f"{VERDICTS[verdict]} in {len(names):,}{which}")
    metric = watched(measured[-1][1])
    name = f" {words.title(metric.name)}" if metric else ""
    margin = f" (margin {words.number(metric.margin, 2)})" if metric and words.known(metric.margin) else ""
    return f"measured in {len(measured):,} of {plural(windows, 'window')}:{name} {', '.join(parts)}{margin}"
