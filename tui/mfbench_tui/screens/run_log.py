"""What a run says: its last lines, followed while it goes on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding

from mfbench_tui.dialogs.ask import Ask, Field
from mfbench_tui.text import safe, styled
from mfbench_tui.widgets.log_view import LogView
from mfbench_tui.widgets.section import Section
from mfbench_tui.widgets.titled import Empty, Title

Line = tuple[datetime, str, str]
MOST = 10_000  # lines
STYLES = {"error": "red", "warning": "yellow", "step": "bold", "run": "bold", "output": "dim"}
SIGNS = {"error": "✗", "warning": "!", "step": "▸", "run": "▸"}  # beside each colour


class Log(Section):
    """`kept`: the lines of a run that goes on, which the screen collects; None for one that is over."""

    NOUN = "log"
    changes = False
    BINDINGS = [
        Binding("slash", "narrow", "Find", key_display="/", show=False),
        Binding("f", "follow", "Follow or not", show=False),
    ]

    def __init__(self, run: str, id: str, kept: Callable[[], Sequence[Line] | None]) -> None:
        super().__init__(id=id)
        self.run, self.kept = run, kept
        self.lines: deque[Line] = deque(maxlen=MOST)
        self.following, self.part = True, ""

    def compose(self) -> ComposeResult:
        yield Title("Log …")
        yield LogView(MOST)
        yield Empty()

    def load(self) -> Any:
        lines = self.kept()
        return self.desk.bench.log(self.run, MOST) if lines is None else None

    def show(self, answer: list[Line] | None) -> None:
        kept = self.kept()  # of now: the run may have begun to be followed meanwhile, or have ended
        if kept is None and answer is None:
            self.refresh_data()
            return
        self.lines.clear()
        self.lines.extend(answer or () if kept is None else kept)
        self._draw()

    def add(self, lines: Sequence[Line]) -> None:
        """More of the same run; the screen calls it in batches."""
        self.lines.extend(lines)
        self.query_one(LogView).extend(self._texts(lines))
        self._after()

    def _draw(self) -> None:
        self.query_one(LogView).replace(self._texts(self.lines))
        self._after()

    def _after(self) -> None:
        view = self.query_one(LogView)
        total = f"{len(self.lines):,} lines" + (" (the last)" if len(self.lines) == MOST else "")
        found = f"{len(view.lines):,} of {total}   / {self.part}" if self.part else total
        follows = "following" if self.following else "not following: f follows"
        self.query_one(Title).say(f"Log {found}   {follows}")
        nothing = "No line contains that. Press / for another text." if self.lines else "It has said nothing yet."
        self.query_one(Empty).say(None if view.lines else nothing)
        view.styles.height = "1fr" if view.lines else 1  # never hidden: it has the focus, and so the keys
        if self.following:
            view.call_after_refresh(view.to_end)

    def _texts(self, lines: Sequence[Line] | deque[Line]) -> list[Text]:
        part = self.part.lower()
        return [_text(line) for line in lines if not part or part in line[2].lower()]

    def action_follow(self) -> None:
        self.following = not self.following
        self._after()

    def action_narrow(self) -> None:
        self.app.push_screen(Ask("Lines that contain", [Field("", self.part)], "Show", "Empty: all."), self._narrowed)

    def _narrowed(self, answer: list[str] | None) -> None:
        if answer is not None:
            self.part = answer[0].strip()
            self._draw()


def _text(line: Line) -> Text:
    moment, level, text = line
    style = STYLES.get(level, "")
    head = styled(f"{moment.astimezone():%H:%M:%S} {SIGNS.get(level, ' ')} ", style or "dim")
    return Text.assemble(head, (safe(text), style), no_wrap=True, end="")
