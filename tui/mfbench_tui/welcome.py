"""Where there is no workspace yet: what one is, and three ways on."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.widgets import Footer, Label, OptionList
from textual.widgets.option_list import Option

from mfbench.api.demo import copy_demo
from mfbench.api.workbench import Workbench
from mfbench_tui.errors import told
from mfbench_tui.text import safe
from mfbench_tui.themes import wanted_theme

TOLD = """\
A workspace is the folder .mfbench: it keeps every run, model and report, here and nowhere else. \
Recipes, one TOML file for each model, lie beside it."""
CHOICES = {
    "here": "Make a workspace here",
    "demo": "Make one with recipes and data to try",
    "quit": "Quit",
}


class Welcome(App[None]):
    """`made`: the workspace that was asked for, or None."""

    TITLE = "mfbench"
    BINDINGS = [("q,escape,ctrl+q", "quit", "Quit")]
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { align: center middle; }
    #box { width: 70; max-width: 96%; height: auto; max-height: 100%; padding: 1 2; border: round $primary; }
    Label { width: 100%; margin-bottom: 1; }
    #question { text-style: bold; }
    #problem { color: $text-error; display: none; }
    OptionList { height: auto; }
    """

    def __init__(self, workspace: str | None, read_only: bool) -> None:
        super().__init__()
        named = workspace or os.environ.get("MFBENCH_WORKSPACE")
        self.folder = Path(named).expanduser().absolute() if named else Path.cwd()
        self.read_only = read_only
        self.made: Workbench | None = None

    def compose(self) -> ComposeResult:
        where = "here" if self.folder == Path.cwd() else "there"
        offered = ["quit"] if self.read_only else list(CHOICES)
        with Vertical(id="box"):
            yield Label(f"There is no workspace in {safe(self.folder)} or above it.", id="question", markup=False)
            yield Label(TOLD, markup=False)
            if self.read_only:
                yield Label("Opened read-only, none can be made: leave and start without --read-only.", markup=False)
            yield Label("", id="problem", markup=False)
            yield OptionList(*(Option(CHOICES[key].replace("here", where), id=key) for key in offered))
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.theme = wanted_theme(self)
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if event.option_id == "quit":
            self.exit()
            return
        self.query_one(OptionList).disabled = True
        self.run_worker(partial(self._make, event.option_id == "demo"), thread=True, exit_on_error=False)

    def _make(self, demo: bool) -> None:
        """In a thread."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            made = Workbench.create(self.folder)
            if demo:
                copy_demo(made.folder)
        except Exception as error:
            self.call_from_thread(self._failed, error)
        else:
            self.call_from_thread(self._leave, made)

    def _leave(self, made: Workbench) -> None:
        if self.is_running:
            self.made = made
            self.exit()

    def _failed(self, error: Any) -> None:
        problem = self.query_one("#problem", Label)
        problem.update(told(error)[1])
        problem.display = True
        self.query_one(OptionList).disabled = False
        self.query_one(OptionList).focus()
