"""The Compare screen: what differs between runs, and their curves on the same axes."""

from __future__ import annotations

import math
from pathlib import Path

import mfbench
from mfbench.api.workbench import Workbench
from mfbench_tui.screens.compare import CompareScreen
from mfbench_tui.screens.run import RunScreen
from mfbench_tui.widgets.curves import Curves
from tests.tui.support import NARROW, opened, press, settled, text_of


async def test_what_differs_stands_side_by_side(demo: Path) -> None:
    bench = Workbench.open(demo)
    runs = [bench.list_runs(f"name = '{name}'")[0][0]["run"] for name in ("churn", "churn-search")]
    expected = bench.compare(runs)
    async with opened(demo, size=NARROW) as pilot:
        screen = CompareScreen(runs)
        await pilot.app.push_screen(screen)
        await settled(pilot)
        text = text_of(pilot)
        assert "A ✓ churn" in text
        assert "B ✓ churn-search" in text
        assert "roc_auc ↑" in text
        assert "●" in text
        assert "★" in text
        assert len(screen.shown.query_one("Listing").keys) == 2 * len(expected["metrics"])  # type: ignore[union-attr,attr-defined]
        screen.open_section("params")
        await settled(pilot)
        assert screen.shown.query_one("Listing").keys == list(expected["params"])  # type: ignore[union-attr,attr-defined]
        screen.open_section("gates")
        await settled(pilot)
        assert "roc_auc >= 0.6" in text_of(pilot)
        screen.open_section("runs")
        await settled(pilot)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, RunScreen)
        assert pilot.app.screen.run == runs[0]
        assert f"mfbench runs compare {runs[0]} {runs[1]}" in pilot.app.desk.commands  # type: ignore[attr-defined]


async def test_curves_of_a_metric_share_their_axes(bare: Path) -> None:
    runs = []
    for factor in (1.0, 3.0):
        with mfbench.start_run(f"by {factor}", workspace=bare) as run:
            for step in range(60):
                run.log_metric("loss", factor * math.exp(-step / 20), step=step)
                run.log_metric("other", step, step=step)
        runs.append(run.id)
    async with opened(bare) as pilot:
        screen = CompareScreen(runs)
        await pilot.app.push_screen(screen)
        screen.open_section("curves")
        await settled(pilot)
        section = screen.shown
        assert isinstance(section, Curves)
        section._chosen(["loss"])
        await settled(pilot)
        panels = section.query("Panel")
        assert len(panels) == 2
        (first, second) = (panel._plot for panel in panels)  # type: ignore[attr-defined]
        assert (first._y_min, first._y_max) == (second._y_min, second._y_max)
        assert first._y_max == 3.0
        assert "loss   A" in text_of(pilot)
        assert "loss   B" in text_of(pilot)


async def test_too_many_runs_are_told(demo: Path) -> None:
    async with opened(demo) as pilot:
        await pilot.app.push_screen(CompareScreen(["nothing", "of-this"]))
        await settled(pilot)
        assert "no run" in text_of(pilot)
        await press(pilot, "escape")
        assert len(pilot.app.screen_stack) == 1
