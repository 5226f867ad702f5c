"""Asks which one of several."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from mfbench_tui.dialogs.dialog import Dialog
from mfbench_tui.text import safe, styled


class Choose(Dialog[str | None]):
    """The key of the chosen option, or None. options: (key, text)."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, title: str, options: Sequence[tuple[str, str | Text]]) -> None:
        super().__init__()
        self.heading, self.options = title, list(options)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label(safe(self.heading), markup=False, classes="question")
            yield OptionList(*(Option(text if isinstance(text, Text) else styled(text)) for _, text in self.options))

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self.options[event.option_index][0])
