"""Asks for several things and tries them: it is left only with what works, so nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, Label, TextArea

from mfbench_tui.asking import Asking
from mfbench_tui.dialogs.ask import Field
from mfbench_tui.dialogs.dialog import Dialog
from mfbench_tui.errors import told
from mfbench_tui.text import safe


class Form(Asking, Dialog[Any]):
    """Dismissed with what `attempt`, called in a thread with the texts, returns; what it raises is shown in the form.

    lines: a first field of several lines, with this label and text. Ctrl+S is the button, wherever one is.
    """

    BINDINGS = [
        Binding("escape", "cancel", "Cancel"),
        Binding("ctrl+s", "leave", "Done", priority=True),
    ]
    DEFAULT_CSS = """
    Form .dialog { padding: 0 2; }
    Form TextArea, Form Input { background: $panel; }
    Form TextArea { height: 4; }
    Form VerticalScroll { height: auto; max-height: 52vh; }
    Form .refused { color: $text-error; margin-top: 1; display: none; }
    """

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        verb: str,
        attempt: Callable[[list[str]], Any],
        *,
        told: str = "",
        lines: Field | None = None,
    ) -> None:
        super().__init__()
        self.heading, self.fields, self.verb, self.attempt = title, list(fields), verb, attempt
        self.told, self.lines = told, lines
        self._busy = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label(safe(self.heading), markup=False, classes="question")
            with VerticalScroll(can_focus=False):
                if self.told:
                    yield Label(self.told, markup=False)
                if self.lines:
                    yield Label(safe(self.lines.label), markup=False, classes="label")
                    yield TextArea(
                        self.lines.value, show_line_numbers=False, placeholder=self.lines.placeholder, compact=True
                    )
                for field in self.fields:
                    yield Label(safe(field.label), markup=False, classes="label")
                    yield Input(field.value, placeholder=field.placeholder, compact=True)
                yield Label("", markup=False, classes="refused")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(f"{self.verb} (ctrl+s)", id="do", variant="primary")

    def on_mount(self) -> None:
        self.query("TextArea, Input").first().focus()

    @property
    def texts(self) -> list[str]:
        """Of the field of several lines, where there is one, then of the others."""
        return [*(area.text for area in self.query(TextArea)), *(box.value.strip() for box in self.query(Input))]

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input is list(self.query(Input))[-1]:
            self.action_leave()
        else:
            self.focus_next(Input)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "do":
            self.action_leave()
        else:
            self.action_cancel()

    def action_cancel(self) -> None:
        if self._busy:
            self.notify("it is on its way already and cannot be called back", timeout=3)
        else:
            self.dismiss(None)

    def action_leave(self) -> None:
        if self._busy:
            return
        for field, box in zip(self.fields, self.query(Input), strict=True):
            if field.required and not box.value.strip():
                self._say(f"{field.label} is missing")
                box.focus()
                return
        texts, self._busy = self.texts, True
        self.query_one("#do", Button).label = f"{self.verb} …"
        self.ask(lambda: self.attempt(texts), self.dismiss, failed=self._refused)

    def _refused(self, error: Exception) -> None:
        self._busy = False
        self.query_one("#do", Button).label = f"{self.verb} (ctrl+s)"
        self._say(told(error)[1].replace("\n\n", "\n"))

    def _say(self, text: str) -> None:
        label = self.query_one(".refused", Label)
        label.update(text)
        label.display = True
        label.scroll_visible(animate=False)
