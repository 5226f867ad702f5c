"""The sections of a search that are told in words: its trials, and what mattered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from mfbench_tui.panes.search_words import bars, params_text, trial_values
from mfbench_tui.text import safe, seconds
from mfbench_tui.widgets.listing import Column, Row
from mfbench_tui.widgets.section import Section, TableSection
from mfbench_tui.widgets.titled import Empty, Title

STATES = {"complete": "✓ complete", "failed": "✗ failed", "pruned": "■ pruned"}


class Trials(TableSection):
    """The best first, then those that have no value; ★ is the one that the run went on with."""

    NOUN, TITLE, EMPTY = "trial", "Trials", "No trial has ended yet."

    def __init__(self, run: str, id: str) -> None:
        super().__init__(id=id)
        self.run = run

    def load(self) -> dict[str, Any]:
        return self.desk.bench.search(self.run)

    def chosen(self, found: dict[str, Any]) -> list[dict[str, Any]]:
        """The trials to list."""
        return list(found["trials"])

    def table(self, found: dict[str, Any]) -> tuple[Sequence[Column], Sequence[Row]]:
        goals = found["objectives"] or ["value"]
        columns = [Column("trial", "trial", True), Column("state", "state"),
                   *(Column(f"v.{name}", safe(name, 24), True) for name in goals),
                   Column("took", "took", True), Column("params", "params"),
                   Column("error", "error", wide=True)]  # fmt: skip
        return columns, [self._row(one, found, len(goals)) for one in self.chosen(found)]

    def _row(self, one: dict[str, Any], found: dict[str, Any], goals: int) -> Row:
        mark = "★ " if one["trial"] == found["chosen"] else ""
        took = seconds(one["seconds"]) if one["seconds"] is not None else ""
        state = STATES.get(one["state"], "▶ running")
        return Row(str(one["trial"]), [f"{mark}{one['trial']}", state, *trial_values(one, goals), took,
                                       params_text(one, found["params"]), safe(one["error"], 120)])  # fmt: skip


class Importance(Section):
    NOUN = "importance"

    def __init__(self, run: str, id: str) -> None:
        super().__init__(id=id)
        self.run = run

    def compose(self) -> ComposeResult:
        yield Title("What share of the differences between trials each param explains")
        with VerticalScroll(classes="panel"):
            yield Static("", id="bars")
        yield Empty()

    def load(self) -> dict[str, Any]:
        return self.desk.bench.search(self.run)

    def show(self, answer: dict[str, Any]) -> None:
        shares = answer["importance"]
        nothing = "It is told once the search has ended." if shares is None else "There are too few trials to say."
        self.query_one(Empty).say(None if shares else nothing)
        self.query_one(VerticalScroll).display = bool(shares)
        width = min(100, self.app.size.width - 6)
        text = bars(shares or {}, width)
        text.append_text(Text("\nA search that tried a param in a narrow range says little of it.", "dim"))
        self.query_one("#bars", Static).update(text)
