"""Search: runs that had a search, live and past; Enter opens one with its curves, slices and front."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import DataTable, Static

from mfbench_tui.panes.pane import Pane
from mfbench_tui.panes.search_words import COLUMNS, row_of, summary
from mfbench_tui.steady import Steady
from mfbench_tui.widgets.listing import Listing
from mfbench_tui.widgets.titled import Empty, Title

PAGE = 100  # searches
NONE = """No searches yet. A recipe with a table [tune] searches for the best settings when it is run.
Press 1 for the recipes; flight-delay, one of the templates that n offers there, has a search."""


class Search(Pane, Steady):
    """The list on the left, what each has found on the right."""

    NOUN = "search"
    CONCERNS = frozenset({"runs", "ledger"})
    BINDINGS = [
        Binding("enter", "open", "Open"),
        Binding("o", "open_run", "Open its run", show=False),
    ]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.page, self.total = 0, 0
        self.rows: list[dict[str, Any]] = []

    def compose(self) -> ComposeResult:
        yield Title("Search …")
        with Horizontal(classes="split"):
            with Vertical(classes="left"):
                yield Listing(id="list")
                yield Empty()
            with VerticalScroll(classes="right panel", can_focus=False):
                yield Static("", id="summary")

    def refresh_data(self) -> None:
        offset = self.page * PAGE
        self.ask_again(lambda: self.desk.bench.searches(PAGE, offset), self.show, self.workbench_app.show_error)

    def show(self, answer: tuple[list[dict[str, Any]], int]) -> None:
        self.rows, self.total = answer
        first = self.page * PAGE
        span = (
            f"{first + 1:,} to {first + len(self.rows):,} of {self.total:,}" if self.total > PAGE else f"{self.total:,}"
        )
        self.query_one(Title).say(f"Searches {span}")
        self.query_one(Empty).say(None if self.rows else NONE)
        now = self.desk.now()
        self.listing.fill(COLUMNS, [row_of(one, now) for one in self.rows])
        if self.display and self.screen.is_current and self.screen.focused is None:
            self.focus_list()
        self._sum_up()

    def current(self) -> dict[str, Any] | None:
        key = self.listing.current
        return next((one for one in self.rows if one["run"] == key), None)

    def on_data_table_row_highlighted(self) -> None:
        self._sum_up()

    def _sum_up(self) -> None:
        one = self.current()
        if one is not None and self.app.size.width >= 100:  # below there is no room for it beside the list
            self.ask(lambda: self.desk.bench.search(one["run"]), lambda found: self._show_sum(one, found), group="sum",
                     failed=lambda _: None)  # fmt: skip

    def _show_sum(self, one: dict[str, Any], found: dict[str, Any]) -> None:
        panel = self.query_one("#summary", Static)
        panel.update(summary(one, found, panel.content_size.width - 1))

    def on_resize(self) -> None:
        self._sum_up()

    def on_listing_page_wanted(self, event: Listing.PageWanted) -> None:
        wanted = self.page + event.by
        if 0 <= wanted < -(-self.total // PAGE):
            self.page = wanted
            self.refresh_data()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        self.action_open()

    def action_open(self) -> None:
        one = self.current()
        if one is None:
            self.notify("there is no search under the cursor", markup=False)
            return
        from mfbench_tui.screens.search import SearchScreen

        self.desk.did("runs", "trials", one["run"])
        self.app.push_screen(SearchScreen(one["run"]))

    def action_open_run(self) -> None:
        one = self.current()
        if one is None:
            self.notify("there is no search under the cursor", markup=False)
            return
        from mfbench_tui.screens.run import RunScreen

        self.app.push_screen(RunScreen(one["run"]))
