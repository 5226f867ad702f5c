"""Models: every registered version, and beside it what is known of the one in hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable

from mfbench_tui.dialogs.ask import Ask, Field
from mfbench_tui.panes.model_acts import ModelActs
from mfbench_tui.panes.pane import Pane
from mfbench_tui.text import ago, number, safe, styled
from mfbench_tui.widgets import model_text
from mfbench_tui.widgets.listing import Column, Listing, Row
from mfbench_tui.widgets.tabbed import Tabbed
from mfbench_tui.widgets.titled import Empty, Title

PAGE = 100  # versions
CHAMPION = "champion"
NONE = """\
No models yet. A recipe with a [register] table makes the first: press 1 for the recipes and r there to run one.
P approves a run that its gates have refused."""
SECTIONS = ("Card", "Gates", "History", "Lineage", "Approvals")


class Models(Pane, ModelActs):
    """`name`: only models whose name holds it."""

    NOUN = "model"
    CONCERNS = frozenset({"ledger"})
    WRITES = frozenset({"alias", "unalias", "approve"})
    DEFAULT_CSS = "Models .-nothing { display: none; }"
    BINDINGS = [
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("a", "alias", "Set alias"),
        Binding("o", "open_run", "Open run"),
        Binding("A", "unalias", "Take alias away", show=False),
        Binding("P", "approve", "Approve a refused run", show=False),
        Binding("v", "verify", "Verify files", show=False),
        Binding("s", "score", "Score a file", show=False),
        Binding("e", "export", "Export bundle", show=False),
        Binding("right", "section(1)", "Next section", show=False, priority=True),
        Binding("left", "section(-1)", "Previous section", show=False, priority=True),
        Binding("escape", "back", "Back", show=False),
    ]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.part = ""
        self.page = self.total = 0
        self._wanted = ""  # the version to bring under the cursor
        self.rows: list[dict[str, Any]] = []

    def compose(self) -> ComposeResult:
        with Horizontal(classes="split"):
            with Vertical(classes="left"):
                yield Title("Models …")
                yield Listing(id="list")
                yield Empty()
            with Vertical(classes="right"):
                yield Title(id="about")
                yield Tabbed(SECTIONS)

    def bring(self, key: str) -> None:
        self.part, self.page, self._wanted = "", 0, key
        super().bring(key)

    def refresh_data(self) -> None:
        part, wanted, asked = self.part.lower(), self._wanted, self.page

        def question() -> tuple[list[dict[str, Any]], int, int]:
            rows = [row for row in self.desk.bench.models() if part in row["name"].lower()]
            names = [f"{row['name']}:{row['version']}" for row in rows] if wanted else []
            page = names.index(wanted) // PAGE if wanted in names else asked
            return rows[page * PAGE : (page + 1) * PAGE], len(rows), page

        self.ask_again(question, self.show)

    def show(self, answer: tuple[list[dict[str, Any]], int, int]) -> None:
        self.rows, self.total, self.page = answer
        if not self.rows and self.page:
            self.page = 0
            self.refresh_data()
            return
        of = f"{self.page * PAGE + 1:,} to {self.page * PAGE + len(self.rows):,} of " if self.total > PAGE else ""
        title = f"Models {of}{self.total:,}" + (f"   / {self.part}" if self.part else "")
        self.query_one("#title", Title).say(title)
        nothing = "No model has this in its name. Press / for another; empty shows all." if self.part else NONE
        self.query_one(Empty).say(None if self.rows else nothing)
        self.listing.styles.height = "1fr" if self.rows else 1  # never hidden: it has the focus, and so the keys
        self.query_one(".right").set_class(not self.rows, "-nothing")
        columns = [Column("model", "model"), Column("aliases", "aliases"), Column("metric", "metric", True),
                   Column("age", "age", True), Column("run", "run", wide=True)]  # fmt: skip
        self.listing.fill(columns, [self._row(row) for row in self.rows])
        if self._wanted:
            if self._wanted in self.listing.keys:
                self.listing.move_to(self._wanted)
            else:
                self.notify(f"{safe(self._wanted)} is not registered here", markup=False)
            self._wanted = ""
        if self.rows and self.screen.focused is None and self.display:
            self.listing.focus()
        self._ask_section()

    def _row(self, row: dict[str, Any]) -> Row:
        aliases = ", ".join(("★ " if alias == CHAMPION else "") + safe(alias, 30) for alias in row["aliases"])
        key = row["metric"]
        metric = f"{safe(key, 20)} {number(row['metrics'][key])}" if key else ""
        name = f"{row['name']}:{row['version']}"
        cells: list[str | Text] = [safe(name), styled(aliases, "green" if CHAMPION in row["aliases"] else ""), metric,
                                   ago(row["registered"], self.desk.now()), styled(row["run"][-5:], "dim")]  # fmt: skip
        return Row(name, cells)

    @property
    def current(self) -> dict[str, Any] | None:
        """The row under the cursor."""
        key = self.listing.current
        return next((row for row in self.rows if f"{row['name']}:{row['version']}" == key), None)

    # -- the details -------------------------------------------------------------------------------------------

    def on_data_table_row_highlighted(self, _: DataTable.RowHighlighted) -> None:
        self._ask_section()

    def on_tabbed_wanted(self, _: Tabbed.Wanted) -> None:
        self._ask_section()

    def _ask_section(self) -> None:
        row = self.current
        if row is None:
            return
        reference, name = f"{row['name']}:{row['version']}", row["name"]
        self.query_one("#about", Title).say(reference)
        bench, sections = self.desk.bench, self.query_one(Tabbed)
        questions: dict[str, Callable[[], Text]] = {
            "Card": lambda: model_text.card(bench.model_card(reference)),
            "Gates": lambda: model_text.gates(bench.model_card(reference)),
            "History": lambda: model_text.history(bench.model_history(name)),
            "Lineage": lambda: model_text.lineage(bench.model_lineage(reference)),
            "Approvals": lambda: model_text.approvals(bench.model_card(reference)),
        }
        failed = lambda error: sections.show(getattr(error, "message", str(error)))  # noqa: E731  of one section
        self.ask(questions[sections.current], sections.show, group="section", failed=failed)

    def action_section(self, by: int) -> None:
        self.query_one(Tabbed).turn(by)

    def on_data_table_row_selected(self, _: DataTable.RowSelected) -> None:
        if row := self.current:
            self.query_one(".split").add_class("-detail")
            self.query_one(Tabbed).focus_text()
            self.desk.did("models", "show", f"{row['name']}:{row['version']}")

    def action_back(self) -> None:
        self.query_one(".split").remove_class("-detail")
        self.focus_list()

    def on_listing_page_wanted(self, event: Listing.PageWanted) -> None:
        wanted = self.page + event.by
        if 0 <= wanted < -(-self.total // PAGE):
            self.page = wanted
            self.refresh_data()

    def action_filter(self) -> None:
        told = "A part of the name. Empty: all."
        self.app.push_screen(Ask("Which models?", [Field("", self.part)], "Show", told), self._filtered)

    def _filtered(self, answer: list[str] | None) -> None:
        if answer is not None:
            self.part, self.page = answer[0].strip(), 0
            self.desk.did("models")
            self.refresh_data()

    def action_open_run(self) -> None:
        row = self.current
        if row is None:
            self.notify("there is no model in hand whose run could be opened")
            return
        from mfbench_tui.screens.run import RunScreen

        self.app.push_screen(RunScreen(row["run"]))
