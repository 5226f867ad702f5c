"""Shows a text to read: an error with its remedy, a report's summary, help. `y` copies it."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Label, Static

from mfbench_tui.dialogs.dialog import Dialog
from mfbench_tui.text import safe


class Reader(Dialog[None]):
    """text: what is shown, of several lines. copied: what `y` copies instead of it."""

    BINDINGS = [
        Binding("escape,q,enter", "dismiss(None)", "Close"),
        Binding("y", "copy", "Copy"),
    ]

    def __init__(self, title: str, text: str | Text, copied: str | None = None, classes: str = "") -> None:
        super().__init__(classes=classes)
        self.heading, self.text = title, text
        self.copied = copied if copied is not None else str(text)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog reader"):
            yield Label(safe(self.heading), markup=False, classes="question")
            with VerticalScroll(can_focus=True):
                yield Static(self.text if isinstance(self.text, Text) else Text(self.text))
            yield Label("esc closes   y copies", classes="hint")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.copied)
        self.notify("copied")
