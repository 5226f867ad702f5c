"""Two to eight runs beside one another; the first is what the others are compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.binding import Binding

from mfbench_tui.errors import told
from mfbench_tui.screens import compare_tables as tables
from mfbench_tui.screens.sectioned import Sectioned
from mfbench_tui.text import glyph, safe
from mfbench_tui.widgets.curves import Curves
from mfbench_tui.widgets.section import Section

if TYPE_CHECKING:
    from mfbench.api.workbench import Workbench

LETTERS = tables.LETTERS


class Compared:
    """What `bench.compare` says, asked for once by whichever section comes first. For threads."""

    def __init__(self, bench: Workbench, runs: Sequence[str]) -> None:
        self.bench, self.runs = bench, list(runs)
        self._lock = Lock()
        self._found: dict[str, Any] | None = None

    def __call__(self) -> dict[str, Any]:
        with self._lock:
            if self._found is None:
                self._found = self.bench.compare(self.runs)
            return self._found


class CompareScreen(Sectioned):
    """`runs`: ids."""

    NOUN = "compare"
    BINDINGS = [Binding("y", "copy", "Copy the command", show=False)]

    def __init__(self, runs: Sequence[str]) -> None:
        super().__init__()
        self.runs = list(runs)

    def sections(self) -> dict[str, Callable[[str], Section]]:
        self.compared = Compared(self.desk.bench, self.runs)
        labels = list(zip(self.runs, LETTERS, strict=False))
        return {
            "metrics": partial(tables.Metrics, self.compared),
            "params": partial(tables.Params, self.compared),
            "curves": partial(Curves, labels),
            "data": partial(tables.Data, self.compared),
            "gates": partial(tables.Gates, self.compared),
            "runs": partial(tables.Runs, self.compared),
        }

    def on_mount(self) -> None:
        super().on_mount()
        self.desk.did("runs", "compare", *self.runs)
        self.say_head(Text("comparing …"))
        self.ask(self.compared, self._found, group="head", failed=self._failed)

    def _found(self, compared: dict[str, Any]) -> None:
        text = Text()
        for letter, run in zip(LETTERS, compared["runs"], strict=False):
            text.append(f"{letter} ", style="bold cyan")
            text.append(f"{glyph(run['status'])} {safe(run['name'], 30)} ")
            text.append(f"{safe(run['run'])[-5:]}   ", style="dim")
        for note in compared["notes"]:
            text.append(f"\n! {safe(note, 300)}", style="yellow")
        self.say_head(text)

    def _failed(self, error: Exception) -> None:
        self.say_head(Text(told(error)[1]))

    def action_copy(self) -> None:
        from mfbench_tui.desk import command_line

        self.workbench_app.copy(command_line(["runs", "compare", *self.runs]))
