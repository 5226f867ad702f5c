"""Asks for one line or several: a filter, a note, a tag, a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Label

from mfbench_tui.dialogs.dialog import Dialog
from mfbench_tui.text import safe


@dataclass(frozen=True)
class Field:
    """`required`: the dialog is not left with it empty."""

    label: str
    value: str = ""
    placeholder: str = ""
    required: bool = False


class Ask(Dialog[list[str] | None]):
    """The texts of the fields, or None. Enter in the last field is the button."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, title: str, fields: Sequence[Field], verb: str = "OK", told: str = "") -> None:
        super().__init__()
        self.heading, self.fields, self.verb, self.told = title, list(fields), verb, told

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label(safe(self.heading), markup=False, classes="question")
            if self.told:
                yield Label(self.told, markup=False)
            for field in self.fields:
                if field.label:
                    yield Label(safe(field.label), markup=False, classes="label")
                yield Input(field.value, placeholder=field.placeholder)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(self.verb, id="do", variant="primary")

    def on_mount(self) -> None:
        self.query(Input).first().focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        inputs = list(self.query(Input))
        if event.input is inputs[-1]:
            self._leave()
        else:
            self.focus_next(Input)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "do":
            self._leave()
        else:
            self.dismiss(None)

    def _leave(self) -> None:
        for field, box in zip(self.fields, self.query(Input), strict=True):
            if field.required and not box.value.strip():
                box.focus()
                return
        self.dismiss([box.value for box in self.query(Input)])
