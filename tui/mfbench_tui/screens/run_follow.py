"""A run while it goes on: a thread reads its journal, and posts at most a few times a second how it stands."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textual.message import Message
from textual.worker import get_current_worker

from mfbench_tui.text import utc

if TYPE_CHECKING:
    from textual.screen import Screen

    from mfbench.api.workbench import Workbench

EVERY = 0.3  # seconds


@dataclass(frozen=True)
class Moment:
    """How a run stands. steps: [{name, status, cached, seconds}], those to come with status 'waiting'."""

    status: str
    name: str
    started: float  # seconds since 1970, 0 where unknown
    ended: float
    steps: list[dict[str, Any]]
    executor: str = ""
    model: str = ""
    search: str = ""
    error: list[str] = field(default_factory=list)  # what happened, where, what to do
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def done(self) -> int:
        return sum(step["status"] not in ("waiting", "running") for step in self.steps)

    @property
    def at(self) -> str:
        return next((str(step["name"]) for step in self.steps if step["status"] == "running"), "")


class Followed(Message, bubble=False):
    """moment: how it stands now. lines: what it said since the last, (time, level, text)."""

    def __init__(self, moment: Moment, lines: list[Any]) -> None:
        super().__init__()
        self.moment, self.lines = moment, lines


class Unfollowed(Message, bubble=False):
    """The run is over, or cannot be read any more: then with the error."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error


def follow(screen: Screen[Any], bench: Workbench, run: str) -> None:
    """The life of a thread: until the run is over or the screen is closed."""
    from mfbench.api.inspecting import said

    worker = get_current_worker()
    try:
        watch = bench.watch(run)
        while not worker.is_cancelled and screen.is_attached:
            events = watch.poll()
            if events or watch.over:
                screen.post_message(Followed(of_result(watch.result), said(events)))
            if watch.over:
                break
            time.sleep(EVERY)
        screen.post_message(Unfollowed())
    except Exception as error:
        screen.post_message(Unfollowed(error))


def of_result(result: Any) -> Moment:
    """From a RunResult, copied: its thread goes on with it."""
    steps = [{key: step.get(key) for key in ("name", "status", "cached", "seconds", "began")}
             for step in result.steps.values()]  # fmt: skip
    error = result.error or {}
    told = [str(error[key]) for key in ("message", "where", "hint") if error.get(key)]
    model = f"{result.model['name']}:{result.model['version']}" if result.model else ""
    return Moment(result.status, result.name or "", result.started / 1e6, result.ended / 1e6,
                  _with_planned(steps, result.planned, result.status), result.executor or "", model,
                  result.search.progress() if result.search else "", told, dict(result.metrics))  # fmt: skip


def of_facts(facts: dict[str, Any]) -> Moment:
    """From what `show_run` says."""
    steps = [{**step, "name": step["step"]} for step in facts["steps"]]
    started, ended = (utc(facts[key]) for key in ("started", "ended"))
    model = f"{facts['model']}:{facts['model_version']}" if facts["model"] else ""
    error = [str(facts["error"])] if facts["error"] else []
    planned = facts["about"].get("steps") or []
    return Moment(facts["status"], facts["name"] or "", started.timestamp() if started else 0.0,
                  ended.timestamp() if ended else 0.0, _with_planned(steps, planned, facts["status"]),
                  facts["executor"] or "", model, "", error, dict(facts["metrics"]))  # fmt: skip


def _with_planned(steps: list[dict[str, Any]], planned: list[Any], status: str) -> list[dict[str, Any]]:
    known = {step["name"] for step in steps}
    to_come = [name for name in planned if name not in known] if status != "finished" else []
    return steps + [{"name": name, "status": "waiting", "cached": False, "seconds": None} for name in to_come]
