"""How figures of a drift report are written: chances, shares of rows, moments, windows."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mfbench.report import words

if TYPE_CHECKING:
    from mfbench.drift.findings import Report, Test, Window

GLYPHS = {"alarm": "!", "changed": "~", "quiet": "·", "too small": "?"}
TOGETHER = "all columns together"
_DAY = 86_400_000_000  # microseconds
_LEAST = 1e-9  # smaller p-values are true of no data


def chance(p: float | None) -> str:
    """'< 1e-9', '2e-06', '0.003'."""
    if not words.known(p):
        return words.NOTHING
    if p < _LEAST:
        return "< 1e-9"
    return f"{p:.0e}" if p < 1e-4 else words.number(p, 2)


def with_sign(p: float | None) -> str:
    """'p < 1e-9', 'p = 0.003'."""
    text = chance(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def setting(share: float) -> str:
    """A share that somebody has set, as it was set: '10 %', '0.5 %'."""
    return f"{share * 100:.6g}\N{NO-BREAK SPACE}%"


def column(name: str | None, most: int = 60) -> str:
    return TOGETHER if name is None else words.name(name, most)


def day(microseconds: int | None) -> str:
    """'2024-01-03', with hours and minutes where it is not midnight; UTC."""
    if microseconds is None:
        return ""
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    except OverflowError:
        return ""
    return moment.strftime("%Y-%m-%d" if moment.hour == moment.minute == 0 else "%Y-%m-%d %H:%M")


def minute(microseconds: int) -> str:
    """'2024-01-03 07:15 UTC', at any time of the day."""
    text = day(microseconds)
    return text and f"{text}{'' if ' ' in text else ' 00:00'} UTC"


def span(window: Window) -> str:
    """Its times, where it has any."""
    begins, ends = day(window.begins), day(window.ends)
    if window.begins is not None and window.ends == window.begins + _DAY and " " not in begins:
        return begins
    return f"{begins} to {ends}" if begins and ends and begins != ends else begins or ends


def model(report: Report) -> str:
    """'flight-delay:3'."""
    name = words.name(report.model, 80)
    return name if report.version is None else f"{name}:{report.version}"


def rate(run_length: float | None) -> str:
    """'one false alarm in 365 windows'."""
    if not words.known(run_length):
        return ""
    return f"one false alarm in {math.floor(run_length + 0.5):,} windows"


def strongest(tests: list[Test]) -> list[Test]:
    """One test for each column and what is asked of it: the one with more to tell. The telling ones first."""
    best: dict[tuple[str | None, str], Test] = {}
    for test in tests:
        key = (test.column, test.about)
        if key not in best or _weight(test) > _weight(best[key]):
            best[key] = test
    return sorted(best.values(), key=_weight, reverse=True)


def _weight(test: Test) -> tuple[bool, bool, bool, float]:
    judged = words.known(test.p)
    return test.alarming, test.listed, judged, test.effect if words.known(test.effect) else -1.0
