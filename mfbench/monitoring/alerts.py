"""When to tell of an alarm: as it begins, as it is over, and now and then while it lasts; and in what words.

An alarm of one kind (drift, quality, unreadable data) of one version is told of once, however many windows it fills.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from mfbench.core.structs import make_ready
from mfbench.drift.findings import Report, Window
from mfbench.monitoring.state import Kind, Open
from mfbench.monitoring.summing import worst
from mfbench.report.words import name as shown
from mfbench.report.words import prose

QUIET = 3  # windows without it, and an alarm is over
Happening = Literal["open", "reminder", "closed"]
_WHAT = {"drift": "drift alarm", "quality": "the model has become worse", "unreadable": "data cannot be read"}
_HOW: dict[Happening, str] = {"open": "", "reminder": " (still)", "closed": " (over)"}


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """What channels are given. `text` is title and body, which is what chat services show of a JSON message."""

    id: str
    kind: Kind
    state: Happening
    model: str
    version: int | None
    report: str | None
    made: int
    title: str
    text: str
    window: str | None = None
    rows: int | None = None
    effect: float | None = None
    column: str | None = None
    matters: str | None = None
    metric: str | None = None
    value: float | None = None
    command: str


def decide(
    report: Report, judged: Sequence[Window], looked_again: Sequence[Window], before: Sequence[Open], cool_down: float
) -> tuple[list[Open], list[Alert]]:
    """(alarms that last after these windows, what is to be told). judged: new windows in order; looked_again: earlier
    ones whose labels came. cool_down: seconds between reminders."""
    lasting, alerts = [], list[Alert]()
    known = {one.kind: one for one in before}
    drift = [(window, _drifts(window, report)) for window in judged]
    quality = [(window, _worse(window)) for window in (*looked_again, *judged)]
    both: list[tuple[Kind, list[tuple[Window, bool | None]]]] = [("drift", drift), ("quality", quality)]
    for kind, signs in both:
        one, told = _follow(report, kind, known.get(kind), signs, cool_down)
        lasting += [one] if one else []
        alerts += told
    return lasting, alerts


def _drifts(window: Window, report: Report) -> bool | None:
    """True: an alarm begins; False: as before; None: it goes on where one is open."""
    if window.verdict == "alarm":
        return True
    large = window.significant and (window.effect or 0.0) >= report.settings.min_effect
    return None if large or window.verdict == "too small" else False


def _worse(window: Window) -> bool | None:
    matters = window.quality.matters if window.quality else None
    return {"worse": True, "equivalent": False, "better": False}.get(str(matters))


def _follow(
    report: Report, kind: Kind, one: Open | None, signs: Sequence[tuple[Window, bool | None]], cool_down: float
) -> tuple[Open | None, list[Alert]]:
    """The last thing that happened is told, not each step to it: a pass may bring a year of windows."""
    was_open, last, over = one is not None, None, None
    for window, sign in signs:
        if sign:
            last = window
            if one is None:
                one = Open(kind=kind, id=f"{report.id}.{kind}", since=window.name, told=0)
            one.quiet = 0
        elif sign is None and one is not None and window.verdict != "too small":
            last, one.quiet = last or window, 0
        elif sign is False and one is not None:
            one.quiet += 1
            if one.quiet >= QUIET:
                over, one = one, None
    if one is not None and not was_open:
        one.told = report.made
        return one, [_alert(report, one, "open", last)]
    if one is not None:
        again = last is not None and report.made - one.told >= cool_down * 1e6
        one.told = report.made if again else one.told
        return one, [_alert(report, one, "reminder", last)] if again else []
    if over is not None:  # an alarm that began and ended within the pass is told of as well
        return None, [_alert(report, over, "closed" if was_open else "open", last)]
    return None, []


def _alert(report: Report, one: Open, state: Happening, window: Window | None) -> Alert:
    model = f"{report.model}:{report.version}" if report.version else report.model
    title = f"{model}: {_WHAT[one.kind]}{_HOW[state]}"
    if window is not None and window.column is not None and one.kind == "drift":
        title += f", {shown(window.column, 40)}"
    quality = worst([each.quality for each in report.windows if each.quality])
    values = [metric.value for metric in quality.metrics if metric.name == quality.metric] if quality else []
    command = f"mfbench drift show {report.id}"
    return Alert(
        id=f"{one.id}.{state}.{report.id}",
        kind=one.kind,
        state=state,
        model=report.model,
        version=report.version,
        report=report.id,
        made=report.made,
        title=title,
        text="\n".join([title, *_told(report, one, window), f"See: {command}"]),
        window=window.name if window else None,
        rows=window.rows if window else None,
        effect=window.effect if window else None,
        column=window.column if window else None,
        matters=quality.matters if quality else None,
        metric=quality.metric if quality else None,
        value=values[0] if values else None,
        command=command,
    )


def _told(report: Report, one: Open, window: Window | None) -> list[str]:
    """The three questions, of the window that the alert is about."""
    since = f"since window {shown(one.since)}"
    if window is None:
        return [f"{QUIET} windows in a row without it, {since} it had lasted."]
    lines = [f"Window {shown(window.name)}, {window.rows:,} rows; {since}."]
    if one.kind == "drift":
        chance = f"(p = {window.p:.2g}, chance of a false find {report.settings.level:g})" if window.p else ""
        fired = " It is new to the detector." if window.look and window.look.fired else ""
        lines.append(f"Significant? {'yes' if window.significant else 'not in this window alone'} {chance}.{fired}")
        if window.effect is not None:
            column = f" ({shown(window.column)})" if window.column else ""
            lines.append(f"How large? {window.effect:.0%} of the rows would have to change{column}; "
                         f"alarms begin at {report.settings.min_effect:.0%}.")  # fmt: skip
    told = prose(window.quality.told) if window.quality else "not visible without labels."
    return [*lines, f"Does it matter? {told}"]


def unreadable(model: str, version: int | None, made: int, id: str, state: Happening, files: Sequence[str]) -> Alert:
    """files: what is wrong, one line each."""
    title = f"{model}:{version}: {_WHAT['unreadable']}{_HOW[state]}"
    lines = [prose(line, 200) for line in files[:5]] + ([f"and {len(files) - 5} more"] if len(files) > 5 else [])
    command = f"mfbench monitor {model}"
    return Alert(
        id=f"{id}.unreadable.{state}", kind="unreadable", state=state, model=model, version=version, report=None,
        made=made, title=title, text="\n".join([title, *lines, f"See: {command}"]), command=command,
    )  # fmt: skip


make_ready(Alert)
