"""Deployments: where models are served. It waits for promotion, and says so."""

from __future__ import annotations

from textual.app import ComposeResult

from mfbench_tui.panes.pane import Pane
from mfbench_tui.widgets.titled import Empty, Title

WAITS = """\
Nothing can be deployed yet: `mfbench promote` comes with a later version.

Until then a registered model can be used
  on a file      mfbench score MODEL FILE
  from Python    Workbench.open().model("MODEL").predict(frame)
  elsewhere      mfbench export models.zip --model MODEL"""


class Deployments(Pane):
    """Shows what there is: nothing, and what to do meanwhile."""

    NOUN = "deployment"
    can_focus = True

    def compose(self) -> ComposeResult:
        yield Title("Deployments")
        yield Empty(WAITS)

    def refresh_data(self) -> None:
        self.query_one(Empty).say(WAITS)

    def focus_list(self) -> None:
        self.focus()
