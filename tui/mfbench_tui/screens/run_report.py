"""The report of a run, to read here; `w` writes the page for elsewhere."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Markdown

from mfbench_tui.dialogs.ask import Ask, Field
from mfbench_tui.text import safe
from mfbench_tui.widgets.section import Section
from mfbench_tui.widgets.titled import Empty, Title


class Report(Section):
    """Its Markdown."""

    NOUN = "report"
    BINDINGS = [
        Binding("w", "write", "Write as a page", show=False),
        Binding("j", "down", "Down", show=False),
        Binding("k", "up", "Up", show=False),
    ]

    def __init__(self, run: str, id: str) -> None:
        super().__init__(id=id)
        self.run, self._text = run, ""

    def compose(self) -> ComposeResult:
        yield Title("Report …")
        with VerticalScroll(can_focus=True):
            yield Markdown(open_links=False)
        yield Empty()

    def load(self) -> str:
        return str(self.desk.bench.report(self.run, None, "markdown"))

    def show(self, text: str) -> None:
        self.query_one(Empty).say(None)
        self.query_one(Title).say("Report   w writes it as a page")
        if text != self._text:  # else its reader would lose the place
            self._text = text
            self.query_one(Markdown).update(text)

    def action_down(self) -> None:
        self.query_one(VerticalScroll).scroll_down()

    def action_up(self) -> None:
        self.query_one(VerticalScroll).scroll_up()

    def action_write(self) -> None:
        from mfbench.api.reporting import default_name

        bench = self.desk.bench
        self.ask(lambda: default_name(bench, self.run), self._where, group="name")

    def _where(self, name: Path) -> None:
        field = Field("", str(name.absolute()), required=True)
        told = ".html or .md; a report that is there is replaced, no other file."
        self.app.push_screen(Ask("Write the report to which file?", [field], "Write", told), self._write)

    def _write(self, answer: list[str] | None) -> None:
        if answer is None:
            return
        path = str(Path(answer[0].strip()).expanduser())
        bench = self.desk.bench
        self.do(lambda: bench.report(self.run, path), self._written, "runs", "report", self.run, "-o", path,
                alone=False)  # fmt: skip

    def _written(self, made: Path | str) -> None:
        self.notify(f"written: {safe(made)}", markup=False, timeout=8)
