"""Metrics over their steps: a small plot for each metric and run, all of one metric on the same axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import ItemGrid, VerticalScroll

from mfbench_tui.dialogs.tick import Tick
from mfbench_tui.widgets.section import Section
from mfbench_tui.widgets.titled import Empty, Title

POINTS = 200  # of one curve: more than twice the dots of a plot that is 50 columns wide
MOST = 12  # plots at once
NONE = "No curve: no metric was logged more than once. Training that logs a metric by its steps has curves here."
Found = tuple[list[str], list[str], dict[tuple[str, str], list[dict[str, Any]]], Any]


class Curves(Section):
    """runs: (id, label) of each; a label stands over its plots where there are several runs."""

    NOUN = "curves"
    BINDINGS = [
        Binding("o", "choose", "Choose metrics", show=False),
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
    ]

    def __init__(self, runs: Sequence[tuple[str, str]], id: str) -> None:
        super().__init__(id=id)
        self.runs = list(runs)
        self.keys: list[str] = []
        self.chosen: list[str] | None = None

    def compose(self) -> ComposeResult:
        yield Title("Curves …")
        with VerticalScroll(can_focus=True):
            yield ItemGrid(min_column_width=48, regular=False)
        yield Empty()

    def load(self) -> Found:
        from importlib import import_module

        bench, ids = self.desk.bench, [run for run, _ in self.runs]
        keys = sorted({item["key"] for run in ids for item in bench.metric_keys(run) if item["n"] > 1})
        most = max(1, MOST // len(ids))
        shown = ([key for key in self.chosen if key in keys] if self.chosen is not None else keys[:most])[:most]
        rows: dict[tuple[str, str], list[dict[str, Any]]] = {(key, run): [] for key in shown for run in ids}
        plots = import_module("mfbench_tui.widgets.plots") if keys else None
        if shown:
            for row in bench.curve(ids, shown, POINTS).to_dicts():
                rows[row["key"], row["run"]].append(row)
        return keys, shown, rows, plots

    def show(self, answer: Found) -> None:
        self.keys, shown, rows, plots = answer
        self.query_one(Empty).say(None if self.keys else NONE)
        self.query_one(VerticalScroll).display = bool(self.keys)
        more = "   o chooses others" if len(self.keys) > len(shown) else ""
        self.query_one(Title).say(f"Curves of {len(shown)} of {len(self.keys)} metrics{more}")
        if plots is None:
            return
        grid = self.query_one(ItemGrid)
        panels = list(grid.query(plots.Panel))
        for panel in panels[len(rows) :]:
            panel.remove()
        fresh = [plots.Panel() for _ in range(len(rows) - len(panels))]
        self.call_later(self._draw, [*panels, *fresh][: len(rows)], rows, plots)

    async def _draw(self, panels: list[Any], rows: dict[tuple[str, str], list[dict[str, Any]]], plots: Any) -> None:
        # A plot that is not mounted yet forgets what was drawn on it.
        await self.query_one(ItemGrid).mount_all([panel for panel in panels if not panel.is_attached])
        curves = {place: plots.points_of(found) for place, found in rows.items()}
        labels = dict(self.runs)
        for panel, (key, run) in zip(panels, curves, strict=True):
            limits = plots.limits_of([curve for (other, _), curve in curves.items() if other == key])
            name = f"{key}   {labels[run]}" if len(self.runs) > 1 else key
            if panel.is_attached:
                panel.draw(name, curves[key, run], limits)

    def action_choose(self) -> None:
        most = max(1, MOST // len(self.runs))
        ticked = self.chosen if self.chosen is not None else self.keys[:most]
        self.app.push_screen(Tick(f"Which metrics? At most {most}.", self.keys, ticked, most), self._chosen)

    def _chosen(self, answer: list[str] | None) -> None:
        if answer is not None:
            self.chosen = answer
            self.refresh_data()

    def action_move(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=3 * by)
