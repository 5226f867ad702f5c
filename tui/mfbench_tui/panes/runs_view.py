"""The list of runs: live and past, a page at a time, by the condition and in the order that the CLI knows too."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import DataTable

from mfbench.api.workbench import Workbench
from mfbench_tui.dialogs.query import Query
from mfbench_tui.dialogs.tick import Tick
from mfbench_tui.errors import told
from mfbench_tui.panes.live import Progress
from mfbench_tui.panes.pane import Pane
from mfbench_tui.panes.run_rows import RunRow, choosable, columns, metric_keys, room, row_of
from mfbench_tui.widgets.listing import WIDE, Listing
from mfbench_tui.widgets.titled import Empty, Title

PAGE = 100  # runs
NONE = "No runs yet. Press 1 for the recipes and r there to run one, or on the command line: mfbench run RECIPE"
QUICK = {
    "all": None,
    "running": "status = 'running'",
    "failed": "status in ('failed', 'oom', 'timeout', 'lost')",
    "pinned": "pinned",
}
WHERE = "A condition: metrics.roc_auc > 0.7 and params.model.estimator = 'Ridge', or name ilike '%churn%'. Empty: all."
SORT = "A column, metrics.KEY or params.KEY; '-' in front for descending. Empty: newest first."
Answer = tuple[list[RunRow], int, int, dict[str, str], dict[str, RunRow | None]]


class RunsView(Pane):
    """`where` and `sort` are what `mfbench runs --where … --sort …` takes; `picked` the columns somebody chose."""

    NOUN = "runs"
    CONCERNS = frozenset({"runs", "ledger"})
    BINDINGS = [
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("f", "quick", "Next quick filter", show=False),
        Binding("s", "sort", "Sort", show=False),
        Binding("o", "columns", "Choose columns", show=False),
    ]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.where: str | None = None
        self.sort: str | None = None
        self.page = self.total = 0
        self.rows: list[RunRow] = []
        self.picked: list[str] | None = None
        self._moving: dict[str, str] = {}
        self._progress: Progress | None = None
        self._span = ""
        self._error: tuple[str, str] | None = None

    def compose(self) -> ComposeResult:
        yield Title("Runs …")
        yield Listing(id="list")
        yield Empty()

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)

    def _tick(self) -> None:
        if self._moving and self.display and self.app.screen is self.screen:
            self.redraw()

    # -- showing -------------------------------------------------------------------------------------------------

    def refresh_data(self) -> None:
        where, sort, page, bench = self.where, self.sort, self.page, self.desk.bench
        progress = self._progress = self._progress or Progress(bench)
        marked = list(self.desk.marked)

        def question() -> Answer:
            rows, total = bench.list_runs(where, sort, PAGE, page * PAGE)
            return rows, total, page, progress.of(rows), _seen(bench, rows, marked)

        self.ask_again(question, self.show, self._failed)

    def show(self, answer: Answer) -> None:
        self.rows, self.total, page, self._moving, seen = answer
        self._error = None
        for run in list(self.desk.marked):
            if run in seen and seen[run] is None:  # deleted, by somebody else
                del self.desk.marked[run]
            else:
                self.desk.marked[run] = seen.get(run) or self.desk.marked[run]
        if not self.rows and page:
            self.page = max(0, -(-self.total // PAGE) - 1)
            self.refresh_data()
            return
        first, many = page * PAGE, self.total > PAGE
        span = f"{first + 1:,} to {first + len(self.rows):,} of {self.total:,}" if many else f"{self.total:,}"
        self._span = span
        nothing = "No run matches. Press / for another condition, f for all." if self.where else NONE
        self.query_one(Empty).say(None if self.rows else nothing)
        self.listing.styles.height = "1fr" if self.rows else 1  # never hidden: it has the focus, and so the keys
        self.redraw()
        if self.screen.is_current and self.screen.focused is None:
            self.listing.focus()

    def _view(self) -> str:
        marked = f"   {len(self.desk.marked)} marked" if self.desk.marked else ""
        return (f"   / {self.where}" if self.where else "") + (f"   by {self.sort}" if self.sort else "") + marked

    def redraw(self) -> None:
        """The same runs once more: marks or columns have changed."""
        self.query_one(Title).say(f"Runs {self._span}" + self._view())
        names = self.picked if self.picked is not None else [f"metrics.{key}" for key in metric_keys(self.rows)]
        now, marked, width = self.desk.now(), set(self.desk.marked), self.app.size.width
        for narrow in (False, True) if width >= WIDE else (True,):
            rows = [row_of(row, names, self._moving.get(row["run"], ""), marked, now, narrow) for row in self.rows]
            shown = columns(names, self.picked is not None, narrow)
            if room(shown, rows) <= width:
                break
        self.listing.fill(shown, rows)

    def on_resize(self) -> None:
        if self._span:
            self.redraw()

    def _failed(self, error: Exception) -> None:
        """Told once in a dialog; while nothing can be read at all it stands in the title."""
        if told(error) != self._error:
            self._error = told(error)
            self.workbench_app.show_error(error)
        self.query_one(Title).say(f"Runs cannot be read: {told(error)[1].splitlines()[0]}")
        if not self.rows:
            self.query_one(Empty).say(told(error)[1])

    def on_listing_page_wanted(self, event: Listing.PageWanted) -> None:
        wanted = self.page + event.by
        if 0 <= wanted < -(-self.total // PAGE):
            self.page = wanted
            self.refresh_data()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        from mfbench_tui.screens.run import RunScreen

        if event.row_key.value:
            self.app.push_screen(RunScreen(event.row_key.value))

    # -- which, and in which order -------------------------------------------------------------------------------

    def action_filter(self) -> None:
        dialog = Query("Which runs?", self.where or "", "Show", WHERE,
                       lambda text: self.desk.bench.list_runs(text or None, None, 1))  # fmt: skip
        self.app.push_screen(dialog, lambda answer: self._viewed(where=answer))

    def action_sort(self) -> None:
        dialog = Query("In which order?", self.sort or "", "Sort", SORT,
                       lambda text: self.desk.bench.list_runs(None, text or None, 1))  # fmt: skip
        self.app.push_screen(dialog, lambda answer: self._viewed(sort=answer))

    def action_quick(self) -> None:
        names = list(QUICK)
        now = next((name for name, where in QUICK.items() if where == self.where), None)
        name = names[(names.index(now) + 1) % len(names)] if now else "all"
        self._viewed(where=[QUICK[name] or ""])
        self.notify(f"{name} runs", timeout=1.5)

    def _viewed(self, where: list[str] | None = None, sort: list[str] | None = None) -> None:
        if where is None and sort is None:
            return
        self.where = (where[0] or None) if where is not None else self.where
        self.sort = (sort[0] or None) if sort is not None else self.sort
        self.page = 0
        asked = (("--where", self.where), ("--sort", self.sort))
        self.desk.did("runs", *(word for flag, value in asked if value for word in (flag, value)))
        self.refresh_data()

    def action_columns(self) -> None:
        names = self.picked if self.picked is not None else [f"metrics.{key}" for key in metric_keys(self.rows)]
        self.app.push_screen(Tick("Which columns?", choosable(self.rows), names), self._picked)

    def _picked(self, answer: list[str] | None) -> None:
        if answer is not None:
            self.picked = answer
            self.redraw()


def _seen(bench: Workbench, rows: list[RunRow], marked: list[str]) -> dict[str, RunRow | None]:
    """What is known now of the marked runs, on this page or not; None of one that is gone."""
    found = {row["run"]: row for row in rows}
    others = [run for run in marked if run not in found]
    if others:
        named = ", ".join("'" + run.replace("'", "''") + "'" for run in others)
        found |= {row["run"]: row for row in bench.list_runs(f"run in ({named})", None, None)[0]}
    return {run: found.get(run) for run in marked}
