"""Events of one run turned into rows of the projection."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import Any

import msgspec

from mfbench.journal.line import unpack_number
from mfbench.journal.reader import Event
from mfbench.stats.metrics import greater_is_better
from mfbench.store import events as shapes

_encode = msgspec.json.Encoder().encode
_greater = lru_cache(4096)(greater_is_better)


class RunState(msgspec.Struct):
    """The scalar columns of a run; a later event overwrites an earlier one.

    `whole` is false while a part of what was there to read is still unread.
    """

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
    whole: bool = False


class Rows:
    """Rows to append, by table."""

    def __init__(self) -> None:
        self.tables: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self.count = 0

    def mark(self) -> tuple[int, dict[str, int]]:
        return self.count, {name: len(rows) for name, rows in self.tables.items()}

    def back_to(self, mark: tuple[int, dict[str, int]]) -> None:
        """Takes away what was added since `mark`."""
        self.count, lengths = mark
        for name, rows in self.tables.items():
            del rows[lengths.get(name, 0) :]

    def add(self, state: RunState, segment: str, events: list[Event]) -> None:
        """Kinds without rows of their own, unknown ones too, are kept as they came; so is what makes no sense."""
        run = state.run
        for event in events:
            seq, time, kind, *fields = event
            try:
                known = self._take(state, seq, time, kind, fields)
            except ValueError as error:
                known = False
                told = str(error).splitlines()[0]
                reason = f"event {seq} ({kind}) cannot be understood: {told}"
                self.tables["damages"].append((run, segment, None, reason))
            if not known:
                self.tables["t_events"].append((run, segment, seq, time, kind, _encode(fields).decode()))
        self.count += len(events)

    def _take(self, state: RunState, seq: int, time: int, kind: str, fields: list[Any]) -> bool:
        """Whether rows of its own say all that the event says. Raises ValueError for one of another shape."""
        run, tables = state.run, self.tables
        if kind == "m":
            key, step, value, trial = _point(fields)
            tables["fresh"].append((run, trial, key, step, time, value, seq, _greater(key) is not False))
        elif kind == "param":
            if len(fields) != 2 or type(fields[0]) is not str:
                fields = list(msgspec.structs.astuple(msgspec.convert(fields, shapes.Param)))
            tables["t_params"].append((run, fields[0], text(fields[1]), time, seq))
        elif kind == "artifact":
            item = msgspec.convert(fields, shapes.Artifact)
            tables["t_artifacts"].append((run, item.path, item.digest, item.bytes, item.type, time))
        elif kind == "header":
            header = msgspec.convert(fields, shapes.Header)
            if state.started is None:
                state.started, state.host = time, header.about.host
        else:
            self._also(state, seq, time, kind, fields)
            return False
        return True

    def _also(self, state: RunState, seq: int, time: int, kind: str, fields: list[Any]) -> None:
        """Kinds that are kept as events, and make a row or change the run as well."""
        run, tables = state.run, self.tables
        if kind == "run.started":
            about = msgspec.convert(fields, shapes.RunStarted).about
            state.started, state.about = time, _encode(fields[0]).decode()
            if state.ended is None or state.ended <= time:  # not where an end was written later, by another writer
                state.status, state.ended, state.error, state.model, state.model_version = "running", *[None] * 4
            state.name, state.recipe, state.executor, state.host = about.name, about.recipe, about.executor, about.host
            tables["t_tags"] += [(run, key, text(value), time, seq) for key, value in about.tags.items()]
        elif kind == "run.ended":
            end = msgspec.convert(fields, shapes.RunEnded)
            state.status, state.ended = end.status, time
            state.error = end.error.message if end.error else None
            state.model = end.model.name if end.model else None
            state.model_version = end.model.version if end.model else None
        elif kind == "step.ended":
            step = msgspec.convert(fields, shapes.StepEnded)
            told = step.error.message if step.error else None
            tables["t_steps"].append((run, step.step, step.key, step.status, step.cached, step.seconds, time,
                                      text(step.outputs), told))  # fmt: skip
        elif kind == "data":
            data = msgspec.convert(fields, shapes.Data)
            tables["t_data"].append((run, data.name, data.digest, data.rows, text(data.schema)))
        elif kind in ("check", "gate"):
            verdict = msgspec.convert(fields, shapes.Verdict)
            numbers = (text(value) for value in (verdict.difference, verdict.low, verdict.high))
            tables["t_gates"].append((run, kind, verdict.name, verdict.passed, text(verdict.observed),
                                      text(verdict.bound), verdict.against, verdict.note, verdict.verdict, *numbers,
                                      time))  # fmt: skip


def _point(fields: list[Any]) -> tuple[str, int, float, int | None]:
    """(key, step, value, trial). Most points are of the usual shape, and a million of them are waited for."""
    if len(fields) == 3:
        key, step, value = fields
        if type(key) is str and type(step) is int and type(value) is float and -(2**63) <= step < 2**63:
            return key, step, value, None
    point = msgspec.convert(fields, shapes.Metric)
    return point.key, point.step, unpack_number(point.value), point.trial


def text(value: Any) -> str | None:
    """A value as the text that people filter by: strings as they are, the rest as JSON."""
    kind = type(value)
    if kind is str or value is None:
        return value  # type: ignore[no-any-return]
    return repr(value) if kind is float else _encode(value).decode()
