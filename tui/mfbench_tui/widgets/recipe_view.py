"""The recipe beside the list: scrolled with the arrows, brought to the line where something is wrong."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from mfbench_tui.widgets.recipe_text import line_of, recipe_text


class RecipeView(VerticalScroll, can_focus=True):
    """`show` draws a text, and scrolls only where it is another one, or wrong in another place."""

    NOUN = "recipe"
    BINDINGS = [
        Binding("j", "scroll_down", "Down", show=False),
        Binding("k", "scroll_up", "Up", show=False),
        Binding("g", "scroll_home", "Top", show=False),
        Binding("G", "scroll_end", "End", show=False),
    ]
    DEFAULT_CSS = "RecipeView { height: 1fr; padding: 0 1; } RecipeView:focus { background: $surface; }"
    _shown: tuple[Any, ...] = ()

    def compose(self) -> ComposeResult:
        yield Static("", id="text")

    def show(self, path: str, text: str, problem: dict[str, Any] | None) -> None:
        now = (path, text, problem)
        if now == self._shown:
            return
        moved = not self._shown or self._shown[0] != path or line_of(problem) != line_of(self._shown[2])
        self._shown = now
        self._draw()
        if moved:
            self.scroll_to(0, max(0, (line_of(problem) or 1) - 4), animate=False)

    def _draw(self) -> None:
        if self._shown:
            _, text, problem = self._shown
            width = self.scrollable_content_region.width or self.app.size.width
            self.query_one("#text", Static).update(recipe_text(text, width - 1, problem))

    def on_resize(self) -> None:
        self._draw()

    def clear(self) -> None:
        self._shown = ()
        self.query_one("#text", Static).update("")
