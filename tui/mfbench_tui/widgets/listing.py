"""A list of one kind of thing: a page of rows, a cursor that stays with its row, and columns that fit the width."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding
from textual.message import Message
from textual.widgets import DataTable

from mfbench_tui.text import styled

WIDEST = 60  # signs of one column
PATIENCE = 2.0  # seconds for a page to come, if there is one
WIDE = 100  # columns of the screen from which on all are shown


@dataclass(frozen=True)
class Column:
    """`wide`: shown only on a screen of WIDE columns or more. `hidden`: never shown, only copied with the table."""

    key: str
    title: str
    right: bool = False
    wide: bool = False
    hidden: bool = False


@dataclass(frozen=True)
class Row:
    """`key`: by which its owner knows it, unique in the page. cells: one a column. full: what a cell shortens."""

    key: str
    cells: Sequence[str | Text]
    full: Mapping[str, str] = field(default_factory=dict)

    def read(self, columns: Sequence[Column]) -> list[tuple[str, str]]:
        """(title, text in full) of each column."""
        return [(column.title, self.full.get(column.key) or str(cell))
                for column, cell in zip(columns, self.cells, strict=True)]  # fmt: skip


class Listing(DataTable[Text]):
    """Give it rows by `fill`. Enter on a row posts `DataTable.RowSelected`; the ends of a page post `PageWanted`."""

    BINDINGS = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("g,home", "first", "First row", show=False),
        Binding("G,end", "last", "Last row", show=False),
        Binding("right_square_bracket", "next_page", "Next page", show=False),
        Binding("left_square_bracket", "previous_page", "Previous page", show=False),
    ]

    class PageWanted(Message):
        """by: 1 for the page after this one, -1 for the one before."""

        def __init__(self, listing: Listing, by: int) -> None:
            super().__init__()
            self.listing, self.by = listing, by

        @property
        def control(self) -> Listing:
            return self.listing

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes, cursor_type="row", zebra_stripes=False, cell_padding=1)
        self._kinds: tuple[Column, ...] = ()
        self._shown: tuple[tuple[Column, ...], list[int]] = ((), [])
        self._page: list[Row] = []

    def fill(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        """Shows these rows. The cursor stays on the row of its key, else at its place."""
        self._kinds, self._page = tuple(columns), list(rows)
        self.set_class(not self._page, "-none")  # never hidden: what is hidden loses the focus, and its keys with it
        self._draw()

    @property
    def keys(self) -> list[str]:
        return [row.key for row in self._page]

    @property
    def current(self) -> str | None:
        """The key of the row under the cursor."""
        return self._page[self.cursor_row].key if 0 <= self.cursor_row < len(self._page) else None

    def name_of(self, key: str) -> str:
        """What is copied of a row."""
        return key

    def as_text(self) -> str:
        """The page as lines with tabs, as a spreadsheet takes it."""
        lines = ["\t".join(column.title for column in self._kinds)]
        lines += ["\t".join(text.strip() for _, text in row.read(self._kinds)) for row in self._page]
        return "\n".join(lines)

    def wanted(self, key: str) -> None:
        """The cursor goes to this row, now or once the list is filled with it."""
        self.move_to(key)
        self._cursor_key = key

    def move_to(self, key: str) -> None:
        keys = self.keys
        if key in keys:
            self.move_cursor(row=keys.index(key), animate=False)

    def _draw(self) -> None:
        before, place, x, y = self._cursor_key, self.cursor_row, self.scroll_x, self.scroll_y
        shown = self._to_show()
        with self.app.batch_update():
            kept = [index for index, column in enumerate(self._kinds) if column in shown]
            cells = [[self._cell(row.cells[index], self._kinds[index]) for index in kept] for row in self._page]
            widths = [max([cell_len(column.title), *(row[place].cell_len for row in cells)])
                      for place, column in enumerate(shown)]  # fmt: skip
            if (shown, widths) != self._shown:
                self.clear(columns=True)
                for column, width in zip(shown, widths, strict=True):
                    title = Text(column.title, justify="right" if column.right else "left")
                    self.add_column(title, key=column.key, width=min(width, WIDEST))  # measuring is Textual's dear part
                self._shown = (shown, widths)
            else:
                self.clear()
            for row, texts in zip(self._page, cells, strict=True):
                self.add_row(*texts, key=row.key)
            keys = self.keys
            if keys:
                entered = {1: 0, -1: len(keys) - 1}.get(self._entering, place)
                at = keys.index(before) if before in keys else min(entered, len(keys) - 1)
                self.move_cursor(row=max(at, 0), animate=False, scroll=before not in keys)
                if before in keys:
                    self.scroll_to(x, y, animate=False)
            if before not in keys:  # it is the page that was asked for; else the one before was drawn once more
                self._entering = 0
        self._cursor_key = self.current

    _cursor_key: str | None = None
    _entering = 0  # 1: the page after this one was asked for, by going on past the last row; -1: the one before
    _asked = -math.inf  # when

    def _cell(self, value: str | Text, column: Column) -> Text:
        return value if isinstance(value, Text) else styled(value, right=column.right)

    def on_data_table_row_highlighted(self, _: DataTable.RowHighlighted) -> None:
        self._cursor_key = self.current

    def on_resize(self) -> None:
        if self._kinds and self._shown[0] != self._to_show():
            self._draw()

    def _to_show(self) -> tuple[Column, ...]:
        wide = self.app.size.width >= WIDE
        return tuple(column for column in self._kinds if (wide or not column.wide) and not column.hidden)

    def action_cursor_down(self) -> None:
        if self._page and self.cursor_row >= len(self._page) - 1:
            self._go_past(1)
        else:
            self._entering = 0
            super().action_cursor_down()

    def action_cursor_up(self) -> None:
        if self.cursor_row <= 0:
            self._go_past(-1)
        else:
            self._entering = 0
            super().action_cursor_up()

    def _go_past(self, by: int) -> None:
        """Once for each page that is shown: keys that repeat faster than pages come must not skip any."""
        now = time.monotonic()
        if self._entering != by or now - self._asked > PATIENCE:
            self._entering, self._asked = by, now
            self.post_message(self.PageWanted(self, by))

    def action_first(self) -> None:
        self.move_cursor(row=0, animate=False)

    def action_last(self) -> None:
        self.move_cursor(row=max(0, len(self._page) - 1), animate=False)

    def action_next_page(self) -> None:
        self.post_message(self.PageWanted(self, 1))

    def action_previous_page(self) -> None:
        self.post_message(self.PageWanted(self, -1))
