"""Complete windows judged in their order, and the report of a pass with all that the next one needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from mfbench.core.ids import new_id
from mfbench.drift.check import about, explained, refuse_small, run_length, shortened
from mfbench.drift.detector import Detector
from mfbench.drift.findings import Quality, Report, Window
from mfbench.drift.looking import look_at
from mfbench.drift.seen import Seen
from mfbench.monitoring.alerts import decide
from mfbench.monitoring.labelled import look_again, waits
from mfbench.monitoring.state import State, Waiting, as_json, is_fresh
from mfbench.monitoring.subject import Subject
from mfbench.monitoring.windows import Complete

LOSSES = 4000  # lots that the detectors of concept drift go on from


def judge(subject: Subject, found: Complete, state: State, before: Report | None, now: int) -> Report | None:
    """The report of the pass; None where no window is complete and no labels came. before: the last report."""
    refuse_small(subject.reference, subject.settings)
    again, waiting, labels, losses = look_again(subject, state, now)
    if not found.seen and not again:
        return None
    id = new_id()
    length = _length(subject, found.seen, before)
    detector = _detector(subject, length, state)
    windows = list[Window]()
    for seen, parts in zip(found.seen, found.parts, strict=True):
        quality = _quality(subject, seen, losses, now)
        windows.append(look_at(subject.reference, seen, subject.settings, detector, quality=quality))
        labels += quality.labels
        left = waits(subject, seen, parts, quality, id, now)
        waiting += left
        losses += [] if left else quality.losses  # in their order, each once
    for i in explained(windows):
        windows[i] = replace(windows[i], joint=_joint(subject, found.seen[i]))
    made = _report(subject, [*shortened(windows), *again], found, id, now, length)
    return replace(made, state=_state(made, subject, found, state, windows, again, waiting, losses, labels,
                                      detector))  # fmt: skip


def _report(
    subject: Subject, windows: list[Window], found: Complete, id: str, now: int, length: float | None
) -> Report:
    late = [f"{found.late:,} rows came after their window was judged, and are left out"] if found.late else []
    return Report(
        id=id,
        model=subject.version.model,
        version=subject.version.number,
        digest=subject.version.digest,
        made=now,
        source="monitor",
        data=", ".join(subject.data),
        rows=found.rows,
        files=len(found.files),
        settings=subject.settings,
        run_length=length,
        reference=about(subject.reference, subject.settings),
        windows=windows,
        alarms=sum(window.verdict == "alarm" for window in windows),
        notes=[*found.notes, *late],
    )


def _state(
    made: Report, subject: Subject, found: Complete, state: State, windows: Sequence[Window],
    again: Sequence[Window], waiting: list[Waiting], losses: list[float], labels: int, detector: Detector,
) -> dict[str, Any]:  # fmt: skip
    lasting, alerts = decide(made, windows, again, state.open, subject.cool_down)
    told = {alert.kind for alert in alerts}
    outbox = [alert for alert in state.outbox if alert["kind"] not in told and is_fresh(alert, made.made)]
    there = {name: file for name, file in state.files.items() if (subject.base / name).exists()}
    return as_json(
        State(
            digest=subject.version.digest,
            window=subject.settings.window,
            detector=detector.state(),
            files={**there, **found.files},
            boundary=found.boundary,
            rows=state.rows + found.rows,
            late=state.late + found.late,
            labels=state.labels + labels,
            losses=losses[-LOSSES:],
            waiting=waiting,
            open=lasting,
            outbox=[*outbox, *(msgspec.to_builtins(alert) for alert in alerts)],
        )
    )


def _length(subject: Subject, seen: Sequence[Seen], before: Report | None) -> float:
    """Windows to a false alarm. What was declared stays declared: the time that windows take may change."""
    if before is not None and before.settings == subject.settings and before.run_length is not None:
        return before.run_length
    return run_length(subject.settings, seen)


def _detector(subject: Subject, length: float, state: State) -> Detector:
    try:
        return Detector(subject.reference.profile, length, state.detector or None)
    except ValueError:  # of another reference
        return Detector(subject.reference.profile, length)


def _quality(subject: Subject, seen: Seen, losses: Sequence[float], now: int) -> Quality:
    from mfbench.drift.quality import quality

    early = seen.ends is not None and seen.ends + subject.label_delay * 1e6 > now
    waiting = seen.counts.rows if early and subject.label_delay else 0
    return quality(subject.reference, seen.sample, subject.settings, waiting=waiting, losses=tuple(losses))


def _joint(subject: Subject, seen: Seen) -> Any:
    from mfbench.drift.joint import joint

    return joint(subject.reference, seen.sample, seed=0)
