"""Jump mode: a letter on each place that can have the focus; typing it goes there."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Label

from mfbench_tui.dialogs.dialog import Dialog

LETTERS = "asdfghjklqwertzuiopyxcvbnm"


class Jump(Dialog[Widget | None]):
    """The widget that was chosen, or None by any other key."""

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        places = [widget for widget in below.focus_chain if widget.region.area]
        self.targets = dict(zip(LETTERS, places, strict=False))

    def compose(self) -> ComposeResult:
        for letter, widget in self.targets.items():
            label = Label(f" {letter} ", classes="jump")
            label.styles.offset = (widget.region.x, widget.region.y)
            yield label

    def on_key(self, event: events.Key) -> None:
        event.stop()
        self.dismiss(self.targets.get(event.character or ""))

    def on_click(self) -> None:
        self.dismiss(None)
