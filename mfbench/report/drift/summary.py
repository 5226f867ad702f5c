"""A drift report in four sentences: the verdict, and the three questions that are kept apart.

Is it significant, how large is it, does it matter: a yes to one says nothing about the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mfbench.core.text import plural
from mfbench.report import words
from mfbench.report.drift import wording
from mfbench.report.drift.mattering import matters

if TYPE_CHECKING:
    from mfbench.drift.findings import Report, Test, Window

QUESTIONS = ("Significant?", "How large?", "Does it matter?")
_NAMED = 3  # windows that are called by name


@dataclass(frozen=True)
class Summary:
    """Plain text, safe on a terminal, without a full stop at the end of an answer."""

    verdict: str
    significant: str
    large: str
    matters: str

    def answers(self) -> list[tuple[str, str]]:
        """(question, answer), in their order."""
        return list(zip(QUESTIONS, (self.significant, self.large, self.matters), strict=True))


def summary(report: Report) -> Summary:
    """Of all windows together."""
    if len(report.windows) == 1:
        return of_window(report.windows[0], report)
    judged = [window for window in report.windows if window.verdict != "too small"]
    return Summary(
        _verdict(report, judged) + _worse(report.windows),
        _significant(report, judged) if judged else "not judged: no window has rows enough",
        _large(report, judged),
        matters([(window.name, window.quality) for window in report.windows]),
    )


def of_window(window: Window, report: Report) -> Summary:
    """Of one window alone."""
    return Summary(
        _verdict_of(window) + _worse([window]), _significance_of(window, report), _size_of(window, report),
        matters([(window.name, window.quality)]),
    )  # fmt: skip


def _worse(windows: Sequence[Window]) -> str:
    """What nobody should miss, though no column alarms: labels show that the model has become worse."""
    found = [window for window in windows if window.quality is not None and window.quality.matters == "worse"]
    if not found:
        return ""
    return "; the model is WORSE" + (f" in {plural(len(found), 'window')}" if len(windows) > 1 else "")


def focus(report: Report) -> Window | None:
    """The window to look at closely: the only one, else the largest alarm, else the largest change."""
    if len(report.windows) == 1:
        return report.windows[0]
    for verdict in ("alarm", "changed"):
        found = [window for window in report.windows if window.verdict == verdict]
        if found:
            return max(found, key=lambda window: (bool(window.columns), window.effect or 0.0))
    return None


# -- one window ----------------------------------------------------------------------------------------------


def _verdict_of(window: Window) -> str:
    rows = plural(window.rows, "row")
    if window.verdict == "too small":
        needed = f", {window.needed:,} are needed" if window.needed else ""
        return f"not judged: {rows}{needed}"
    told = {
        "alarm": "alarm: the data has changed, by more than is allowed",
        "changed": "changed, but by less than an alarm needs",
        "quiet": "quiet: no change that chance does not explain",
    }
    return f"{told[window.verdict]} ({rows})"


def _significance_of(window: Window, report: Report) -> str:
    if window.verdict == "too small":
        return "not judged: too few rows to tell a change from chance"
    judged = [test for test in window.tests if words.known(test.p)]
    level = f"chance of a false find: {wording.setting(report.settings.level)}"
    if window.significant:
        found = [test for test in judged if words.known(test.adjusted) and test.adjusted <= report.settings.level]
        return f"yes: {_columns_of(found, window)}{wording.with_sign(window.p)} ({level})"
    if window.tests and not judged:
        return f"not judged: {words.prose(window.tests[0].why, 200) or 'no test could be made'}"
    if window.look and window.look.fired:
        return f"yes: not in this window alone, but the windows so far together (the detector: {_declared(report)})"
    least = f", the least {wording.with_sign(window.p)} after correction" if words.known(window.p) else ""
    return f"no: {plural(len(judged), 'test')}{least} ({level})" if judged else f"no ({level})"


def _columns_of(found: Sequence[Test], window: Window) -> str:
    names = {test.column for test in found}
    columns = len(names - {None})
    if not columns:
        return f"{wording.TOGETHER}, no single one, " if None in names else ""
    of = max(len(window.columns), len({test.column for test in window.tests} - {None}))
    return f"{columns:,} of {plural(of, 'column')}, " if of > columns else f"{plural(columns, 'column')}, "


def _declared(report: Report) -> str:
    return wording.rate(report.run_length) or "no rate declared"


def _size_of(window: Window, report: Report) -> str:
    least = report.settings.min_effect
    begin = f"alarms begin at {wording.setting(least)}"
    if window.verdict == "too small" or not words.known(window.effect):
        return f"not measured; {begin}"
    where = wording.column(window.column)
    if window.significant or window.verdict in ("alarm", "changed"):
        size = "large" if window.effect >= least else "small"
        return f"{size}: {words.share(window.effect)} of the rows would have to change ({where}, the most); {begin}"
    test = next((t for t in window.tests if t.column == window.column and t.effect == window.effect), None)
    usual = f", chance alone makes {words.share(test.chance)}" if test and words.known(test.chance) else ""
    seen = f"; from {words.share(test.visible)} on it would be seen" if test and words.known(test.visible) else ""
    return f"nothing to measure: {words.share(window.effect)} at most ({where}){usual}{seen}"


# -- a series ------------------------------------------------------------------------------------------------


def _verdict(report: Report, judged: list[Window]) -> str:
    if not report.windows:
        return "no window: there are no rows to look at"
    alarms = [window for window in judged if window.verdict == "alarm"]
    changed = sum(1 for window in judged if window.verdict == "changed")
    small = len(report.windows) - len(judged)
    left = f"; {small:,} too small to judge" if small else ""
    if not judged:
        needed = next((window.needed for window in report.windows if window.needed), None)
        more = f": {needed:,} rows are needed" if needed else ""
        return f"not judged: {plural(len(report.windows), 'window')}, all too small{more}"
    if alarms:
        also = f"; {changed:,} more changed by less" if changed else ""
        return f"alarm: {len(alarms):,} of {plural(len(judged), 'window')} ({_named(alarms)}){also}{left}"
    if changed:
        told = f"no alarm; {changed:,} of {plural(len(judged), 'window')} changed, but by less than an alarm needs"
        return told + left
    return f"quiet: no change in {plural(len(judged), 'window')} that chance does not explain{left}"


def _named(windows: list[Window]) -> str:
    """The first ones by name."""
    names = [words.name(window.name, 40) for window in windows[:_NAMED]]
    more = len(windows) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more > 0 else "")


def _significant(report: Report, judged: list[Window]) -> str:
    level = report.settings.level
    found = sum(1 for window in judged if window.significant)
    fired = sum(1 for window in judged if window.look and window.look.fired)
    # Each window's own look bears its own chance of a false find: over all of them only what holds for all is a yes.
    holds = sum(1 for window in judged if words.known(window.p) and window.p * len(judged) <= level)
    head = "yes" if fired or holds else "no"
    told = f"{head}: {found:,} of {plural(len(judged), 'window')} differ from the reference"
    told += f", {holds:,} also when corrected for so many looks" if holds else ""
    told += f" (chance alone makes about {words.number(level * len(judged), 2)})"
    if not any(window.look for window in judged):
        return told
    how = {0: "did not fire", 1: "fired once", 2: "fired twice"}.get(fired, f"fired {fired:,} times")
    return f"{told}; the detector ({_declared(report)}) {how}"


def _large(report: Report, judged: list[Window]) -> str:
    begin = f"alarms begin at {wording.setting(report.settings.min_effect)}"
    known = [window for window in judged if words.known(window.effect)]
    if not known:
        return f"not measured; {begin}"
    telling = [w for w in known if w.verdict == "alarm"] or [w for w in known if w.verdict == "changed"] or known
    most = max(telling, key=lambda window: window.effect or 0.0)
    where = f"{wording.column(most.column)}, {words.name(most.name, 40)}"
    if most.verdict == "quiet":
        return f"nothing to measure: {words.share(most.effect)} at most ({where}); {begin}"
    size = "large" if words.known(most.effect) and most.effect >= report.settings.min_effect else "small"
    return f"{size}: up to {words.share(most.effect)} of the rows would have to change ({where}); {begin}"
