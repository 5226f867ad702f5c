"""One run: how it stands, and everything that it has left, live while it goes on."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from textual.binding import Binding
from textual.widgets import Tabs

from mfbench_tui.errors import told
from mfbench_tui.feed import Changed
from mfbench_tui.screens import run_actions, run_follow
from mfbench_tui.screens.run_actions import RunActions
from mfbench_tui.screens.run_files import Artifacts
from mfbench_tui.screens.run_follow import Followed, Moment, Unfollowed
from mfbench_tui.screens.run_head import head
from mfbench_tui.screens.run_log import MOST, Log
from mfbench_tui.screens.run_report import Report
from mfbench_tui.screens.run_system import System
from mfbench_tui.screens.run_tables import Gates, Metrics, Params, Steps, Trials
from mfbench_tui.screens.sectioned import Sectioned
from mfbench_tui.widgets.curves import Curves
from mfbench_tui.widgets.section import Section

EVERY = 1.0  # seconds between two questions of a section while its run goes on
Facts = tuple[dict[str, Any], list[str]]


class RunScreen(Sectioned, RunActions):
    """`run`: its id. `facts` is what the database says, `moment` how it stands; a live run is followed by a thread."""

    NOUN = "run"
    WRITES = run_actions.WRITES
    BINDINGS = [
        *(Binding(one.key, one.action, one.description, show=one.key in ("x", "R")) for one in run_actions.BINDINGS),
        Binding("m", "model", "Open its model", show=False),
        Binding("y", "copy", "Copy the run's id", show=False),
    ]

    def __init__(self, run: str) -> None:
        super().__init__()
        self.run = run
        self.facts: dict[str, Any] | None = None
        self.moment: Moment | None = None
        self.lines: deque[Any] = deque(maxlen=MOST)
        self.following = False

    def sections(self) -> dict[str, Callable[[str], Section]]:
        run = self.run
        return {
            "steps": lambda id: Steps(run, id, lambda: self.moment),
            "log": lambda id: Log(run, id, self._kept),
            "params": partial(Params, run),
            "metrics": partial(Metrics, run),
            "curves": partial(Curves, [(run, "")]),
            "system": partial(System, run),
            "trials": partial(Trials, run),
            "gates": partial(Gates, run),
            "artifacts": partial(Artifacts, run),
            "report": partial(Report, run),
        }

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(1.0, self._tick)
        self._look()

    # -- how it stands -------------------------------------------------------------------------------------------

    def _look(self) -> None:
        bench, run = self.desk.bench, self.run

        def question() -> Facts:
            facts = bench.show_run(run)
            error = (bench.ending(run) or {}) if facts["error"] else {}
            return facts, [str(error[key]) for key in ("message", "where", "hint") if error.get(key)]

        self.ask_again(question, self._found, self._failed)

    def _found(self, answer: Facts) -> None:
        first, (self.facts, error) = self.facts is None, answer
        if first and self.facts["recipe"] is None and self.query_one(Tabs).active == "steps":
            self.open_section("curves")  # a script has no steps
        if not self.following:
            moment = run_follow.of_facts(self.facts)
            self._stands(Moment(**{**moment.__dict__, "error": error or moment.error}))
            if self.facts["status"] == "running":
                self._follow()
        self._tick()

    def _failed(self, error: Exception) -> None:
        if self.facts is None:
            self.workbench_app.show_error(error)

    def _follow(self) -> None:
        self.following = True
        self.lines.clear()
        log = self._made.get("log")
        if isinstance(log, Log) and log.is_mounted:  # it is told from the beginning
            log.show(None)
        work = partial(run_follow.follow, self, self.desk.bench, self.run)
        self.run_worker(work, thread=True, group="live", exclusive=True, exit_on_error=False)

    def on_followed(self, event: Followed) -> None:
        self.lines.extend(event.lines)
        log = self._made.get("log")
        if isinstance(log, Log) and log.is_mounted and event.lines:
            log.add(event.lines)
        self._stands(event.moment)

    def on_unfollowed(self, event: Unfollowed) -> None:
        self.following = False
        if event.error is not None:
            if told(event.error) != self._told_last:  # once: it is tried again with each change
                self._told_last = told(event.error)
                self.workbench_app.show_error(event.error)
        else:
            self._look()
            self._refresh_shown()

    def _stands(self, moment: Moment) -> None:
        self.moment = moment
        steps = self._made.get("steps")
        if steps is not None and steps.is_mounted:
            steps.show(moment)
        self._tick()

    def _tick(self) -> None:
        if self._due:
            self._refresh_shown()
        if self.moment is not None:
            self.say_head(head(self.run, self.moment, self.facts or {}, self.desk.now().timestamp()))

    def _kept(self) -> Sequence[Any] | None:
        return list(self.lines) if self.following else None

    def workspace_changed(self, event: Changed) -> None:
        if event.what & {"runs", "ledger"}:
            self._look()
            if self.following:
                self._refresh_shown()

    _last, _due = 0.0, False
    _told_last: tuple[str, str] | None = None

    def _refresh_shown(self) -> None:
        shown, now = self.shown, time.monotonic()
        self._due = self.following and now - self._last <= EVERY  # too early: the clock sees to it
        if shown is not None and shown.is_mounted and shown.changes and not self._due:
            self._last = now
            shown.refresh_data()

    # -- what can be done ----------------------------------------------------------------------------------------

    def current(self) -> dict[str, Any] | None:
        if self.facts is None:
            return None
        return {**self.facts, "status": self.moment.status if self.moment else self.facts["status"]}

    def chosen(self) -> list[dict[str, Any]]:
        run = self.current()
        return [run] if run else []

    def decided(self, _: object = None) -> None:
        self._look()

    def began(self, run: str) -> None:
        self.notify(f"started as {run}", markup=False)
        if run == self.run:
            self._look()
        elif self.app.screen is self:  # else somebody reads or types what lies over it
            self.app.switch_screen(RunScreen(run))

    def action_model(self) -> None:
        if not self.facts or not self.facts["model"]:
            self._told("this run has made no model")
            return
        self.workbench_app.open_pane("models", f"{self.facts['model']}:{self.facts['model_version']}")

    def action_copy(self) -> None:
        self.workbench_app.copy(self.run)
