"""A plot that can be drawn without colours. It loads numpy: import it where it is first shown, not before."""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.strip import Strip
from textual_hires_canvas import Canvas
from textual_plot import PlotWidget


class Plot(PlotWidget, can_focus=False):
    """Its canvas leaves the lines that it has yet to learn of without a style, which NO_COLOR's filter cannot take."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, allow_pan_and_zoom=False)

    def compose(self) -> ComposeResult:
        for part in super().compose():
            if isinstance(part, Canvas):
                part.render_line = _styled(part.render_line)  # type: ignore[method-assign, assignment]
            yield part


def _styled(render: Callable[[int], Strip]) -> Callable[[int], Strip]:
    def render_line(y: int) -> Strip:
        strip = render(y)
        if all(segment.style is not None for segment in strip):
            return strip
        return Strip([Segment(segment.text, segment.style or Style.null()) for segment in strip], strip.cell_length)

    return render_line
