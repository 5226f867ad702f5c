"""What a report is made of. The page and the comment draw the same blocks; pictures are made only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mfbench.report.figures.canvas import Picture


class Name(str):
    """Text that a user has chosen: a column, a class, a run."""

    __slots__ = ()


@dataclass(frozen=True)
class Cell:
    """`exact`: the number that `text` rounds. `svg`: draws what stands in the cell, in the page only."""

    text: str
    exact: float | int | None = None
    svg: Callable[[], str] | None = None
    strong: bool = False


Row = list[str | Cell]


@dataclass(frozen=True)
class Table:
    """`left`: how many columns hold text; the others hold numbers. `page_only`: too long for a comment."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    left: int = 1
    title: str = ""
    note: str = ""
    page_only: bool = False


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Notes:
    """Remarks, each a sentence or two."""

    items: Sequence[str]


@dataclass(frozen=True)
class Gallery:
    """Pictures beside one another. `small`: many of a kind."""

    pictures: Callable[[], Sequence[Picture | None]]
    title: str = ""
    note: str = ""
    small: bool = False


@dataclass(frozen=True)
class Source:
    """Text as it was written. `folded`: opened by a click."""

    title: str
    text: str
    folded: bool = False


Block = Table | Text | Notes | Gallery | Source


@dataclass(frozen=True)
class Section:
    key: str
    title: str
    blocks: Sequence[Block]
