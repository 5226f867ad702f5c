"""Asks which ones of many, by a list to tick; what is typed narrows the list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Label, OptionList
from textual.widgets.option_list import Option

from mfbench_tui.dialogs.dialog import Dialog
from mfbench_tui.text import safe, styled

HINT = "space ticks   enter is done   esc cancels"


class Tick(Dialog[list[str] | None]):
    """The keys that are ticked, or None: first those that were, in their order. most: how many may be."""

    BINDINGS = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("enter", "done", "Done", priority=True),
        Binding("space", "tick", "Tick"),
        Binding("slash", "narrow", "Find", key_display="/"),
    ]
    DEFAULT_CSS = "Tick OptionList { height: auto; max-height: 16; border: none; }"

    def __init__(self, title: str, options: Sequence[str], ticked: Iterable[str], most: int = 100) -> None:
        super().__init__()
        self.heading, self.options, self.most = title, list(options), most
        self.before = [key for key in ticked if key in options]
        self.ticked = set(self.before)
        self._found: list[str] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label(safe(self.heading), markup=False, classes="question")
            yield OptionList()
            yield Input(placeholder="/ narrows the list")
            yield Label(HINT, classes="hint")

    def on_mount(self) -> None:
        self._show("")
        self.query_one(OptionList).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show(event.value)

    def _show(self, part: str) -> None:
        self._found = [key for key in self.options if part.strip().lower() in key.lower()]
        listing = self.query_one(OptionList)
        listing.clear_options()
        listing.add_options([Option(self._prompt(key)) for key in self._found])
        listing.highlighted = 0 if self._found else None
        self.query_one(".hint", Label).update(HINT if self._found else "nothing has that in its name; / for another")

    def _prompt(self, key: str) -> Text:
        ticked = key in self.ticked
        return styled(f"{'✓' if ticked else ' '} {safe(key, 60)}", "bold" if ticked else "")

    def action_tick(self) -> None:
        listing = self.query_one(OptionList)
        if listing.highlighted is not None:
            key = self._found[listing.highlighted]
            self.ticked ^= {key}
            listing.replace_option_prompt_at_index(listing.highlighted, self._prompt(key))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """By the mouse: Enter is taken before."""
        self.query_one(OptionList).highlighted = event.option_index
        self.action_tick()

    def action_narrow(self) -> None:
        self.query_one(Input).focus()

    def action_done(self) -> None:
        if isinstance(self.focused, Input):  # back to what was found
            self.query_one(OptionList).focus()
        elif len(self.ticked) > self.most:
            self.notify(f"at most {self.most} can be shown; {len(self.ticked)} are ticked", severity="warning")
        else:
            self.dismiss([key for key in dict.fromkeys([*self.before, *self.options]) if key in self.ticked])
