"""What the panes have in common: a title, one main list, a question asked anew when something has changed."""

from __future__ import annotations

from typing import ClassVar, Protocol, runtime_checkable

from textual.containers import Vertical

from mfbench_tui.feed import Changed
from mfbench_tui.steady import Steady
from mfbench_tui.widgets.listing import Listing


@runtime_checkable
class Heeding(Protocol):
    """Panes and screens that show what may change."""

    def workspace_changed(self, event: Changed) -> None: ...


class Pane(Steady, Vertical):
    """Subclasses compose their widgets, with one `Listing` of id `list`, and say in `refresh_data` what they show.

    concerns: which changes of the workspace they show. writes: actions that read-only mode takes away. NOUN: of the
    palette's 'noun: verb'. Nothing is asked while the pane is hidden.
    """

    NOUN: ClassVar[str] = ""
    CONCERNS: ClassVar[frozenset[str]] = frozenset()
    WRITES: ClassVar[frozenset[str]] = frozenset()
    can_focus = False
    _stale = True

    def refresh_data(self) -> None:
        """Asks for what is shown. Called on the event loop: it only starts questions."""
        raise NotImplementedError

    def activate(self) -> None:
        """The pane was opened: what may have changed meanwhile is asked for, and the list has the focus."""
        self.catch_up()
        self.focus_list()

    def catch_up(self) -> None:
        """Asks for what has changed while nobody looked."""
        if self._stale:
            self._stale = False
            self.refresh_data()

    def bring(self, key: str) -> None:
        """Puts the row of `key` under the cursor, as soon as it is there."""
        self._stale = True
        self.listing.wanted(key)

    def focus_list(self) -> None:
        found = self.query("#list")
        if found:
            found.first().focus()

    def workspace_changed(self, event: Changed) -> None:
        if not event.what & self.CONCERNS:
            return
        if self.display and self.screen.is_current:
            self.refresh_data()
        else:
            self._stale = True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action in self.WRITES and self.desk.read_only)

    @property
    def listing(self) -> Listing:
        return self.query_one("#list", Listing)
