"""Drift: reports over time, and beside them the one in hand: three answers, windows, columns by effect."""

from __future__ import annotations

from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Static

from mfbench_tui.dialogs.ask import Ask, Field
from mfbench_tui.dialogs.reader import Reader
from mfbench_tui.errors import told
from mfbench_tui.panes.drift_acts import DriftActs
from mfbench_tui.panes.drift_report import DriftReport
from mfbench_tui.panes.pane import Pane
from mfbench_tui.text import ago, safe, styled
from mfbench_tui.widgets import drift_text
from mfbench_tui.widgets.listing import Column, Listing, Row
from mfbench_tui.widgets.titled import Empty, Title

PAGE = 100  # reports
GLYPHS = {"alarm": ("!", "red"), "changed": ("~", "yellow"), "quiet": ("·", "green")}
NONE = """\
No drift reports yet. A report compares data with what a model was tested on.
Press c to check a file; it needs a registered model (4 lists them)."""

Reports = list[dict[str, Any]]


class Drift(Pane, DriftActs):
    """`model` and `alarms` are what `mfbench drift list MODEL --alarms` takes."""

    NOUN = "drift"
    CONCERNS = frozenset({"ledger"})
    DEFAULT_CSS = """
    Drift #busy, Drift #watching { height: auto; max-height: 3; padding: 0 1; }
    Drift .-nothing { display: none; }
    Drift #busy { display: none; color: $text-accent; }
    """

    BINDINGS = [
        Binding("c", "check", "Check data"),
        Binding("a", "audit", "Audit alarms"),
        Binding("w", "page", "Write page"),
        Binding("slash", "filter", "Filter by model", key_display="/", show=False),
        Binding("f", "alarms", "Only alarms / all", show=False),
        Binding("d", "more", "Segments and notes", show=False),
        Binding("escape", "back", "Back", show=False),
    ]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.model: str | None = None
        self.alarms = False
        self.page = 0
        self.more = False  # whether there is a page after this one
        self.made = ""  # a report that the list has yet to show
        self.unkept = False  # whether what is shown in full is in no list: it stays until another is chosen
        self._under: str | None = None  # the report that the cursor is on
        self.rows: Reports = []

    def compose(self) -> ComposeResult:
        with Horizontal(classes="split"):
            with Vertical(classes="left") as left:
                left.styles.width = "1fr"  # both sides need as much
                yield Title("Drift reports …")
                yield Listing(id="list")
                yield Empty()
                yield Static(id="busy", markup=False)
                yield Static(id="watching", classes="hint", markup=False)
            with Vertical(classes="right") as right:
                right.styles.width = "1fr"
                yield DriftReport()

    def refresh_data(self) -> None:
        model, alarms, page, bench = self.model, self.alarms, self.page, self.desk.bench

        def question() -> tuple[Reports, bool, str]:
            rows = bench.drift_reports(model, limit=(page + 1) * PAGE + 1, alarms=alarms)
            shown = rows[page * PAGE : (page + 1) * PAGE]
            about = model or (shown[0]["model"] if shown else "")
            try:
                watching = drift_text.watching(bench.watched(about)) if about else ""
            except Exception:  # a model of another workspace, several versions without a champion
                watching = ""
            return shown, len(rows) > (page + 1) * PAGE, watching

        self.ask_again(question, self.show, self._refused)

    def show(self, answer: tuple[Reports, bool, str]) -> None:
        self.rows, self.more, watching = answer
        if not self.rows and self.page:
            self.page -= 1
            self.refresh_data()
            return
        which = ("   only alarms" if self.alarms else "") + (f"   / {self.model}" if self.model else "")
        first = self.page * PAGE
        span = f"{first + 1:,} to {first + len(self.rows):,}" if self.more or self.page else f"{len(self.rows):,}"
        self.query_one("#title", Title).say(f"Drift reports {span}{which}")
        nothing = "No report matches. f shows all again, / chooses another model." if which else NONE
        self.query_one(Empty).say(None if self.rows else nothing)
        self.query_one("#watching", Static).update(watching)
        self.listing.styles.height = "1fr" if self.rows else 1  # never hidden: it has the focus, and so the keys
        self.query_one(".right").set_class(not self.rows, "-nothing")
        columns = [Column("verdict", ""), Column("model", "model"), Column("age", "age", True),
                   Column("alarms", "alarms", True), Column("effect", "effect", True), Column("column", "column"),
                   Column("matters", "matters")]  # fmt: skip
        self.listing.fill(columns, [self._row(row) for row in self.rows])
        if self.made in self.listing.keys:
            self.listing.move_to(self.made)
            self.made = ""
        if self.rows and self.screen.focused is None and self.display:
            self.listing.focus()
        if not self.unkept:
            self._ask_report()

    def _row(self, row: dict[str, Any]) -> Row:
        kind = "alarm" if row["alarms"] else "changed" if row["significant"] else "quiet"
        model = row["model"] if row["version"] is None else f"{row['model']}:{row['version']}"
        effect = "" if row["effect"] is None else f"{row['effect']:.0%}"
        worse = "bold red" if row["matters"] == "worse" else ""
        cells: list[str | Text] = [styled(*GLYPHS[kind]), safe(model, 24), ago(row["made"], self.desk.now()),
                                   f"{row['alarms']} of {row['windows']}", effect, safe(row["column"], 16),
                                   styled(row["matters"], worse)]  # fmt: skip
        return Row(row["id"], cells)

    def _refused(self, error: Exception) -> None:
        self.workbench_app.show_error(error)
        if self.model or self.page:
            self.model, self.page = None, 0
            self.refresh_data()
        elif not self.rows:
            self.query_one(Empty).say(told(error)[1])

    @property
    def current(self) -> dict[str, Any] | None:
        """The report under the cursor, as its row says."""
        return next((row for row in self.rows if row["id"] == self.listing.current), None)

    @property
    def report(self) -> DriftReport:
        return self.query_one(DriftReport)

    def _ask_report(self) -> None:
        if row := self.current:
            self.report.ask_for(row["id"])

    def show_made(self, report: Any, kept: bool) -> None:
        """A report that was just made: in the list, where it is kept, and in full."""
        self.query_one(".right").remove_class("-nothing")
        self.report.take(report)
        if kept:
            self.model, self.alarms, self.page, self.made = None, False, 0, report.id
            self.refresh_data()
        else:
            self.unkept = True
        if self.display:  # else another pane has the keys
            self.query_one(".split").add_class("-detail")
            self.report.focus_columns()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        if event.data_table.id == "list" and self.listing.current != self._under:
            self.unkept, self._under = False, self.listing.current
            self._ask_report()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        if event.data_table.id == "list" and (row := self.current):
            if self.unkept:
                self.unkept = False
                self._ask_report()
            self.query_one(".split").add_class("-detail")
            self.report.focus_columns()
            self.desk.did("drift", "show", row["id"])

    def on_listing_page_wanted(self, event: Listing.PageWanted) -> None:
        if event.listing is self.listing and (self.page if event.by < 0 else self.more):
            self.page += event.by
            self.more = False  # until it is known
            self.refresh_data()

    def action_back(self) -> None:
        """Esc leaves what goes on first, then the report."""
        if self.stop_work():
            return
        self.query_one(".split").remove_class("-detail")
        self.focus_list()

    def action_more(self) -> None:
        if self.report.window is None:
            self.notify("there is no report in hand")
            return
        text = drift_text.beside(self.report.window, self.report.outline["notes"])
        self.app.push_screen(Reader("Columns together, segments, notes", text if text.plain else Text("nothing more")))

    def action_alarms(self) -> None:
        self.alarms, self.page = not self.alarms, 0
        self._told()

    def action_filter(self) -> None:
        hint = "A model: name, name@alias or name:version. Empty: all."
        self.app.push_screen(
            Ask("Reports of which model?", [Field("", self.model or "")], "Show", hint), self._filtered
        )

    def _filtered(self, answer: list[str] | None) -> None:
        if answer is not None:
            self.model, self.page = answer[0].strip() or None, 0
            self._told()

    def _told(self) -> None:
        self.desk.did("drift", "list", *([self.model] if self.model else []), *(["--alarms"] if self.alarms else []))
        self.refresh_data()
