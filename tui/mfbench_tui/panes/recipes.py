"""Recipes: those beside the workspace, with what is wrong marked in their text, and how each went last."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable

from mfbench.core.errors import MfbenchError
from mfbench_tui.dialogs.ask import Ask, Field
from mfbench_tui.panes import recipe_acts
from mfbench_tui.panes.pane import Pane
from mfbench_tui.panes.recipe_acts import RecipeActs
from mfbench_tui.panes.recipe_words import COLUMNS, row_of, title_of
from mfbench_tui.widgets.listing import WIDE, Listing
from mfbench_tui.widgets.recipe_view import RecipeView
from mfbench_tui.widgets.titled import Empty, Title

EVERY = 1.0  # seconds between two looks at the files: an editor in another window saves them
NONE = """No recipes here. A recipe is one TOML file that says which data, which model, and how it is judged.
Press n to make one from a template or from a data file of yours; on the command line: mfbench init --demo"""


class Recipes(Pane, RecipeActs):
    """The list on the left, the text on the right; Enter goes into the text, Esc comes back."""

    NOUN = "recipes"
    CONCERNS = frozenset({"runs", "queue"})
    WRITES = recipe_acts.WRITES
    BINDINGS = [
        *recipe_acts.BINDINGS,
        Binding("v", "read", "Read", show=False),
        Binding("slash", "filter", "Filter", key_display="/", show=False),
        Binding("escape", "back", "Back to the list", show=False),
    ]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.part = ""
        self.rows: list[dict[str, Any]] = []
        self._all: list[dict[str, Any]] = []
        self._waiting, self._wanted = 0, ""
        self._files: list[tuple[str, int, int]] = []
        self._problems: dict[str, MfbenchError] = {}  # what a check against the data has found, until a file changes

    def compose(self) -> ComposeResult:
        yield Title("Recipes …")
        with Horizontal(classes="split"):
            with Vertical(classes="left"):
                yield Listing(id="list")
                yield Empty()
            with Vertical(classes="right"):
                yield RecipeView()

    def on_mount(self) -> None:
        self.set_interval(EVERY, self._look)

    def activate(self) -> None:
        self._stale = True  # files are nobody's events
        super().activate()

    def refresh_data(self) -> None:
        self.ask_again(self._load, self.show)

    def _load(self) -> tuple[Any, ...]:
        bench = self.desk.bench
        return bench.recipe_files(), bench.recipes(), sum(one["state"] == "waiting" for one in bench.queued())

    def _look(self) -> None:
        if self.display and self.screen.is_current:
            self.ask(self.desk.bench.recipe_files, self._looked, group="look", failed=lambda _: None)

    def _looked(self, files: Any) -> None:
        if files != self._files:
            self.refresh_data()

    def show(self, answer: tuple[Any, ...]) -> None:
        files, self._all, self._waiting = answer
        if files != self._files:
            self._files = files
            self._problems.clear()
        self._draw()

    def _draw(self) -> None:
        part = self.part.lower()
        self.rows = [one for one in self._all if part in one["file"].lower() or part in (one["name"] or "").lower()]
        self._say_title()
        nothing = "No recipe has that in its name. Press / for another text; an empty one shows all."
        self.query_one(Empty).say(None if self.rows else nothing if self._all else NONE)
        now = self.desk.now()
        self.listing.fill(COLUMNS, [row_of(one, now) for one in self.rows])
        if self._wanted in self.listing.keys:
            self.listing.move_to(self._wanted)
            self._wanted = ""
        if self.display and self.screen.is_current and self.screen.focused is None:
            self.focus_list()
        self._read()

    # -- the text ------------------------------------------------------------------------------------------------

    def current(self) -> dict[str, Any] | None:
        key = self.listing.current
        return next((one for one in self.rows if one["path"] == key), None)

    def on_data_table_row_highlighted(self) -> None:
        self._read()

    def _say_title(self) -> None:
        about, alone = self.current(), self.app.size.width < WIDE and self.query_one(".split").has_class("-detail")
        text = f"{about['file']}   esc goes back" if about and alone else ""
        self.query_one(Title).say(text or title_of(self.rows, len(self._all), self.part, self._waiting))

    def _read(self) -> None:
        about = self.current()
        if about is None:
            self.query_one(RecipeView).clear()
            return
        path = about["path"]
        self.ask(lambda: self.desk.bench.read_recipe(path), lambda found: self._show_text(path, found), group="read")

    def _show_text(self, path: str, found: dict[str, Any]) -> None:
        problem = found["problem"]
        if problem is None and path in self._problems:
            problem = self.desk.bench.problem_of(self._problems[path])
        self.query_one(RecipeView).show(path, found["text"], problem)

    def point_out(self, path: str, problem: MfbenchError) -> None:
        self._problems[path] = problem
        self._read()
        if self.display:  # else another pane has the keys
            self.action_read()

    def go_to(self, path: str) -> None:
        self.part, self._wanted = "", path

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        self.action_read()

    def action_read(self) -> None:
        if self.current() is None:
            self._none()
            return
        self.query_one(".split").add_class("-detail")
        self._say_title()
        self.query_one(RecipeView).focus()

    def action_back(self) -> None:
        self.query_one(".split").remove_class("-detail")
        self._say_title()
        self.focus_list()

    def action_filter(self) -> None:
        self.action_back()
        self.app.push_screen(
            Ask("Recipes with this in their name", [Field("", self.part)], "Show", "Empty: all."), self._filtered
        )

    def _filtered(self, answer: list[str] | None) -> None:
        if answer is not None:
            self.part = answer[0].strip()
            self._draw()
