"""The workbench on a terminal: six panes on number keys, and what opens from them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from typing import Any, cast

from textual import events
from textual.actions import ActionParseResult
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding
from textual.containers import Horizontal
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Footer, Tab, Tabs

from mfbench_tui import feed
from mfbench_tui.asking import Answer, shown
from mfbench_tui.desk import Desk
from mfbench_tui.dialogs.reader import Reader
from mfbench_tui.errors import told
from mfbench_tui.panes.pane import Heeding, Pane
from mfbench_tui.text import safe
from mfbench_tui.themes import wanted_theme
from mfbench_tui.threads import Threads
from mfbench_tui.warned import told_on

# name: (module of panes, its class); the keys are 1 to 6
PANES = {
    "recipes": ("recipes", "Recipes"),
    "runs": ("runs", "Runs"),
    "search": ("search", "Search"),
    "models": ("models", "Models"),
    "drift": ("drift", "Drift"),
    "deployments": ("deployments", "Deployments"),
}


class MfbenchApp(App[None]):
    """`desk` is the state that panes share; each pane is made when it is first opened."""

    TITLE = "mfbench"
    CSS_PATH = "style.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    ENABLE_COMMAND_PALETTE = True
    BINDINGS = [
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("ctrl+p", "command_palette", "Palette"),
        *(Binding(str(number), f"pane('{name}')", name.title(), show=False) for number, name in enumerate(PANES, 1)),
        Binding("ctrl+o", "jump", "Jump", show=False),
        Binding("ctrl+l", "command_line", "Show the command", show=False),
        Binding("ctrl+t", "next_theme", "Next theme", show=False),
        Binding("y", "copy_id", "Copy id", show=False),
        Binding("Y", "copy_table", "Copy table", show=False),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, desk: Desk, first: str = "runs") -> None:
        super().__init__()
        self.desk = desk
        self._warned = ExitStack()
        self._first = first

    def get_default_screen(self) -> Screen[Any]:
        return Main(self._first)

    def on_mount(self) -> None:
        self.theme = wanted_theme(self)
        self._warned.enter_context(told_on(self))
        asyncio.get_running_loop().set_default_executor(Threads())
        self.run_worker(partial(feed.watch, self), thread=True, group="feed", exit_on_error=False)

    def on_changed(self, event: feed.Changed) -> None:
        for screen in self.screen_stack:
            for widget in (screen, *screen.walk_children(Pane)):
                if isinstance(widget, Heeding) and widget.is_mounted:
                    widget.workspace_changed(event)

    def on_unmount(self) -> None:
        self._warned.close()

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """What a key or the palette does. Where it fails, that is told, and the screen lives on."""
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except Exception as error:
            # Lists of options know their pages only once they are drawn: to turn them before is no more than too early.
            if not (isinstance(error, KeyError) and "page_" in str(action)):
                self.show_error(error)
            return True

    def on_answer(self, message: Answer) -> None:
        shown(self, message)

    def on_key(self, event: events.Key) -> None:
        """A key that read-only mode takes away says so, instead of nothing."""
        if not self.desk.read_only:
            return
        for node in (self.focused or self.screen).ancestors_with_self:
            for one in node.BINDINGS:
                if isinstance(one, Binding) and one.key == event.key and one.action in getattr(node, "WRITES", ()):
                    self.notify(f"{one.description}: opened read-only", timeout=2)

    def show_error(self, error: Exception) -> None:
        title, text = told(error)
        if isinstance(self.screen, Reader) and self.screen.text == text:
            return  # the same once more: once is enough
        self.push_screen(Reader(title, text, classes="error"))

    # -- keys that work everywhere -----------------------------------------------------------------------------

    def action_pane(self, name: str) -> None:
        self.open_pane(name)

    def open_pane(self, name: str, key: str | None = None) -> None:
        """Leaves whatever lies over the panes and opens one, with the row of `key` under its cursor."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.main.open_pane(name, key)

    @property
    def main(self) -> Main:
        return cast("Main", self.screen_stack[0])

    def action_help(self) -> None:
        from mfbench_tui.help import help_text

        self.push_screen(Reader("Keys", help_text(self.screen)))

    def action_jump(self) -> None:
        from mfbench_tui.jump import Jump

        self.push_screen(Jump(self.screen), lambda target: target.focus() if target else None)

    def action_command_line(self) -> None:
        lines = list(reversed(self.desk.commands))
        text = "\n".join(lines[:20]) or "nothing was done yet that a command line could do"
        self.push_screen(Reader("The same on the command line, the latest first", text, lines[0] if lines else ""))

    def action_next_theme(self) -> None:
        names = sorted(self.available_themes)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        self.notify(self.theme, timeout=1.5)

    def action_copy_id(self) -> None:
        from mfbench_tui.widgets.listing import Listing

        if isinstance(self.focused, Listing) and self.focused.current:
            self.copy(self.focused.name_of(self.focused.current))

    def action_copy_table(self) -> None:
        from mfbench_tui.widgets.listing import Listing

        if isinstance(self.focused, Listing) and self.focused.keys:
            self.copy(self.focused.as_text(), f"{len(self.focused.keys)} rows")

    def copy(self, text: str, what: str | None = None) -> None:
        """To the clipboard of the terminal that is looked at, also over SSH (OSC 52)."""
        self.copy_to_clipboard(text)
        self.notify(f"copied {what or safe(text, 200)}", timeout=2, markup=False)

    def action_command_palette(self) -> None:
        from mfbench_tui.palette import Palette

        if not Palette.is_open(cast("App[object]", self)):
            self.push_screen(Palette(id="--command-palette"))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        from mfbench_tui.palette import commands

        yield from commands(self, screen)


class Main(Screen[None]):
    """The panes, one at a time, under their names."""

    def __init__(self, first: str) -> None:
        super().__init__()
        self._first = first
        self._panes: dict[str, Pane] = {}
        self._key: str | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(id="top"):
            yield Tabs(*(Tab(f"{number} {name.title()}", id=name) for number, name in enumerate(PANES, 1)),
                       active=self._first)  # fmt: skip
        yield ContentSwitcher(id="panes")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one(Tabs).can_focus = False

    def on_screen_resume(self) -> None:
        """What has changed meanwhile was not asked for."""
        pane = self._panes.get(self.query_one(Tabs).active)
        if pane is not None and pane.is_mounted:
            pane.catch_up()

    def on_tabs_tab_activated(self, event: Tabs.TabActivated) -> None:
        if event.tab.id:
            self._show(event.tab.id)

    def open_pane(self, name: str, key: str | None = None) -> None:
        self._key = key
        tabs = self.query_one(Tabs)
        if tabs.active == name:
            self._show(name)
        else:
            tabs.active = name

    def _show(self, name: str) -> None:
        switcher = self.query_one(ContentSwitcher)
        if name not in self._panes:
            module, kind = PANES[name]
            pane: Pane = getattr(import_module(f"mfbench_tui.panes.{module}"), kind)(id=name)
            pane.display = False  # until the switcher says so, which may mean another one by then
            self._panes[name] = pane
            self.run_worker(self._mount(switcher, pane), group="panes")
        else:
            self._made()

    async def _mount(self, switcher: ContentSwitcher, pane: Pane) -> None:
        await switcher.mount(pane)
        self._made()

    def _made(self) -> None:
        """Shows the pane whose name is chosen now, once its parts are there."""
        pane = self._panes.get(self.query_one(Tabs).active)
        if pane is not None and pane.is_mounted:
            self.query_one(ContentSwitcher).current = pane.id
            key, self._key = self._key, None
            if key is not None:
                pane.bring(key)
            pane.activate()
