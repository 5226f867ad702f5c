"""Asks before something dangerous is done. Cancel has the focus; production wants the name typed."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Label

from mfbench_tui.dialogs.dialog import Dialog
from mfbench_tui.text import safe


class Confirm(Dialog[bool]):
    """What is going to happen, in words; True when it is wanted. typed: what has to be written out first."""

    BINDINGS = [
        Binding("escape", "dismiss(False)", "Cancel"),
        Binding("left,right", "other", "Other button", show=False),
    ]

    def __init__(self, question: str, told: str = "", verb: str = "Do it", typed: str | None = None) -> None:
        super().__init__()
        self.question, self.told, self.verb, self.typed = question, told, verb, typed

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label(safe(self.question), markup=False, classes="question")
            if self.told:
                yield Label(self.told, markup=False)
            if self.typed is not None:
                yield Input(placeholder=f"type {safe(self.typed)} to go on")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(self.verb, id="do", variant="error", disabled=self.typed is not None)

    def on_mount(self) -> None:
        self.query_one("#cancel", Button).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        self.query_one("#do", Button).disabled = event.value != self.typed

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "do")

    def action_other(self) -> None:
        self.focus_next(Button)
