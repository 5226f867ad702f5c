"""One drift report: the three answers, the windows over time, the columns of the window in hand by effect."""

from __future__ import annotations

from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import DataTable, Static

from mfbench_tui.asking import Asking
from mfbench_tui.dialogs.reader import Reader
from mfbench_tui.text import safe, styled
from mfbench_tui.widgets import drift_text
from mfbench_tui.widgets.listing import Column, Listing, Row
from mfbench_tui.widgets.titled import Empty, Title
from mfbench_tui.widgets.windows import Windows

MOST = 1000  # columns of a window


class Columns(Listing):
    """The columns of a window; [ and ] go to other windows."""

    BINDINGS = [
        Binding("right_square_bracket", "next_page", "Next window", show=False),
        Binding("left_square_bracket", "previous_page", "Previous window", show=False),
    ]

    class WindowWanted(Message):
        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def name_of(self, key: str) -> str:
        return key.rpartition(":")[0] or "(together)"

    def action_next_page(self) -> None:
        self.post_message(self.WindowWanted(1))

    def action_previous_page(self) -> None:
        self.post_message(self.WindowWanted(-1))


class DriftReport(Asking, Vertical):
    """`report`: what the facade gave, only handed back to it. Everything is computed in the thread that asks."""

    SCOPED_CSS = False  # what is narrow is said of the screen
    DEFAULT_CSS = """
    DriftReport { height: 1fr; }
    DriftReport #answers { height: auto; max-height: 12; padding: 0 1; }
    DriftReport #window { height: auto; max-height: 3; padding: 0 1; }
    DriftReport #beside { height: auto; max-height: 6; padding: 0 1; }
    .-narrow DriftReport #answers { max-height: 9; }
    .-narrow DriftReport #beside { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.report: Any = None
        self.id_wanted = ""
        self.outline: dict[str, Any] = {}
        self.window: dict[str, Any] | None = None
        self.number = self.at = 0  # the window that is wanted, and the one that is shown

    def compose(self) -> ComposeResult:
        yield Title(id="about")
        yield Static(id="answers")
        yield Windows()
        yield Static(id="window")
        yield Columns(id="columns")
        yield Empty("No column differs by more than chance explains, or none was judged.", id="nothing")
        yield Static(id="beside")

    def focus_columns(self) -> None:
        self.query_one(Columns).focus()

    # -- a report ----------------------------------------------------------------------------------------------

    def ask_for(self, id: str) -> None:
        """Shows a kept report by its id; the one that is shown is left as it is."""
        if id != self.id_wanted:
            self.id_wanted = id
            self.query_one("#about", Title).say("reading the report …")
            self.ask(lambda: self._look(self.desk.bench.drift_report(id)), self._show, group="report",
                     failed=self._damaged)  # fmt: skip

    def take(self, report: Any) -> None:
        """Shows one that was just made."""
        self.id_wanted = report.id
        self.ask(lambda: self._look(report), self._show, group="report")

    def _look(self, report: Any, number: int | None = None) -> tuple[Any, dict[str, Any], int, dict[str, Any] | None]:
        bench = self.desk.bench
        outline = bench.drift_outline(report)
        at = outline["focus"] if number is None else number
        return report, outline, at, bench.drift_window(report, at) if outline["windows"] else None

    def _damaged(self, error: Exception) -> None:
        self.report = self.window = None
        self.outline, self.number = {}, 0
        for id in ("#window", "#beside", "#nothing"):
            self.query_one(id).display = False
        self.query_one("#about", Title).say("a report that cannot be read")
        self.query_one(Windows).display = False
        self.query_one("#answers", Static).update(styled(getattr(error, "message", str(error)), "red"))
        self.query_one(Columns).fill([], [])

    def _show(self, found: tuple[Any, dict[str, Any], int, dict[str, Any] | None]) -> None:
        self.report, self.outline, self.number, self.window = found
        self.at = self.number
        about = f"{self.outline['model']}   {self.outline['data']}   {self.outline['made']}"
        self.query_one("#about", Title).say(about)
        self.query_one("#answers", Static).update(drift_text.answers(self.outline))
        self._show_window()

    # -- a window ----------------------------------------------------------------------------------------------

    def on_columns_window_wanted(self, event: Columns.WindowWanted) -> None:
        windows = self.outline.get("windows") or []
        wanted = self.number + event.by
        if not 0 <= wanted < len(windows):
            self.notify("this is the last window" if event.by > 0 else "this is the first window", timeout=2)
            return
        report, self.number = self.report, wanted
        self.ask(lambda: (report, wanted, self.desk.bench.drift_window(report, wanted)), self._turned, group="window")

    def _turned(self, found: tuple[Any, int, dict[str, Any]]) -> None:
        if found[0] is not self.report:
            return  # another report is in hand by now
        _, self.number, self.window = found
        self.at = self.number
        self.desk.did("drift", "show", self.outline["id"], "--window", self.window["name"])
        self._show_window()

    def _show_window(self) -> None:
        windows, window = self.outline["windows"], self.window
        self.query_one(Windows).show(windows, self.number)
        head = self.query_one("#window", Static)
        head.display = len(windows) > 1
        found = window["found"][:MOST] if window else []
        self.query_one("#beside", Static).display = bool(window)
        if window:
            quality = f"; {window['quality']}" if window["quality"] else ""
            told = f"window {self.number + 1} of {len(windows)}: {window['name']}: {window['told']}{quality}"
            head.update(Text(safe(told)))
            self.query_one("#beside", Static).update(drift_text.beside(window, self.outline["notes"]))
        self.query_one("#nothing", Empty).display = not found
        listing = self.query_one(Columns)
        columns = [Column("mark", ""), Column("column", "column"), Column("bar", "effect"),
                   Column("change", "change")]  # fmt: skip
        listing.fill(columns, [_row(row) for row in found])

    # -- a column ----------------------------------------------------------------------------------------------

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        name = (self.query_one(Columns).current or "").rpartition(":")[0]
        report, window = self.report, self.window
        if report is None or window is None:
            return
        if not name:
            self.notify("this is all columns together: d shows the segments")
            return
        number = self.at
        self.ask(lambda: (name, window, self.desk.bench.drift_column(report, number, name)), self._show_column,
                 group="column")  # fmt: skip

    def _show_column(self, found: tuple[str, dict[str, Any], dict[str, Any] | None]) -> None:
        name, window, about = found
        if window is not self.window:
            return  # another is shown by now
        if about is None:
            self.notify("the report has kept no figures of this column in this window", markup=False)
            return
        self.app.push_screen(Reader(name, drift_text.column(about, window["name"])))


def _row(row: dict[str, Any]) -> Row:
    sign, colour = drift_text.MARKS[row["mark"]]
    name = "(together)" if row["column"] is None else safe(row["column"], 24)
    name += "" if row["about"] in ("values", "together") else f" ({row['about']})"
    bar = f"{drift_text.bar(row['effect'])} {row['effect_told']:>6}"
    cells: list[str | Text] = [styled(sign, colour), name, styled(bar, colour), safe(row["change"], 60)]
    return Row(f"{row['column'] or ''}:{row['about']}", cells)
