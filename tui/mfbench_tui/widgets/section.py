"""A part of a screen that is asked for when it is first shown, and again when what it shows has changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import DataTable

from mfbench_tui.dialogs.ask import Ask, Field
from mfbench_tui.dialogs.reader import Reader
from mfbench_tui.errors import told
from mfbench_tui.steady import Steady
from mfbench_tui.widgets.listing import Column, Listing, Row
from mfbench_tui.widgets.titled import Empty, Title


class Section(Vertical, Steady):
    """Subclasses find out in `load`, in a thread, what `show` shows. `changes`: asked again while its run goes on."""

    NOUN: ClassVar[str] = "section"
    changes = True
    can_focus = False

    def load(self) -> Any:
        raise NotImplementedError

    def show(self, answer: Any) -> None:
        raise NotImplementedError

    def on_mount(self) -> None:
        self.refresh_data()

    def refresh_data(self) -> None:
        self.ask_again(self.load, self.show, self.failed)

    def failed(self, error: Exception) -> None:
        self.query_one(Empty).say(told(error)[1])

    def take_focus(self) -> None:
        """The list, else the first part that can be scrolled."""
        found = self.query(Listing).results() if self.query(Listing) else self.query("*").results()
        place = next((one for one in found if one.can_focus and one.display), None)
        if place is not None:
            place.focus()


class TableSection(Section):
    """A list. Enter reads a row in full, `/` shows the rows that contain a text."""

    TITLE: ClassVar[str] = ""
    EMPTY: ClassVar[str] = "Nothing here."
    BINDINGS = [Binding("slash", "narrow", "Filter", key_display="/", show=False)]
    part = ""
    _answer: tuple[Sequence[Column], Sequence[Row]] = ((), ())

    def compose(self) -> ComposeResult:
        yield Title(f"{self.TITLE} …")
        yield Listing(id="list")
        yield Empty()

    def table(self, answer: Any) -> tuple[Sequence[Column], Sequence[Row]]:
        """Columns and rows of what was found."""
        raise NotImplementedError

    def note(self) -> str:
        """What stands behind the title."""
        return ""

    def show(self, answer: Any) -> None:
        self._answer = self.table(answer)
        self._draw()

    def _draw(self) -> None:
        columns, rows = self._answer
        part = self.part.lower()
        kept = [row for row in rows if part in row.key.lower() or any(part in str(cell).lower() for cell in row.cells)]
        count = f"{len(kept):,} of {len(rows):,}   / {self.part}" if part else f"{len(rows):,}"
        self.query_one(Title).say(f"{self.TITLE} {count}   {self.note()}")
        listing = self.query_one(Listing)
        had = listing.has_focus
        nothing = "No row contains that. Press / for another text." if rows else self.EMPTY
        self.query_one(Empty).say(None if kept else nothing)
        listing.styles.height = "1fr" if kept else 1  # never hidden: it has the focus, and so the keys
        listing.fill(columns, kept)
        if kept and not had and self.display and self.screen.is_current and self.screen.focused is None:
            listing.focus()

    def action_narrow(self) -> None:
        self.app.push_screen(Ask("Rows that contain", [Field("", self.part)], "Show", "Empty: all."), self._narrowed)

    def _narrowed(self, answer: list[str] | None) -> None:
        if answer is not None:
            self.part = answer[0].strip()
            self._draw()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        if event.row_key.value is not None:
            self.open_row(event.row_key.value)

    def open_row(self, key: str) -> None:
        columns, rows = self._answer
        row = next((row for row in rows if row.key == key), None)
        if row is not None:
            lines = [f"{title or ' '}: {text}" for title, text in row.read(columns)]
            self.app.push_screen(Reader(self.TITLE, "\n\n".join(lines)))
