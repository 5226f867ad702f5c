"""Events of one run turned into rows of the projection."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mfbench.journal.line import unpack_number
from mfbench.journal.reader import Event
from mfbench.stats.metrics import greater_is_better

_encode = msgspec.json.Encoder().encode


@dataclass
class RunState:
    """The scalar columns of a run; a later event overwrites an earlier one."""

    run: str
    name: str | None = None
    recipe: str | None = None
    status: str = "running"
    executor: str | None = None
    started: int | None = None
    ended: int | None = None
    host: str | None = None
    about: str | None = None
    error: str | None = None
    model: str | None = None
    model_version: int | None = None


@dataclass
class Rows:
    """Rows to append, by table."""

    tables: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(list))
    count: int = 0

    def add(self, state: RunState, segment: str, events: list[Event]) -> None:
        for event in events:
            self._one(state, segment, event)
        self.count += len(events)

    def _one(self, state: RunState, segment: str, event: Event) -> None:
        seq, time, kind, *fields = event
        run = state.run
        if kind == "m":
            key, step, value = fields[:3]
            trial = fields[3] if len(fields) > 3 else None
            self.tables["fresh"].append((run, trial, key, step, time, unpack_number(value), greater_is_better(key)))
            return
        if kind == "header":
            if state.started is None:
                state.started, state.host = time, fields[0].get("host")
            return
        if kind == "param":
            self.tables["t_params"].append((run, fields[0], text(fields[1]), time))
            return
        if kind == "artifact":
            path, digest, size, what = fields[:4]
            self.tables["t_artifacts"].append((run, path, digest, size, what, time))
            return
        self.tables["t_events"].append((run, segment, seq, time, kind, _encode(fields).decode()))
        self._told(state, kind, time, fields)

    def _told(self, state: RunState, kind: str, time: int, fields: list[Any]) -> None:
        run = state.run
        if kind == "run.started":
            about = fields[0]
            state.started, state.about = time, _encode(about).decode()
            state.name, state.recipe = about.get("name"), about.get("recipe")
            state.executor, state.host = about.get("executor"), about.get("host")
            self.tables["t_tags"] += [(run, key, text(value), time) for key, value in about.get("tags", {}).items()]
        elif kind == "run.ended":
            state.status, state.ended = fields[0], time
            state.error = fields[1]["message"] if len(fields) > 1 and fields[1] else None
            if len(fields) > 2 and fields[2]:
                state.model, state.model_version = fields[2]["name"], fields[2]["version"]
        elif kind == "step.ended":
            step, key, status, cached, seconds, outputs, error = fields[:7]
            told = error["message"] if error else None
            row = (run, step, key, status, cached, seconds, time, _encode(outputs).decode(), told)
            self.tables["t_steps"].append(row)
        elif kind == "data":
            name, digest, rows, schema = fields[:4]
            self.tables["t_data"].append((run, name, digest, rows, _encode(schema).decode()))
        elif kind in ("check", "gate"):
            name, passed, observed, bound = fields[:4]
            against, note = ([*fields[4:6], None, None])[:2]
            self.tables["t_gates"].append((run, kind, name, passed, text(observed), text(bound), against, note, time))


def text(value: Any) -> str | None:
    """A value as the text that people filter by: strings as they are, the rest as JSON."""
    if value is None or isinstance(value, str):
        return value
    return str(value) if isinstance(value, float) else _encode(value).decode()
