"""A screen of several sections under a head: one at a time, by left and right."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Footer, Static, Tab, Tabs

from mfbench_tui.steady import Steady
from mfbench_tui.widgets.section import Section


class Sectioned(Screen[None], Steady):
    """`sections` makes each section when it is first opened. WRITES: actions that read-only mode takes away."""

    NOUN: ClassVar[str] = ""
    WRITES: ClassVar[frozenset[str]] = frozenset()
    BINDINGS = [
        Binding("escape", "back", "Back"),
        Binding("left,h", "section(-1)", "Section before", show=False, priority=True),
        Binding("right,l", "section(1)", "Next section", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    Sectioned #head { height: auto; max-height: 8; padding: 0 1; }
    Sectioned Section { height: 1fr; }
    """

    def sections(self) -> dict[str, Callable[[str], Section]]:
        """{name: what makes it, given its id}, in order."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        self._made: dict[str, Section] = {}
        self._makers = self.sections()
        yield Static("", id="head")
        yield Tabs(*(Tab(name.title(), id=name) for name in self._makers))
        yield ContentSwitcher(id="sections")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one(Tabs).can_focus = False

    def say_head(self, text: Text) -> None:
        if self.desk.read_only:
            first, *rest = text.split("\n")
            text = Text("\n").join([Text.assemble(first, "   ", ("read-only", "bold")), *rest])
        self.query_one("#head", Static).update(text)

    @property
    def shown(self) -> Section | None:
        tabs = self.query(Tabs)  # none yet where the workspace changes while the screen opens
        return self._made.get(tabs.first().active) if tabs else None

    def on_tabs_tab_activated(self, event: Tabs.TabActivated) -> None:
        name = event.tab.id or ""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._makers[name](name)
            made.display = False  # until it is known that it is wanted still
            # Not waited for here: the screen may be left meanwhile, which waits for what it is in the middle of.
            self.run_worker(self._mount(made), group="sections", exit_on_error=False)
        elif made.is_mounted:
            if made.changes:
                made.refresh_data()
            self._turn_to(made)

    async def _mount(self, made: Section) -> None:
        await self.query_one(ContentSwitcher).mount(made)
        if self.shown is made:
            self._turn_to(made)

    def _turn_to(self, made: Section) -> None:
        with suppress(NoMatches):  # the screen is being left, and its parts are gone before it is
            self.query_one(ContentSwitcher).current = made.id
            made.take_focus()

    def action_section(self, by: int) -> None:
        tabs, names = self.query_one(Tabs), list(self._makers)
        tabs.active = names[(names.index(tabs.active) + by) % len(names)]

    def open_section(self, name: str) -> None:
        self.query_one(Tabs).active = name

    def action_back(self) -> None:
        self.dismiss(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action in self.WRITES and self.desk.read_only)
