"""The Runs pane: which runs, in which order, with which columns, and what is done with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from mfbench.api.workbench import Workbench
from mfbench_tui.dialogs.confirm import Confirm
from mfbench_tui.dialogs.query import Query
from mfbench_tui.panes import runs_view
from mfbench_tui.panes.run_rows import metric_keys
from mfbench_tui.panes.runs import Runs
from mfbench_tui.screens.compare import CompareScreen
from mfbench_tui.screens.run import RunScreen
from tests.tui.support import at_once, opened, press, settled, text_of, told


def pane(pilot: Pilot[None]) -> Runs:
    return pilot.app.main.query_one(Runs)  # type: ignore[attr-defined,no-any-return]


async def typed(pilot: Pilot[None], text: str) -> None:
    pilot.app.screen.query_one(Input).value = text
    await press(pilot, "enter")


async def test_a_condition_that_does_not_work_stays_in_its_dialog(demo: Path) -> None:
    async with opened(demo) as pilot:
        total = pane(pilot).total
        await press(pilot, "slash")
        await typed(pilot, "nosuch > 3")
        assert isinstance(pilot.app.screen, Query)
        assert pilot.app.screen.query_one(Input).value == "nosuch > 3"
        assert "nosuch" in str(pilot.app.screen.query_one(".refused").render())
        await typed(pilot, "status = 'finished' and metrics.roc_auc > 2")
        assert not isinstance(pilot.app.screen, Query)
        assert "No run matches" in text_of(pilot)
        await press(pilot, "slash")
        await typed(pilot, "")
        assert pane(pilot).total == total > 0
        assert any("--where" in line for line in pilot.app.desk.commands)  # type: ignore[attr-defined]


async def test_quick_filters_go_round(demo: Path) -> None:
    async with opened(demo) as pilot:
        total = pane(pilot).total
        seen = []
        for _ in range(4):
            await press(pilot, "f")
            seen.append(pane(pilot).where)
        assert seen == ["status = 'running'", "status in ('failed', 'oom', 'timeout', 'lost')", "pinned", None]
        assert pane(pilot).total == total


async def test_marked_runs_are_compared(demo: Path) -> None:
    async with opened(demo) as pilot:
        await press(pilot, "space", "c")
        assert not isinstance(pilot.app.screen, CompareScreen), "one run is nothing to compare"
        await press(pilot, "space")
        assert len(pilot.app.desk.marked) == 2  # type: ignore[attr-defined]
        assert "2 marked" in text_of(pilot)
        assert "●" in text_of(pilot)
        await press(pilot, "c")
        assert isinstance(pilot.app.screen, CompareScreen)
        for _ in range(6):
            await press(pilot, "right")
        assert "Metrics" in text_of(pilot)
        await press(pilot, "escape")
        assert pane(pilot).listing.has_focus


async def test_deleting_asks_and_can_be_undone(demo: Path) -> None:
    bench = Workbench.open(demo)
    free = next(row["run"] for row in bench.list_runs("model IS NULL")[0])
    async with opened(demo) as pilot:
        total = pane(pilot).total
        pane(pilot).listing.move_to(free)
        await press(pilot, "u", "d")
        assert isinstance(pilot.app.screen, Confirm)
        assert pilot.app.focused is pilot.app.screen.query_one("#cancel", Button)
        await press(pilot, "enter")
        assert pane(pilot).total == total, "Cancel has the focus"
        await press(pilot, "d", "right", "enter")
        assert pane(pilot).total == total - 1
        assert bench.list_runs(f"run = '{free}'")[1] == 0
        await press(pilot, "u")
        assert pane(pilot).total == total
        assert bench.list_runs(f"run = '{free}'")[1] == 1


async def test_tags_notes_and_pins(demo: Path) -> None:
    async with opened(demo) as pilot:
        run = pane(pilot).listing.current
        await press(pilot, "p", "t")
        await typed(pilot, "team=ops why='two words'")
        await press(pilot, "n")
        await typed(pilot, "look [bold]again[/bold]")
        row = pane(pilot).current()
        assert row is not None
        assert row["run"] == run
        assert row["pinned"]
        assert row["note"] == "look [bold]again[/bold]"
        assert row["tags"]["team"] == "ops"
        assert row["tags"]["why"] == "two words"
        assert "▲" in text_of(pilot)
        await press(pilot, "t")
        await typed(pilot, "-team")
        await press(pilot, "p")
        row = pane(pilot).current()
        assert row is not None
        assert "team" not in row["tags"]
        assert not row["pinned"]
        assert f"mfbench runs unpin {run}" in pilot.app.desk.commands  # type: ignore[attr-defined]


async def test_columns_are_chosen_and_kept(demo: Path) -> None:
    async with opened(demo) as pilot:
        await press(pilot, "o", "slash")
        pilot.app.screen.query_one(Input).value = "model.estimator"
        await press(pilot, "enter", "down", "space", "enter")
        assert "params.model.estimator" in (pane(pilot).picked or [])
        assert "LogisticRegression" in text_of(pilot)


async def test_enter_opens_a_run_and_escape_comes_back(demo: Path) -> None:
    async with opened(demo) as pilot:
        run = pane(pilot).listing.current
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, RunScreen)
        assert pilot.app.screen.run == run
        await press(pilot, "escape")
        assert pane(pilot).listing.has_focus
        assert pane(pilot).listing.current == run


async def test_pages_are_entered_where_one_comes_from(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_view, "PAGE", 3)
    async with opened(demo) as pilot:
        names = [row["run"] for row in Workbench.open(demo).list_runs()[0]]
        assert len(names) > 6
        listing, seen = pane(pilot).listing, []
        for _ in names:
            seen.append(listing.current)
            await press(pilot, "down")
        assert seen == names, "no row is left out"
        for name in reversed(names):
            assert listing.current == name
            await press(pilot, "up")
        at_once(pilot, *["down"] * 8)
        await settled(pilot)
        assert pane(pilot).page == 1, "keys that are faster than pages leave none out"


async def test_marks_are_taken_away_and_end_with_their_run(demo: Path) -> None:
    bench = Workbench.open(demo)
    free = next(row["run"] for row in bench.list_runs("model IS NULL")[0])
    async with opened(demo) as pilot:
        marked = pilot.app.desk.marked  # type: ignore[attr-defined]
        await press(pilot, "space", "space")
        assert len(marked) == 2
        await press(pilot, "U")
        assert not marked
        assert "●" not in text_of(pilot)
        pane(pilot).listing.move_to(free)
        await press(pilot, "space")
        bench.delete_runs([free])
        for _ in range(100):
            await settled(pilot)
            if not marked:
                break
        assert not marked, "somebody else has deleted it"
        await press(pilot, "p")
        assert "no run" not in text_of(pilot)


async def test_a_marked_run_of_another_page_is_known(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_view, "PAGE", 3)
    async with opened(demo) as pilot:
        run = pane(pilot).listing.current
        await press(pilot, "p", "space", "right_square_bracket")
        assert run not in pane(pilot).listing.keys
        await press(pilot, "p")
        row = Workbench.open(demo).list_runs(f"run = '{run}'")[0][0]
        assert not row["pinned"], "it was pinned, and is not any more"


async def test_undo_goes_back_one_deletion_at_a_time(demo: Path) -> None:
    bench = Workbench.open(demo)
    first, second = [row["run"] for row in bench.list_runs("model IS NULL")[0]][:2]
    async with opened(demo) as pilot:
        total = pane(pilot).total
        for run in (first, second):
            pane(pilot).listing.move_to(run)
            await press(pilot, "d", "right", "enter")
        assert pane(pilot).total == total - 2
        at_once(pilot, "u", "u", "u")
        await settled(pilot)
        assert pane(pilot).total == total
        assert "nothing was deleted" in told(pilot)


@pytest.mark.parametrize("key", ["d", "u", "t", "p", "n", "R", "r", "x", "v"])
async def test_read_only_changes_nothing_and_says_so(demo: Path, key: str) -> None:
    def kept() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in (demo / ".mfbench" / "ledger").rglob("*") if path.is_file()}

    async with opened(demo, read_only=True) as pilot:
        before, depth = kept(), len(pilot.app.screen_stack)
        assert "read-only" in text_of(pilot)
        await press(pilot, key)
        assert len(pilot.app.screen_stack) == depth
        assert "opened read-only" in told(pilot)
        assert kept() == before
        await press(pilot, "enter")
        assert "read-only" in text_of(pilot)
        if key not in "du":
            pilot.app.clear_notifications()
            await press(pilot, key)
            assert "opened read-only" in told(pilot)
            assert kept() == before


async def test_a_key_that_cannot_do_anything_says_why(demo: Path) -> None:
    async with opened(demo) as pilot:
        await pilot.press("x")
        await settled(pilot)
        assert any("nothing to stop" in note.message for note in pilot.app._notifications)


def test_metric_columns_are_those_of_most_runs_that_fit() -> None:
    rows = [{"metrics": {"roc_auc": 1.0, "b": 1.0}}, {"metrics": {"b": 2.0, "x" * 30: 1.0}}]
    assert metric_keys(rows) == ["b", "roc_auc"]
    assert metric_keys(rows, room=0) == ["b"]
    assert metric_keys([]) == []
