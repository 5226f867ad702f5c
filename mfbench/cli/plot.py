"""A curve drawn with braille signs: each cell of the terminal holds two dots beside each other, four above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # by column, from the top
_BLANK = 0x2800


class Window(NamedTuple):
    """What a panel shows: the least and greatest x, the least and greatest value."""

    left: float
    right: float
    bottom: float
    top: float


def draw(
    x: Sequence[float],
    low: Sequence[float | None],
    high: Sequence[float | None],
    window: Window,
    width: int,
    height: int,
) -> list[str]:
    """Lines of braille: a band from `low` to `high` along x, as far as it lies in `window`.

    x ascends; None leaves a gap. Neighbouring points are joined. width, height: in cells.
    """
    points = [(at, a, b) for at, a, b in zip(x, low, high, strict=True) if a is not None and b is not None]
    if not points:
        return [" " * width] * height
    left, right, bottom, top = window
    across, up = width * 2 - 1, height * 4 - 1
    cells = [[_BLANK] * width for _ in range(height)]
    before: tuple[int, int, int] | None = None
    for at, a, b in points:
        column = _place(at, left, right, across)
        first, last = _place(a, bottom, top, up), _place(b, bottom, top, up)
        for step in range(before[0] + 1 if before else column, column + 1):
            # On the way to the next point the band narrows to a line between the middles.
            share = (step - before[0]) / (column - before[0]) if before else 1.0
            middle = (before[1] + before[2] + (first + last - before[1] - before[2]) * share) / 2 if before else first
            _dot(cells, step, round(middle), up)
        for row in range(first, last + 1):
            _dot(cells, column, row, up)
        if before and column - before[0] <= 1:  # a jump between neighbours is a line too
            for row in range(min(before[2], last), max(before[1], first) + 1):
                _dot(cells, column, row, up)
        before = column, first, last
    return ["".join(map(chr, line)) for line in cells]


def _place(value: float, low: float, high: float, most: int) -> int:
    """Where a value stands between 0 and `most`. Halves first: the distance of two floats may be no float."""
    span = high / 2 - low / 2
    return round((value / 2 - low / 2) / span * most) if span > 0 else most // 2


def _dot(cells: list[list[int]], column: int, row: int, up: int) -> None:
    down = up - row
    cells[down // 4][column // 2] |= _DOTS[column % 2][down % 4]
