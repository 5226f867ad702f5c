"""A line above a list: what it is, how many, what filters it; and what to do where it is empty."""

from __future__ import annotations

from textual.widgets import Static

from mfbench_tui.text import styled


class Title(Static):
    """`say` shows one line, never read as markup, and whether nothing can be changed here."""

    def __init__(self, text: str = "", *, id: str | None = "title") -> None:
        super().__init__(styled(text), id=id, classes="title")

    def say(self, text: str) -> None:
        desk = getattr(self.app, "desk", None)
        self.update(styled(f"{text}   read-only" if desk is not None and desk.read_only else text))


class Empty(Static):
    """Stands in the place of a list that has nothing: what it is, and which key makes the first item."""

    def __init__(self, text: str = "", *, id: str | None = "empty") -> None:
        super().__init__(text, id=id, classes="empty", markup=False)
        self.display = False

    def say(self, text: str | None) -> None:
        """None: there is something to show."""
        self.display = text is not None
        if text is not None:
            self.update(text)
