"""Drift: reports over time, one report closely, and what is done about it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Button, Input

from mfbench.api.workbench import Workbench
from mfbench_tui.dialogs.reader import Reader
from mfbench_tui.panes.drift import Drift
from mfbench_tui.widgets.windows import drawn
from tests.tui.support import NARROW, opened, press, settled, text_of


async def answer(pilot, *values: str) -> None:
    for box, value in zip(pilot.app.screen.query(Input), values, strict=True):
        box.value = value
    pilot.app.screen.query_one("#do", Button).press()
    await settled(pilot)


def words(pilot) -> str:
    return " ".join(text_of(pilot).split())


async def test_a_report_answers_the_three_questions(demo: Path) -> None:
    async with opened(demo, first="drift") as pilot:
        shown = text_of(pilot)
        assert "! alarm: 4 of 4 windows" in shown
        assert "4 of 4" in shown
        for question in ("Significant?", "How large?", "Does it matter?"):
            assert question in shown
        assert "mean 58.1 → 93.1" in shown
        assert "mfbench monitor churn" in shown
        await press(pilot, "j")
        assert "quiet: no change in 2 windows" in words(pilot)


async def test_windows_are_leafed_through_and_a_column_is_seen_beside_the_reference(demo: Path) -> None:
    async with opened(demo, first="drift", size=NARROW) as pilot:
        assert "Significant?" not in text_of(pilot)
        await press(pilot, "enter")
        assert "window 3 of 4" in text_of(pilot)
        await press(pilot, "right_square_bracket")
        assert "window 4 of 4: rows 3,001 to 4,000" in text_of(pilot)
        assert pilot.app.desk.commands[-1].endswith("--window 'rows 3,001 to 4,000'")
        await press(pilot, "right_square_bracket")
        assert "window 4 of 4" in text_of(pilot)
        await press(pilot, "left_square_bracket", "enter")
        assert isinstance(pilot.app.screen, Reader)
        shown = text_of(pilot)
        assert "rows 2,001 to 3,000" in shown
        assert "> 116" in shown
        assert "8.6%" in shown
        await press(pilot, "escape", "d")
        assert "A classifier tells rows" in words(pilot)
        await press(pilot, "escape", "escape")
        assert pilot.app.focused is pilot.app.screen.query_one(Drift).listing
        assert "Significant?" not in text_of(pilot)


async def test_only_alarms_and_only_a_model(demo: Path) -> None:
    async with opened(demo, first="drift") as pilot:
        pane = pilot.app.screen.query_one(Drift)
        assert len(pane.listing.keys) == 2
        await press(pilot, "f")
        assert len(pane.listing.keys) == 1
        assert pilot.app.desk.commands[-1] == "mfbench drift list --alarms"
        await press(pilot, "slash")
        await answer(pilot, "churn-search")
        assert "No report matches" in text_of(pilot)
        await press(pilot, "slash")
        await answer(pilot, "chrun")
        assert "did you mean 'churn'?" in text_of(pilot)
        await press(pilot, "escape")
        assert len(pane.listing.keys) == 1


async def test_new_data_is_checked_kept_and_shown(demo: Path) -> None:
    async with opened(demo, first="drift") as pilot:
        await press(pilot, "G", "c")
        assert pilot.app.screen.query(Input).first().value == "churn:1"
        await answer(pilot, "churn:2", str(demo / "newer.parquet"), "all")
        rows = Workbench.open(demo).drift_reports()
        assert (len(rows), rows[0]["version"], rows[0]["windows"]) == (3, 2, 1)
        pane = pilot.app.screen.query_one(Drift)
        assert pane.listing.current == rows[0]["id"]
        assert pane.report.outline["id"] == rows[0]["id"]
        assert any("exit code 3" in notice.message for notice in pilot.app._notifications)
        assert pilot.app.desk.commands[-1].startswith("mfbench drift check churn:2")
        assert "--window all" in pilot.app.desk.commands[-1]


async def test_read_only_keeps_nothing(demo: Path) -> None:
    async with opened(demo, first="drift", read_only=True) as pilot:
        await press(pilot, "c")
        await answer(pilot, "churn:1", str(demo / "same.parquet"), "all")
        assert len(Workbench.open(demo).drift_reports()) == 2
        pane = pilot.app.screen.query_one(Drift)
        made = pane.report.outline["id"]
        assert made not in pane.listing.keys
        Workbench.open(demo).note_run(Workbench.open(demo).list_runs()[0][0]["run"], "of somebody else")
        await settled(pilot)
        await pilot.pause(1.0)
        await settled(pilot)
        assert pane.report.outline["id"] == made, "it is in no list, and stays until another is chosen"
        assert "--no-save" in pilot.app.desk.commands[-1]


async def test_a_file_that_is_not_there_is_told(demo: Path) -> None:
    async with opened(demo, first="drift") as pilot:
        await press(pilot, "c")
        await answer(pilot, "churn", "nowhere.parquet", "")
        assert "That did not work" in text_of(pilot)
        assert "nowhere.parquet" in words(pilot)
        await press(pilot, "escape", "c")
        assert len(pilot.app.screen_stack) == 2, "the next check is not kept from beginning"


async def test_an_audit_is_shown_and_one_can_be_left(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(demo, first="drift") as pilot:
        await press(pilot, "a")
        await answer(pilot, "churn:1", "20")
        assert isinstance(pilot.app.screen, Reader)
        assert "unchanged windows" in str(pilot.app.screen.text)
        await press(pilot, "escape")

        begun, ended = threading.Event(), threading.Event()

        def endless(*_: Any, tell: Any, **__: Any) -> None:
            try:
                while True:
                    begun.set()
                    tell("replaying", 3, 20)
            finally:
                ended.set()

        monkeypatch.setattr(Workbench, "drift_audit", endless)
        await press(pilot, "a")
        pilot.app.screen.query_one("#do", Button).press()
        for _ in range(200):
            await pilot.pause(0.02)
            if "replaying, 3 of 20" in words(pilot):
                break
        assert begun.is_set()
        assert "replaying, 3 of 20" in words(pilot)
        await press(pilot, "escape")
        assert ended.wait(10)
        assert "replaying, 3 of 20" not in words(pilot)


async def test_the_page_is_written_and_another_file_is_left_alone(demo: Path, tmp_path: Path) -> None:
    async with opened(demo, first="drift") as pilot:
        await press(pilot, "w")
        await answer(pilot, str(tmp_path / "page.html"))
        assert "<html" in (tmp_path / "page.html").read_text(encoding="utf-8")
        (tmp_path / "mine.html").write_text("mine", encoding="utf-8")
        await press(pilot, "w")
        await answer(pilot, str(tmp_path / "mine.html"))
        assert "is no report" in words(pilot)
        assert (tmp_path / "mine.html").read_text(encoding="utf-8") == "mine"


async def test_without_reports_it_says_how_the_first_is_made(bare: Path) -> None:
    async with opened(bare, first="drift") as pilot:
        assert "No drift reports yet" in text_of(pilot)
        await press(pilot, "w", "d", "enter", "escape", "c")
        assert len(pilot.app.screen_stack) == 2


def test_windows_that_share_a_cell_show_the_worst_of_them() -> None:
    def window(verdict: str, effect: float) -> dict[str, Any]:
        return {"verdict": verdict, "effect": effect, "glyph": {"alarm": "!", "quiet": "·"}[verdict]}

    many = [window("quiet", 0.05) for _ in range(400)]
    many[250] = window("alarm", 0.5)
    above, below = drawn(many, 0, 40).plain.splitlines()
    assert len(above) == len(below) == 40
    assert above[25] == "█"
    assert below[25] == "!"
    assert below[0] == "▲"
    assert above[0] == "▁"


async def test_a_check_that_ends_while_one_is_elsewhere_leaves_the_keys_alone(
    demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(demo, first="drift") as pilot:
        bench, go = pilot.app.desk.bench, threading.Event()
        check = bench.drift_check
        monkeypatch.setattr(bench, "drift_check", lambda *data, **named: (go.wait(30), check(*data, **named))[1])
        await press(pilot, "c")
        for box, text in zip(
            pilot.app.screen.query(Input), ("churn:1", str(demo / "same.parquet"), "all"), strict=True
        ):
            box.value = text
        await pilot.press("enter", "enter", "enter", "2")
        await pilot.pause(0.3)
        listing = pilot.app.focused
        go.set()
        await settled(pilot)
        assert len(Workbench.open(demo).drift_reports()) == 3
        assert pilot.app.focused is listing
        assert listing.id == "list"
        await press(pilot, "5")
        assert pilot.app.focused is pilot.app.screen.query_one(Drift).listing


async def test_reports_that_cannot_be_read_are_told_once(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(demo, first="drift") as pilot:
        asked = []

        def broken(*_: object, **__: object) -> None:
            asked.append(1)
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(pilot.app.desk.bench, "drift_reports", broken)
        pilot.app.screen.query_one(Drift).refresh_data()
        await settled(pilot)
        await pilot.pause(0.5)
        assert len(asked) == 1
        assert len(pilot.app.screen_stack) == 2
