"""A drift report in one line: what the ledger keeps of it, and what lists show."""

from __future__ import annotations

import msgspec

from mfbench.core.structs import make_ready
from mfbench.drift.findings import Quality, Report, Window

_WORST = ("worse", "better", "unknown", "equivalent", "estimate", "not visible")  # what is told first


class Summed(msgspec.Struct, frozen=True, kw_only=True):
    """Body of the ledger's entry `drift.report`. report: the digest of its content; made, begins, ends: microseconds
    since 1970, UTC; windows, alarms, significant: how many; effect, column: the largest effect of a judged window;
    matters, metric, value: of the window whose quality is worst, of several the last."""

    id: str
    model: str
    version: int | None = None
    digest: str = ""
    report: str = ""
    made: int
    source: str = "check"
    data: str = ""
    rows: int = 0
    windows: int = 0
    alarms: int = 0
    significant: int = 0
    effect: float | None = None
    column: str | None = None
    matters: str | None = None
    metric: str | None = None
    value: float | None = None
    begins: int | None = None
    ends: int | None = None


def sum_up(report: Report, content: str) -> Summed:
    """content: the digest of the report itself."""
    windows = report.windows
    largest = max(windows, key=_effect, default=None)
    quality = worst([window.quality for window in windows if window.quality])
    return Summed(
        id=report.id,
        model=report.model,
        version=report.version,
        digest=report.digest,
        report=content,
        made=report.made,
        source=report.source,
        data=report.data[:1000],
        rows=report.rows,
        windows=len(windows),
        alarms=report.alarms,
        significant=sum(window.significant for window in windows),
        effect=_finite(largest.effect) if largest else None,
        column=largest.column if largest else None,
        matters=quality.matters if quality else None,
        metric=quality.metric if quality else None,
        value=_value(quality),
        begins=min((window.begins for window in windows if window.begins is not None), default=None),
        ends=max((window.ends for window in windows if window.ends is not None), default=None),
    )


def worst(qualities: list[Quality]) -> Quality | None:
    """The one to tell first; of several that are alike the last."""
    return min(reversed(qualities), key=lambda quality: _WORST.index(quality.matters), default=None)


def _effect(window: Window) -> tuple[bool, float]:
    """Of a significant window first: the effect of others is noise."""
    effect = _finite(window.effect)
    return window.significant and effect is not None, -1.0 if effect is None else effect


def _value(quality: Quality | None) -> float | None:
    """Measured before estimated."""
    if quality is None:
        return None
    of_it = [metric for metric in quality.metrics if metric.name == quality.metric]
    of_it.sort(key=lambda metric: metric.kind != "measured")
    return _finite(of_it[0].value) if of_it else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < float("inf") else None


make_ready(Summed)
