"""What a monitor has to remember from one pass to the next. It stands in the report that a pass keeps, nowhere else."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from mfbench.core.structs import make_ready

TRIED = 3 * 86400  # seconds for which an alert is tried
Kind = Literal["drift", "quality", "unreadable"]


class File(msgspec.Struct, array_like=True):
    """A file that was read. changed: nanoseconds, as the disk tells; rows: of it that are judged, or given up;
    done: all of it is."""

    size: int
    changed: int
    rows: int = 0
    done: bool = False


class Part(msgspec.Struct, frozen=True, array_like=True):
    """Rows `first` to `last` - 1 of a file, by their place in it."""

    path: str
    first: int
    last: int


class Waiting(msgspec.Struct, kw_only=True):
    """A judged window whose labels were not all there. begins, ends, judged: microseconds since 1970, UTC."""

    name: str
    rows: int
    parts: list[Part]
    begins: int | None = None
    ends: int | None = None
    labels: int = 0
    judged: int
    report: str


class Open(msgspec.Struct, kw_only=True):
    """An alarm that lasts. id: of its first alert; since: the window that began it; told: when it was last told of,
    microseconds since 1970, UTC; quiet: windows in a row without it."""

    kind: Kind
    id: str
    since: str
    told: int
    quiet: int = 0


class State(msgspec.Struct, kw_only=True):
    """digest, window: of the bundle and the settings that were watched with; boundary: end of the last judged window in
    time; rows: judged so far; late: rows that came after their window was judged; labels: rows with a known label;
    losses: see drift.findings.Quality; outbox: alerts that may not have reached everybody."""

    digest: str = ""
    window: str | None = None
    detector: dict[str, Any] = {}
    files: dict[str, File] = {}
    boundary: int | None = None
    rows: int = 0
    late: int = 0
    labels: int = 0
    losses: list[float] = []
    waiting: list[Waiting] = []
    open: list[Open] = []
    outbox: list[dict[str, Any]] = []


def is_fresh(alert: dict[str, Any], now: int) -> bool:
    """Whether an alert that may not have reached everybody is still worth a try."""
    return bool(now - alert["made"] < TRIED * 1e6)


def as_json(state: State) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(state)
    return made


def of_report(state: dict[str, Any]) -> State:
    """Raises msgspec.ValidationError where a report holds what is no state."""
    return msgspec.convert(state, State)


make_ready(State)
