"""Details in several sections under a small bar of tabs; each is asked for when it is first shown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Static, Tab, Tabs

from mfbench_tui.text import styled


class Tabbed(Vertical):
    """`names` are the tabs. Posts `Wanted` for the section that is to be shown; answer with `show`."""

    DEFAULT_CSS = """
    Tabbed > VerticalScroll { height: 1fr; padding: 0 1; }
    Tabbed > VerticalScroll:focus { background-tint: $foreground 4%; }
    """

    class Wanted(Message):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, names: Sequence[str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.names = list(names)
        self.current = self.names[0]

    def compose(self) -> ComposeResult:
        bar = Tabs(*(Tab(name, id=name.lower()) for name in self.names))
        bar.can_focus = False
        yield bar
        with VerticalScroll():
            yield Static()

    def show(self, content: RenderableType | str) -> None:
        self.query_one(Static).update(styled(content) if isinstance(content, str) else content)

    def turn(self, by: int) -> None:
        at = (self.names.index(self.current) + by) % len(self.names)
        self.query_one(Tabs).active = self.names[at].lower()

    def focus_text(self) -> None:
        self.query_one(VerticalScroll).focus()

    def on_tabs_tab_activated(self, event: Tabs.TabActivated) -> None:
        event.stop()  # the bar of the panes has the same message
        name = next(name for name in self.names if name.lower() == event.tab.id)
        if name != self.current:
            self.current = name
            self.query_one(VerticalScroll).scroll_home(animate=False)
            self.post_message(self.Wanted(name))
