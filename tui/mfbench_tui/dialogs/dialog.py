"""What the dialogs have in common: each is left once."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen, ScreenResultType


class Once(Screen[ScreenResultType]):
    """Two keys may come in one packet, and an answer while something lies over it: it alone is left, and only once."""

    _left = False

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        if self._left or self not in self.app.screen_stack:
            return AwaitComplete()
        self._left = True
        while self.app.screen is not self:
            self.app.pop_screen()
        return super().dismiss(result)


class Dialog(ModalScreen[ScreenResultType], Once[ScreenResultType]):  # Textual takes styles from the first
    """Lies over what is below it."""
