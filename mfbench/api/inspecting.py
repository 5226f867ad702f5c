"""The part of the Workbench that looks into one run: what it said, its files, its metrics with their intervals."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from mfbench.core.errors import NotFoundError, UsageError
from mfbench.core.text import size
from mfbench.stats.metrics import usual_order
from mfbench.workspace.workspace import Workspace

if TYPE_CHECKING:
    from mfbench.api.workbench import Workbench
    from mfbench.journal.reader import Event

__all__ = ["Inspecting", "Line", "said", "said_by", "usual_order"]

_SAID = """
SELECT kind, epoch_us(time) AS time, body FROM events WHERE run = ?
    AND kind IN ('log', 'step.started', 'step.ended', 'run.started', 'run.ended')
ORDER BY time DESC, segment DESC, seq DESC LIMIT ?
"""
_ENDED = "SELECT body FROM events WHERE run = ? AND kind = 'run.ended' ORDER BY time DESC, seq DESC LIMIT 1"
Line = tuple[datetime, str, str]
PathLike = str | os.PathLike[str]


class Inspecting:
    """Everything here reads."""

    workspace: Workspace

    def log(self, run: str, most: int = 10_000) -> list[Line]:
        """The last lines that a run has said: (time in UTC, level, one line of text), oldest first.

        level: 'info', 'output', 'warning', 'error', or 'step' and 'run' for what mfbench says itself.
        """
        import msgspec

        from mfbench.store.store import Store

        with Store(self.workspace).reading() as con:
            rows = con.execute(_SAID, [self.workspace.find_run(run), most]).fetchall()
        events = [[0, time, kind, *msgspec.json.decode(body)] for kind, time, body in reversed(rows)]
        return said(events)[-most:]

    def ending(self, run: str) -> dict[str, Any] | None:
        """Why a run failed: {type, message, where, hint, …}, as far as it is known; None for one that did not."""
        import msgspec

        from mfbench.store.store import Store

        with Store(self.workspace).reading() as con:
            row = con.execute(_ENDED, [self.workspace.find_run(run)]).fetchone()
        said = msgspec.json.decode(row[0]) if row else []
        return said[1] if len(said) > 1 and isinstance(said[1], dict) else None

    def artifact(self, run: str, path: str, most: int = 1 << 20) -> bytes:
        """The content of one of a run's files. Raises NotFoundError, UsageError for more than `most` bytes."""
        from mfbench.journal.blobs import Blobs

        found = self.workspace.find_run(run)
        items = cast("Workbench", self).show_run(found)["artifacts"]
        item = next((item for item in items if item["path"] == path), None)
        if item is None:
            raise NotFoundError(f"run {found} has no file {path!r}", hint=f"see: mfbench runs show {found}")
        if item["bytes"] > most:
            told = f"{path} has {size(item['bytes'])}, more than the {size(most)} that can be shown"
            raise UsageError(told, where=f"run {found}", hint="take it out: mfbench export FILE --run " + found)
        return Blobs(self.workspace.blobs).read(item["digest"])

    def estimates(self, run: str) -> dict[str, dict[str, Any]]:
        """The metrics of a run as its report tells them: {key: {value, low, high, greater, …}}, best known first.

        low, high: the interval, None where there is none. greater: whether more is better, None where unknown.
        """
        from mfbench.api.reporting import values

        found: dict[str, dict[str, Any]] = values(cast("Workbench", self), run)["metrics"]
        return found

    def report(
        self,
        run: str,
        path: PathLike | None = None,
        format: Literal["html", "markdown"] | None = None,
        *,
        force: bool = False,
    ) -> Path | str:
        """The report of a run: its text, or with `path` the file that was written.

        format: by default that of the path's ending, else HTML, one page that needs no network. Replaces a report;
        raises UsageError for any other file that is there, unless `force`.
        """
        from mfbench.api.reporting import report

        return report(cast("Workbench", self), run, path, format, force=force)

    def compare(self, runs: Sequence[str]) -> dict[str, Any]:
        """What differs between 2 to 8 runs: {runs, metrics, params, data, code, versions, gates, notes}.

        Differences are to the first run. Raises UsageError for another number of runs.
        """
        from mfbench.api.reporting import compare

        return compare(cast("Workbench", self), runs)


def said(events: Iterable[Event]) -> list[Line]:
    """What of events is worth a line, as `Inspecting.log` gives it; text of several lines becomes several."""
    lines: list[Line] = []
    for event in events:
        moment, level, text = said_by(event)
        lines += [(moment, level, line) for line in text.splitlines()]
    return lines


def said_by(event: Event) -> Line:
    """What one event says; the text is empty for one that is of no interest, or of another shape than ours."""
    try:
        _, time, kind, *fields = event
        return datetime.fromtimestamp(time / 1e6, UTC), *_told(kind, fields)
    except (LookupError, AttributeError, ValueError, TypeError, OverflowError):  # anyone can write a journal's line
        return datetime.fromtimestamp(0, UTC), "", ""


def _told(kind: str, fields: list[Any]) -> tuple[str, str]:
    if kind == "log":
        return str(fields[0]), str(fields[1])
    if kind == "step.started":
        return "step", f"step {fields[0]}"
    if kind == "step.ended":
        error = fields[6] if len(fields) > 6 else None
        if error:
            return "error", f"step {fields[0]} {fields[2]}: {error.get('traceback') or error.get('message')}"
        return "step", f"step {fields[0]} {fields[2]}{' (cached)' if fields[3] else ''}"
    if kind == "run.started":
        return "run", f"run {fields[0].get('name')} on {fields[0].get('host')} ({fields[0].get('executor')})"
    if kind == "run.ended":
        error = fields[1]
        return "error" if error else "run", f"run {fields[0]}" + (f": {error.get('message')}" if error else "")
    return "", ""
