"""Asks for a condition or an order, tries it, and is left only with one that works: nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable

from textual.widgets import Input, Label

from mfbench_tui.asking import Asking
from mfbench_tui.dialogs.ask import Ask, Field
from mfbench_tui.errors import told


class Query(Ask, Asking):
    """One field. `attempt` is called in a thread with its text; what it raises is shown below the field."""

    DEFAULT_CSS = "Query .refused { color: $text-error; margin-top: 1; display: none; }"

    def __init__(self, title: str, value: str, verb: str, told: str, attempt: Callable[[str], object]) -> None:
        super().__init__(title, [Field("", value)], verb, told)
        self.attempt = attempt

    def on_mount(self) -> None:
        super().on_mount()
        self.mount(Label("", markup=False, classes="refused"), after=self.query_one(Input))

    def _leave(self) -> None:
        text = self.query_one(Input).value.strip()
        self.ask(lambda: self.attempt(text), lambda _: self.dismiss([text]), failed=self._refused)

    def _refused(self, error: Exception) -> None:
        label = self.query_one(".refused", Label)
        label.update(told(error)[1].replace("\n\n", "\n"))
        label.display = True
        self.query_one(Input).focus()
