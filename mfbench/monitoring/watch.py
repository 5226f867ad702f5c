"""`mfbench monitor`: one pass over what has newly arrived, or one after another.

A pass keeps one report, and its entry in the ledger is the moment from which its windows count: killed before, the next
pass judges them anew; killed after, it goes on behind them. Alerts and the mitigation follow from what the last report
says, so that they come whatever happens, if need be in the next pass.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mfbench.core.errors import MfbenchError, UsageError
from mfbench.core.machine import host
from mfbench.core.text import plural
from mfbench.drift.findings import Report, Window
from mfbench.journal.ledger import read_ledger
from mfbench.monitoring import keeping, unreadable
from mfbench.monitoring.alerts import Alert
from mfbench.monitoring.arrivals import Arrivals, arrivals
from mfbench.monitoring.channels import deliver
from mfbench.monitoring.judging import judge
from mfbench.monitoring.mitigation import mitigate
from mfbench.monitoring.state import File, State, is_fresh, of_report
from mfbench.monitoring.subject import Subject
from mfbench.monitoring.windows import Complete, UnreadError, complete
from mfbench.registry.models import Registry
from mfbench.workspace import locks
from mfbench.workspace.workspace import Workspace


@dataclass
class Pass:
    """What a pass did. windows: newly judged, then those whose labels came; waiting: what it waits for; undelivered:
    alerts that did not reach everybody; mitigation: the run that was started."""

    report: Report | None = None
    windows: list[Window] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    undelivered: int = 0
    mitigation: str | None = None

    @property
    def alarms(self) -> int:
        return sum(window.verdict == "alarm" for window in self.windows)


class Monitor:
    """The only one of its model at a time. data, options: see Subject; tell: hears what happens."""

    def __init__(
        self,
        workspace: Workspace,
        model: str,
        data: Any = None,
        options: Mapping[str, Any] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        workspace.require_writable("watch a model")
        self.model, self.tell = model, tell or (lambda _: None)
        self._data = None if data is None else [os.fspath(each) for each in _listed(data)]
        self._options = dict(options or {})
        self._root = workspace.root
        self._subject: Subject | None = None
        self._lock = -1

    def __enter__(self) -> Monitor:
        workspace = Workspace(self._root)
        name = Registry(workspace).find(self.model).model
        workspace.ledgers.mkdir(exist_ok=True)
        path = workspace.ledgers / f"monitor-{name}.lock"
        try:
            self._lock = locks.hold(path, f"{host()} {os.getpid()}\n", anew=False)
        except FileExistsError:
            who = path.read_text(encoding="utf-8", errors="replace").strip()
            told = f"another monitor of {name} is running" + (f" ({' process '.join(who.split())})" if who else "")
            raise UsageError(told, where=str(path), hint="one is enough: wait for it, or end it") from None
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._lock)
        if self._subject is not None:
            self._subject.close()

    def again(self, pause: float) -> Iterator[Pass]:
        """Pass after pass, until somebody ends it. What fails after the first pass is told, and tried again."""
        yield self.once()
        while True:
            time.sleep(pause)
            try:
                yield self.once()
            except (MfbenchError, OSError) as error:  # files may go away while they are looked at
                self.tell(f"the pass failed: {error}")

    def once(self) -> Pass:
        """One pass. Raises UsageError for what cannot be watched, MfbenchError where the disk or a bundle fails."""
        subject, now = self._of_now(), time.time_ns() // 1000
        last = keeping.last_watched(read_ledger(subject.workspace.ledger), subject.version.model)
        before = keeping.find(subject.workspace, last.body["id"]) if last else None
        state = self._state(before, subject)
        came = arrivals(subject.data, subject.base, state.files, timed=subject.settings.rows() is None)
        found, bad = self._read(subject, came, state, now, first=before is None)
        bad |= {name: UsageError("its name is not UTF-8: rename it") for name in came.misnamed}
        done = Pass(before, waiting=[found.waiting] if found.waiting else [])
        done.waiting += [f"{name} is not whole yet" for name in came.half]
        for name in came.changed:
            self.tell(f"{name} has changed after it was read, and is not read again: put new rows into new files")
        found.files |= came.changed
        if found.late:
            self.tell(f"{plural(found.late, 'row')} came after their window was judged, and are left out")
        for name, error in bad.items():
            self.tell(f"{name} cannot be read: {error.message}")
        made = judge(subject, found, state, before, now)
        if made is not None:
            keeping.keep(subject.workspace, made, after=before.id if before else None)
            done.report, done.windows = made, made.windows
        self._follow_up(subject, done, bad, now)
        return done

    def _of_now(self) -> Subject:
        """The version that the name means now, with the configuration as it is now."""
        workspace = Workspace(self._root)
        version = Registry(workspace).find(self.model)
        if self._subject is None or self._subject.version.digest != version.digest:
            if self._subject is not None:
                self.tell(f"the model is {version.name} now")
                self._subject.close()
            self._subject = Subject(workspace, self.model, self._data, self._options)
        else:
            self._subject.configure(workspace, self._data, self._options)
        return self._subject

    def _state(self, before: Report | None, subject: Subject) -> State:
        """What the last pass remembered; of another version or window only what was read, and alerts on their way."""
        if before is None:
            return State(digest=subject.version.digest, window=subject.settings.window)
        try:
            state = of_report(before.state)
        except msgspec.ValidationError as error:
            hint = "it was written by another version of mfbench: install that one"
            raise UsageError(f"the last report cannot be gone on from: {error}", where=before.id, hint=hint) from None
        if (state.digest, state.window) == (subject.version.digest, subject.settings.window):
            return state
        self.tell("the model or its window is another one than in the last pass: the series begins anew")
        # What is left of a file is judged next, where it can be known: windows of time go on from a moment, windows of
        # rows from a place among the rows that one version answered.
        by_rows = [str(window).isdecimal() for window in (state.window, subject.settings.window)]
        goes_on = by_rows == [False, False] or (by_rows == [True, True] and state.digest == subject.version.digest)
        files = {name: File(file.size, file.changed, file.rows if goes_on else 0, file.done or not goes_on)
                 for name, file in state.files.items()}  # fmt: skip
        return State(digest=subject.version.digest, window=subject.settings.window, files=files,
                     boundary=state.boundary, outbox=state.outbox)  # fmt: skip

    def _read(
        self, subject: Subject, came: Arrivals, state: State, now: int, *, first: bool
    ) -> tuple[Complete, dict[str, MfbenchError]]:
        """(complete windows, files that cannot be read). first: where nothing can be read at all it is an error."""
        bad: dict[str, MfbenchError] = {}
        while True:
            ready = {name: file for name, file in came.ready.items() if name not in bad}
            if first and bad and not ready:
                raise next(iter(bad.values()))
            try:
                return complete(subject, ready, state, now), bad
            except UnreadError as error:
                bad[error.file] = error.error

    def _follow_up(self, subject: Subject, done: Pass, bad: Mapping[str, MfbenchError], now: int) -> None:
        """Alerts and mitigation, from the last report: also those that an earlier pass could not get out."""
        channels, workspace = subject.said.alerts, subject.workspace
        report = done.report
        state = of_report(report.state) if report else State()
        alerts = [msgspec.convert(alert, Alert) for alert in state.outbox if is_fresh(alert, now)]
        alerts += unreadable.alerts(workspace, subject, {name: error.message for name, error in bad.items()}, now)
        done.undelivered = len(deliver(workspace, alerts, channels, self.tell))
        ours = report is not None and report.digest == subject.version.digest  # not of a version that was replaced
        if subject.said.mitigation is not None and report is not None and ours:
            done.mitigation = mitigate(workspace, subject.said.mitigation, report, state.open, state.labels,
                                       subject.cool_down, now, self.tell)  # fmt: skip
        if not done.windows:
            done.report = None  # it is an earlier pass's


def _listed(data: Any) -> Sequence[Any]:
    return [data] if isinstance(data, str | os.PathLike) else data
