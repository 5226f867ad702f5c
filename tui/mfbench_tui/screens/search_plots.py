"""The sections of a search that are drawn. The plot, with numpy, is loaded in their thread before it is first shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from mfbench_tui.panes.search_words import params_text, trial_values
from mfbench_tui.text import safe, shortened
from mfbench_tui.widgets.section import Section
from mfbench_tui.widgets.titled import Empty, Title

WIDE = 8.0  # a span of so many times its least value is drawn on a logarithmic axis
CHOICES = 8  # trials of the front that are listed
NO_TRIALS = "No trial is complete yet."


class Plotted(Section):
    """A title, a plot, and what is said where there is nothing to draw."""

    def __init__(self, run: str, id: str) -> None:
        super().__init__(id=id)
        self.run = run
        self.found: dict[str, Any] | None = None

    def compose(self) -> ComposeResult:
        yield Title("…")
        yield Vertical(classes="plot panel")
        yield Empty()

    def load(self) -> dict[str, Any]:
        import mfbench_tui.widgets.scatter  # noqa: F401  here, in a thread: it takes a while

        return self.desk.bench.search(self.run)

    def show(self, answer: dict[str, Any]) -> None:
        self.found = answer
        self.draw(answer)

    def draw(self, found: dict[str, Any]) -> None:
        raise NotImplementedError

    def paint(self, title: str, nothing: str | None, *args: Any, **named: Any) -> None:
        """nothing: said instead of a plot. The rest as `Scatter.show` takes it."""
        from mfbench_tui.widgets.scatter import Scatter

        self.query_one(Title).say(title)
        self.query_one(Empty).say(nothing)
        place = self.query_one(".plot", Vertical)
        place.display = nothing is None
        if nothing is not None:
            return
        plots = place.query(Scatter)
        plot = plots.first() if plots else Scatter()
        if not plots:
            place.mount(plot)
        plot.show(*args, **named)


class History(Plotted):
    NOUN = "history"

    def draw(self, found: dict[str, Any]) -> None:
        told = found["history"]
        goal = safe((found["objectives"] or ["value"])[0], 30)
        best = [(float(one[0]), one[2]) for one in told]
        steps = [point for i, one in enumerate(best) for point in ([(one[0], best[i - 1][1])] if i else []) + [one]]
        title = f"{goal} of each trial (•), the best so far (line), the one in use (◆)"
        used = [(float(one[0]), one[1]) for one in told if one[0] == found["chosen"]]
        self.paint(
            title, None if told else NO_TRIALS, [(float(one[0]), one[1]) for one in told], line=steps, marked=used
        )


class Slices(Plotted):
    """Up and down choose the param, `v` the objective."""

    NOUN = "slice"
    BINDINGS = [
        Binding("down,j,n", "param(1)", "Next param", show=False),
        Binding("up,k,N", "param(-1)", "Param before", show=False),
        Binding("v", "objective", "Next objective", show=False),
    ]
    can_focus = True
    param, goal = 0, 0

    def take_focus(self) -> None:
        self.focus()

    def action_param(self, by: int) -> None:
        if self.found and self.found["params"]:
            self.param = (self.param + by) % len(self.found["params"])
            self.draw(self.found)

    def action_objective(self) -> None:
        if self.found and self.found["objectives"]:
            self.goal = (self.goal + 1) % len(self.found["objectives"])
            self.draw(self.found)

    def draw(self, found: dict[str, Any]) -> None:
        keys = found["params"]
        place = self.param % max(len(keys), 1)
        key = keys[place] if keys else ""
        goals = found["objectives"] or ["value"]
        goal = self.goal % len(goals)
        rows = [(one["params"][key], one["values"][goal], one["trial"]) for one in found["trials"]
                if one["state"] == "complete" and key in (one["params"] or {})]  # fmt: skip
        across, places, log = axis_of([row[0] for row in rows])
        points = list(zip(places, (row[1] for row in rows), strict=True))
        used = [point for point, row in zip(points, rows, strict=True) if row[2] == found["chosen"]]
        scale = " (log)" if log else ""
        title = f"{safe(goals[goal], 30)} by {safe(key, 50)}{scale}   {place + 1} of {len(keys)}: ↑ ↓"
        title += "   v: the other objective" if len(goals) > 1 else ""
        self.paint(title, None if rows else NO_TRIALS, points, marked=used, across=across)


def axis_of(values: Sequence[Any]) -> tuple[Any, list[float], bool]:
    """(what says the ticks, where each value stands, whether as its logarithm); words stand one beside the other."""
    from mfbench_tui.widgets.scatter import Numbers, Words

    if values and all(isinstance(one, int | float) and not isinstance(one, bool) for one in values):
        least, most = min(values), max(values)
        log = least > 0 and most / least >= WIDE
        return Numbers(log), [math.log10(one) if log else float(one) for one in values], log
    words = sorted({str(one) for one in values})
    return Words(words), [float(words.index(str(one))) for one in values], False


class Front(Plotted):
    """The first two objectives, and below the trials to choose from."""

    NOUN = "front"
    DEFAULT_CSS = "Front .choices { height: auto; }"

    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield Static("", classes="panel choices")

    def draw(self, found: dict[str, Any]) -> None:
        goals, best = found["objectives"], set(found["front"])
        if len(goals) < 2:
            nothing = "This search has one objective: no trial has to be traded for another.\n"
            return self.paint(
                "Pareto front", nothing + 'Several stand in a recipe as [tune] objectives = ["roc_auc", "latency"].'
            )
        rows = [one for one in found["trials"] if one["state"] == "complete"]
        points = [(one["values"][0], one["values"][1]) for one in rows if one["trial"] not in best]
        front = sorted((one["values"][0], one["values"][1]) for one in rows if one["trial"] in best)
        wishes = [f"{safe(name, 24)} ({'more' if more else 'less'} is better)"
                  for name, more in zip(goals, found["greater"], strict=False)]  # fmt: skip
        title = f"→ {wishes[0]}   ↑ {wishes[1]}   ◆ {len(front)} of {len(rows)} that none beats in everything"
        self.query_one(".choices", Static).update(choices_text(found, self.app.size.width - 4))
        return self.paint(title, None if rows else NO_TRIALS, points, marked=front)


def choices_text(found: dict[str, Any], width: int) -> Text:
    """The trials of the front, the best by the first objective first; ★ is the one in use."""
    text, best = Text(no_wrap=True), set(found["front"])
    trials = [one for one in found["trials"] if one["trial"] in best]
    for one in trials[:CHOICES]:
        mark, values = "★" if one["trial"] == found["chosen"] else " ", trial_values(one, len(found["objectives"]))
        numbers = "  ".join(f"{value:>8}" for value in values)
        line = f"{mark}{one['trial']:>4}  {numbers}  {params_text(one, found['params'])}"
        text.append(shortened(line, width) + "\n", "bold" if mark == "★" else "")
    if len(trials) > CHOICES:
        text.append(f"and {len(trials) - CHOICES} more, among the trials", "dim")
    return text
