"""How a run looks while it runs: a live list of steps on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mfbench.cli.common import narrate, printable
from mfbench.core.text import environment_words, seconds, taken
from mfbench.engine.result import RunResult

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Show = Callable[[RunResult, list[Any]], None]
_GLYPHS = {"finished": "✓", "failed": "✗", "refused": "✗", "running": "▸", "cached": "="}
_COLOURS = {"finished": "green", "failed": "red", "refused": "yellow", "running": "cyan", "cached": "dim"}
_QUICK = 0.25  # seconds a run may take before a display is worth loading


@contextmanager
def progress() -> Iterator[Show]:
    """A function to call with the state so far and each new event; an empty event is a tick of the clock."""
    if not sys.stderr.isatty():
        yield lambda result, event: _line(result, event)
        return
    display = _Display()
    try:
        yield display.show
    finally:
        display.close()


def _line(result: RunResult, event: list[Any]) -> None:
    """One plain line for what people want to know."""
    if not event:
        return
    kind, fields = event[2], event[3:]
    if kind in ("run.started", "environment"):
        for text in _beginning(result, kind):
            narrate(text)
    elif kind == "step.ended":
        narrate(f"  {step_line(result.steps[fields[0]])}")
    elif kind == "trial.ended" and result.said and not _retold(result):
        narrate(f"    {printable(result.said)}")
    elif kind == "log" and not _retold(result):
        narrate(f"    {printable(fields[1])}")


def _beginning(result: RunResult, kind: str) -> list[str]:
    """What is said when a run begins, or has made its environment."""
    head = [f"run {result.run}  {printable(str(result.name))}  ({result.executor})"] if kind == "run.started" else []
    found = printable(environment_words(result.environment))
    return [*head, f"    environment {found}"] if found else head


def _retold(result: RunResult) -> bool:
    """Whether what is said now comes from a cached step: it was said when the step ran."""
    return any(step["cached"] and step["status"] == "running" for step in result.steps.values())


def _is_made(result: RunResult) -> bool:
    """Whether the environment is being made just now."""
    return result.steps.get("environment", {}).get("status") == "running"


def step_line(step: dict[str, Any]) -> str:
    if step["cached"]:
        return f"= {step['name']}  cached"
    took = "" if step["seconds"] is None else seconds(step["seconds"])
    word = f"  {step['status']}" if step["status"] in ("failed", "refused") else ""
    return f"{_GLYPHS[step['status']]} {step['name']}{word}  {took}"


class _Display:
    """rich.live, loaded only when a run takes long enough to be watched."""

    def __init__(self) -> None:
        self._born = time.monotonic()
        self._live: Any = None
        self._console: Console | None = None
        self._waiting: list[tuple[str, str]] = []
        self._last = ""

    def show(self, result: RunResult, event: list[Any]) -> None:
        if event and event[2] in ("run.started", "environment"):
            for text in _beginning(result, event[2]):
                self._say(text, "bold" if text.startswith("run") else "dim")
        elif event and event[2] == "log" and not _retold(result):
            level, text = event[3], printable(event[4])
            self._last = text
            if not _is_made(result):  # an installer says hundreds of lines
                self._say(f"    {text}", {"error": "red", "warning": "yellow"}.get(level, "dim"))
        elif event and event[2] == "trial.ended" and not _retold(result):
            assert result.search is not None
            self._last = result.search.progress()
            if result.said:
                self._say(f"    {printable(result.said)}", "dim")
        elif event and event[2] == "step.ended":
            step = result.steps[event[3]]
            self._last = ""
            self._say(f"  {step_line(step)}", "dim" if step["cached"] else _COLOURS[step["status"]])
        if self._live is None and time.monotonic() - self._born > _QUICK:
            self._open()
        if self._live is not None:
            self._live.update(self._picture(result))

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
        elif self._waiting:
            for text, _ in self._waiting:
                narrate(text)

    def _say(self, text: str, style: str) -> None:
        if self._console is None:
            self._waiting.append((text, style))
        else:
            self._console.print(text, style=style, markup=False, highlight=False)

    def _open(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(stderr=True)
        for text, style in self._waiting:
            self._console.print(text, style=style, markup=False, highlight=False)
        self._waiting = []
        self._live = Live(console=self._console, refresh_per_second=8, transient=True)
        self._live.start()

    def _picture(self, result: RunResult) -> RenderableType:
        from rich.spinner import Spinner
        from rich.text import Text

        names = result.planned
        running = [step for step in result.steps.values() if step["status"] == "running"]
        if not running:
            return Text("")
        step = running[-1]
        done = len(result.steps) - len(running)
        took = seconds(max(0.0, time.time() - step["began"] / 1e6))
        after = names[names.index(step["name"]) + 1 :] if step["name"] in names else []
        upcoming = f"  then {', '.join(after)}" if after else ""
        used = taken(result.taken.get("cpu"), result.taken.get("memory"), cpus=result.cpus, limit=result.limit)
        note = (f"  {used}" if used else "") + (f"  {self._last}" if self._last else "")
        line = f" {step['name']}  {took}  ({done + 1} of {max(len(names), done + 1)}){note}{upcoming}"
        assert self._console is not None
        text = Text(line)
        text.truncate(max(10, self._console.width - 4), overflow="ellipsis")
        return Spinner("dots", text=text, style="cyan")
