"""Lines of a log: drawn only where they are seen, so that ten thousand cost no more than twenty."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from rich.text import Text
from textual.binding import Binding
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip


class LogView(ScrollView, can_focus=True):
    """`extend` adds lines, `replace` shows others; the oldest go when there are more than `most`."""

    BINDINGS = [
        Binding("j", "scroll_down", "Down", show=False),
        Binding("k", "scroll_up", "Up", show=False),
        Binding("g,home", "first", "First line", show=False),
        Binding("G,end", "last", "Last line", show=False),
        Binding("shift+right,greater_than_sign", "aside(20)", "To the right", show=False),
        Binding("shift+left,less_than_sign", "aside(-20)", "To the left", show=False),
    ]
    DEFAULT_CSS = "LogView { height: 1fr; background: $background; padding: 0 1; }"

    def __init__(self, most: int = 10_000) -> None:
        super().__init__()
        self.lines: deque[Text] = deque(maxlen=most)
        self._widest = 0

    def replace(self, lines: Iterable[Text]) -> None:
        self.lines.clear()
        self._widest = 0
        self.extend(lines)

    def extend(self, lines: Iterable[Text]) -> None:
        for line in lines:
            self.lines.append(line)
            self._widest = max(self._widest, line.cell_len)
        self.virtual_size = Size(self._widest, len(self.lines))
        self.refresh()

    def to_end(self) -> None:
        self.scroll_end(animate=False, x_axis=False)

    def action_first(self) -> None:
        self.scroll_home(animate=False)

    def action_last(self) -> None:
        self.to_end()

    def action_aside(self, by: int) -> None:
        self.scroll_relative(x=by, animate=False)

    def render_line(self, y: int) -> Strip:
        x, top = self.scroll_offset
        width, at = self.scrollable_content_region.width, y + top
        if at >= len(self.lines):
            return Strip.blank(width, self.rich_style)
        strip = Strip(list(self.lines[at].render(self.app.console)))
        return strip.apply_style(self.rich_style).crop_extend(x, x + width, self.rich_style)
