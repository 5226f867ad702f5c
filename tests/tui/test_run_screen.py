"""The Run screen: every section of a run that is over, and a run that goes on while one looks."""

from __future__ import annotations

import math
import threading
from pathlib import Path

import pytest

import mfbench
from mfbench.api.workbench import Workbench
from mfbench_tui.dialogs.reader import Reader
from mfbench_tui.panes.models import Models
from mfbench_tui.panes.runs import Runs
from mfbench_tui.screens.run import RunScreen
from mfbench_tui.screens.run_files import readable
from mfbench_tui.screens.run_follow import of_facts
from mfbench_tui.screens.run_log import Log
from mfbench_tui.widgets.intervals import interval_bar, span_of
from mfbench_tui.widgets.log_view import LogView
from tests.tui.support import NARROW, opened, press, settled, text_of


async def test_every_section_opens_and_left_comes_back(demo: Path) -> None:
    bench = Workbench.open(demo)
    run = next(row["run"] for row in bench.list_runs("name = 'churn-search'")[0])
    async with opened(demo, size=NARROW) as pilot:
        await pilot.app.push_screen(RunScreen(run))
        await settled(pilot)
        expected = {"steps": "ingest", "log": "run finished", "params": "data.source", "metrics": "roc_auc",
                    "curves": "No curve", "system": "System", "trials": "complete", "gates": "roc_auc >= 0.6",
                    "artifacts": "environment.json", "report": "churn-search"}  # fmt: skip
        for name, words in expected.items():
            assert pilot.app.screen.shown.id == name  # type: ignore[attr-defined]
            if name == "log":
                await press(pilot, "G")
            assert words in text_of(pilot), name
            await press(pilot, "right")
        await press(pilot, "left")
        assert pilot.app.screen.shown.id == "report"  # type: ignore[attr-defined]


async def test_a_text_file_is_read_and_another_is_not(demo: Path) -> None:
    run = Workbench.open(demo).list_runs("name = 'churn'")[0][0]["run"]
    async with opened(demo) as pilot:
        screen = RunScreen(run)
        await pilot.app.push_screen(screen)
        screen.open_section("artifacts")
        await settled(pilot)
        listing = screen.shown.query_one("Listing")  # type: ignore[union-attr]
        listing.move_to("environment.json")  # type: ignore[attr-defined]
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, Reader)
        assert '"python"' in str(pilot.app.screen.text)
        await press(pilot, "escape")
        listing.move_to("ingest/data.parquet")  # type: ignore[attr-defined]
        await press(pilot, "enter")
        assert not isinstance(pilot.app.screen, Reader)


async def test_a_live_run_is_followed_to_its_end(bare: Path) -> None:
    run = mfbench.start_run("live [red]one", workspace=bare)
    async with opened(bare) as pilot:
        assert "▶" in text_of(pilot)
        screen = RunScreen(run.id)
        await pilot.app.push_screen(screen)
        await settled(pilot)
        assert screen.following
        screen.open_section("log")
        run.log_text("first words\x1b[2J")
        run.log_metric("loss", 0.5, step=0)
        run.log_metric("loss", 0.25, step=1)
        await until(pilot, lambda: "first words" in text_of(pilot))
        assert "\x1b" not in text_of(pilot)
        assert "live [red]one" in text_of(pilot)
        screen.open_section("curves")
        await until(pilot, lambda: "loss" in text_of(pilot))
        run.end()
        await until(pilot, lambda: "finished" in text_of(pilot).splitlines()[0])
        await until(pilot, lambda: not screen.following)


async def test_what_a_live_run_says_is_said_once_and_its_params_come(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is opened before it is known that the run goes on."""
    run = mfbench.start_run("live", workspace=bare)
    run.log_text("only once")
    async with opened(bare) as pilot:
        bench, go = pilot.app.desk.bench, threading.Event()
        show = bench.show_run
        monkeypatch.setattr(bench, "show_run", lambda name: (go.wait(10), show(name))[1])
        screen = RunScreen(run.id)
        await pilot.app.push_screen(screen)
        screen.open_section("log")
        await until(pilot, lambda: "only once" in text_of(pilot))
        go.set()
        await until(pilot, lambda: screen.following)
        run.log_text("and more")
        await until(pilot, lambda: "and more" in text_of(pilot))
        assert text_of(pilot).count("only once") == 1
        screen.open_section("params")
        await until(pilot, lambda: "no params" in text_of(pilot))
        run.log_params({"depth": 7})
        await until(pilot, lambda: "depth" in text_of(pilot))
        screen.open_section("report")
        await settled(pilot)
        run.end()
        await until(pilot, lambda: "finished" in text_of(pilot).splitlines()[0])
        await until(pilot, lambda: "writes it as a page" in text_of(pilot) and "going" not in text_of(pilot))


async def test_the_log_is_searched_and_let_go(bare: Path) -> None:
    with mfbench.start_run("talk", workspace=bare) as run:
        for number in range(300):
            run.log_text(f"line {number}")
    async with opened(bare, size=NARROW) as pilot:
        screen = RunScreen(run.id)
        await pilot.app.push_screen(screen)
        await press(pilot, "right")
        log = screen.shown
        assert isinstance(log, Log)
        assert "line 299" in text_of(pilot), "the end is followed"
        await press(pilot, "f", "g")
        assert "line 0" in text_of(pilot)
        assert "not following" in text_of(pilot)
        await press(pilot, "slash", *"line 25")
        await press(pilot, "enter")
        assert len(log.query_one(LogView).lines) == 11


async def test_curves_survive_odd_numbers(bare: Path) -> None:
    with mfbench.start_run("odd", workspace=bare) as run:
        for step in range(50):
            run.log_metric("flat", 1e10, step=step)
            run.log_metric("huge", (-1) ** step * 1.7e308, step=step)
            run.log_metric("nan", math.nan if step % 2 else math.inf, step=step)
            run.log_metric("falls", math.exp(-step), step=step)
    async with opened(bare) as pilot:
        screen = RunScreen(run.id)
        await pilot.app.push_screen(screen)
        screen.open_section("curves")
        await until(pilot, lambda: "falls" in text_of(pilot))
        text = text_of(pilot)
        assert all(name in text for name in ("flat", "huge", "nan"))
        assert any(0x2800 < ord(sign) < 0x2900 for sign in text), "a line is drawn"


async def test_a_failed_run_tells_its_remedy(demo: Path) -> None:
    bench = Workbench.open(demo)
    with mfbench.start_run("gone", workspace=demo) as run:
        run.log_text("before")
        run.end("failed", ValueError("no such [bold]thing"))
    assert bench.ending(run.id)["message"]  # type: ignore[index]
    async with opened(demo) as pilot:
        await pilot.app.push_screen(RunScreen(run.id))
        await settled(pilot)
        assert "no such [bold]thing" in text_of(pilot)


def test_facts_of_a_run_become_a_moment(demo: Path) -> None:
    bench = Workbench.open(demo)
    moment = of_facts(bench.show_run(bench.list_runs("name = 'churn'")[0][0]["run"]))
    assert moment.done == len(moment.steps) > 5
    assert moment.at == ""
    assert moment.ended > moment.started


def test_files_are_read_as_text_or_not_at_all() -> None:
    assert readable(b'{"a":[1]}') == '{\n  "a": [\n    1\n  ]\n}'
    assert readable(b"one\ntwo\x1b[31m") == "one\ntwo\N{REPLACEMENT CHARACTER}[31m"
    assert readable(b"\x00\x01") is None
    assert readable(b"\xff\xfe") is None


def test_intervals_share_a_scale() -> None:
    items = [{"value": 0.5, "low": 0.0, "high": 1.0}, {"value": 2.0, "low": None, "high": None}, None]
    span = span_of(items)
    assert span == (0.0, 2.0)
    assert interval_bar(items[0], span, 9) == "├─●─┤    "
    assert interval_bar(items[1], span, 9) == "        ●"
    assert interval_bar(items[2], span, 9).strip() == ""
    assert interval_bar({"value": math.nan, "low": 1, "high": 2}, span, 3) == "   "


async def until(pilot, true) -> None:  # type: ignore[no-untyped-def]
    for _ in range(300):
        if true():
            return
        await pilot.pause(0.05)
    raise AssertionError(text_of(pilot))


async def test_the_model_that_a_run_made_is_one_key_away(demo: Path) -> None:
    async with opened(demo) as pilot:
        pane = pilot.app.main.query_one("#runs", Runs)
        pane.listing.move_to(
            next(row["run"] for row in pane.rows if row["model"] == "churn" and row["model_version"] == 1)
        )
        await press(pilot, "enter", "m")
        assert pilot.app.main.query_one("ContentSwitcher").current == "models"
        assert pilot.app.main.query_one("#models", Models).listing.current == "churn:1"
