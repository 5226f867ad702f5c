"""One search: its history, trials, what mattered, slices through its space, and what cannot be had together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from rich.text import Text
from textual.binding import Binding

from mfbench_tui.feed import Changed
from mfbench_tui.screens.search_plots import Front, History, Slices
from mfbench_tui.screens.search_sections import Importance, Trials
from mfbench_tui.screens.sectioned import Sectioned
from mfbench_tui.text import number, safe, status_text
from mfbench_tui.widgets.section import Section


class SearchScreen(Sectioned):
    """`run`: its id. Sections ask for themselves, again whenever the run moves on."""

    NOUN = "search"
    CONCERNS: ClassVar[frozenset[str]] = frozenset({"runs"})
    BINDINGS = [Binding("o", "open_run", "Open its run")]

    def __init__(self, run: str) -> None:
        super().__init__()
        self.run = run

    def sections(self) -> dict[str, Callable[[str], Section]]:
        made = {"history": History, "trials": Trials, "importance": Importance, "slices": Slices, "front": Front}
        return {name: partial(kind, self.run) for name, kind in made.items()}

    def on_mount(self) -> None:
        super().on_mount()
        self._ask_head()

    def workspace_changed(self, event: Changed) -> None:
        if event.what & self.CONCERNS:
            self._ask_head()
            if self.shown is not None:
                self.shown.refresh_data()

    def _ask_head(self) -> None:
        self.ask_again(self._load_head, lambda found: self.say_head(head_text(*found)), self.workbench_app.show_error)

    def _load_head(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return self.desk.bench.show_run(self.run), self.desk.bench.search(self.run)

    def action_open_run(self) -> None:
        from mfbench_tui.screens.run import RunScreen

        self.app.push_screen(RunScreen(self.run))


def head_text(run: dict[str, Any], found: dict[str, Any]) -> Text:
    text = Text(safe(run["name"], 40), "bold", no_wrap=True)
    text.append("  ")
    text.append_text(status_text(run["status"]))
    done = sum(one["state"] is not None for one in found["trials"])
    text.append(f"  {done:,} trials", "not bold")
    if found["history"]:
        number_of, best = found["history"][-1][0], found["history"][-1][2]
        at = next((one[0] for one in found["history"] if one[1] == best), number_of)
        text.append(f"  best {safe((found['objectives'] or ['value'])[0], 24)} {number(best)} (trial {at})", "not bold")
    return text
