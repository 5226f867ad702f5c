"""The queue: what waits for a place, in its order, and what could not be started and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import DataTable, Footer

from mfbench.core.text import plural
from mfbench_tui.dialogs.confirm import Confirm
from mfbench_tui.dialogs.reader import Reader
from mfbench_tui.feed import Changed
from mfbench_tui.steady import Steady
from mfbench_tui.text import ago, clock, safe, status_text
from mfbench_tui.widgets.listing import Column, Listing, Row
from mfbench_tui.widgets.titled import Empty, Title

COLUMNS = [Column("position", "#", True), Column("recipe", "recipe"), Column("state", "state"),
           Column("changes", "changes"), Column("age", "age", True), Column("actor", "by", wide=True),
           Column("why", "why"), Column("id", "id", wide=True)]  # fmt: skip
NONE = "Nothing waits. On a recipe, Q puts a run into the queue; on the command line: mfbench run RECIPE --queue"


class QueueScreen(Steady, Screen[None]):
    """Enter reads an entry in full."""

    NOUN = "queue"
    CONCERNS = frozenset({"queue", "runs"})
    WRITES = frozenset({"cancel", "first", "last", "retry", "pause"})
    BINDINGS = [
        Binding("escape", "dismiss(None)", "Back"),
        Binding("d", "cancel", "Cancel"),
        Binding("f", "first", "Make it first", show=False),
        Binding("l", "last", "Make it last", show=False),
        Binding("r", "retry", "Try again", show=False),
        Binding("p", "pause", "Pause or go on"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self.paused = False

    def compose(self) -> ComposeResult:
        yield Title("Queue …")
        yield Listing(id="list")
        yield Empty()
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one(Listing).focus()
        self.refresh_data()

    def workspace_changed(self, event: Changed) -> None:
        if event.what & self.CONCERNS:
            self.refresh_data()

    def refresh_data(self, _: object = None) -> None:
        bench = self.desk.bench
        self.ask_again(lambda: (bench.queued(), bench.queue_status()), self.show)

    def show(self, answer: tuple[list[dict[str, Any]], dict[str, Any]]) -> None:
        self.rows, status = answer
        self.paused = status["paused"]
        running = f"{len(status['running'])} of {plural(status['max_parallel'], 'place')} taken"
        still = "   paused" if self.paused else f"   {safe(status['still'])}" if status["still"] else ""
        self.query_one(Title).say(f"Queue {len(self.rows):,}   {running}{still}")
        self.query_one(Empty).say(None if self.rows else NONE)
        listing = self.query_one(Listing)
        listing.fill(COLUMNS, [self._row(one) for one in self.rows])
        if self.focused is None:
            listing.focus()

    def _row(self, one: dict[str, Any]) -> Row:
        name = one["name"] or Path(one["recipe"] or "").name
        why = Text(safe((one["error"] or {}).get("message"), 120), "red")
        return Row(one["id"], [safe(one["position"]), safe(name, 30), status_text(one["state"]),
                               safe(" ".join(one["overrides"]), 40), ago(one["queued"], self.desk.now()),
                               safe(one["actor"], 20), why, safe(one["id"])])  # fmt: skip

    def current(self) -> dict[str, Any] | None:
        key = self.query_one(Listing).current
        found = next((one for one in self.rows if one["id"] == key), None)
        if found is None:
            self.notify("nothing is under the cursor", markup=False)
        return found

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        one = self.current()
        if one:
            lines = [f"recipe: {safe(one['recipe'])}", f"queued: {clock(one['queued'])} by {safe(one['actor'])}",
                     *(f"--set {safe(word)}" for word in one["overrides"]),
                     *(f"{key}: {safe(value)}" for key, value in (one["error"] or {}).items() if value)]  # fmt: skip
            self.app.push_screen(Reader(f"{one['state']}: {one['id']}", "\n".join(lines)))

    def action_cancel(self) -> None:
        one = self.current()
        if one:
            name = safe(one["name"] or Path(one["recipe"] or one["id"]).name, 40)
            told = "It has not run. Its recipe stays where it is."
            self.app.push_screen(Confirm(f"Take {name} out of the queue?", told, "Take it out"),
                                 lambda yes: self._cancel(one["id"], bool(yes)))  # fmt: skip

    def _cancel(self, entry: str, yes: bool) -> None:
        if yes:
            self.do(lambda: self.desk.bench.cancel_queued([entry]), self.refresh_data, "queue", "cancel", entry)

    def action_first(self) -> None:
        if one := self.current():
            self.do(lambda: self.desk.bench.move_queued(one["id"], first=True), self.refresh_data,
                    "queue", "move", one["id"], "--first")  # fmt: skip

    def action_last(self) -> None:
        if one := self.current():
            self.do(lambda: self.desk.bench.move_queued(one["id"], last=True), self.refresh_data,
                    "queue", "move", one["id"], "--last")  # fmt: skip

    def action_retry(self) -> None:
        one = self.current()
        if one is None:
            return
        if one["state"] != "failed":
            self.notify(f"it is {safe(one['state'])}: only one that could not be started is tried again", markup=False)
            return
        self.do(lambda: self.desk.bench.retry_queued([one["id"]]), self.refresh_data, "queue", "retry", one["id"])

    def action_pause(self) -> None:
        bench = self.desk.bench
        act = bench.start_queue if self.paused else bench.pause_queue
        self.do(lambda: act(), self.refresh_data, "queue", "start" if self.paused else "pause")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action in self.WRITES and self.desk.read_only)
