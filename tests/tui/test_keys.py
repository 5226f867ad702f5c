"""Keys that work everywhere: panes, help, palette, jump, copy, the command line, themes, read-only."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.widgets import Input

from mfbench.api.workbench import Workbench
from mfbench.core.errors import UsageError
from mfbench_tui.app import PANES
from mfbench_tui.dialogs.reader import Reader
from mfbench_tui.help import bindings_of
from mfbench_tui.jump import Jump
from mfbench_tui.panes.runs import Runs
from mfbench_tui.screens.run import RunScreen
from mfbench_tui.widgets.listing import Listing
from tests.tui.support import at_once, opened, press, settled, text_of


async def test_number_keys_open_panes_and_focus_starts_on_a_list(demo: Path) -> None:
    async with opened(demo) as pilot:
        for number, name in enumerate(PANES, 1):
            await press(pilot, str(number))
            assert pilot.app.main.query_one("ContentSwitcher").current == name
            if name != "deployments":
                assert isinstance(pilot.app.focused, Listing), name


async def test_help_names_every_key_of_a_pane_and_of_everywhere(demo: Path) -> None:
    async with opened(demo, size=(120, 60)) as pilot:
        pane = pilot.app.main.query_one("#runs")
        await press(pilot, "question_mark")
        assert isinstance(pilot.app.screen, Reader)
        shown = str(pilot.app.screen.text)
        for keys, description, _ in [*bindings_of(pane), *bindings_of(pilot.app)]:
            assert keys in shown
            assert description in shown
        await press(pilot, "escape")
        assert not isinstance(pilot.app.screen, Reader)


async def test_what_is_copied_reaches_the_clipboard(demo: Path) -> None:
    async with opened(demo) as pilot:
        await press(pilot, "y")
        listing = pilot.app.focused
        assert isinstance(listing, Listing)
        assert pilot.app.clipboard == listing.current
        await press(pilot, "Y")
        lines = pilot.app.clipboard.splitlines()
        assert len(lines) == len(listing.keys) + 1
        assert all(key in line for key, line in zip(listing.keys, lines[1:], strict=True))


async def test_the_command_line_of_what_was_shown(demo: Path) -> None:
    async with opened(demo) as pilot:
        await press(pilot, "slash")
        for key in "name = 'churn'":
            await pilot.press({" ": "space", "=": "equals_sign", "'": "apostrophe"}.get(key, key))
        await press(pilot, "enter", "ctrl+l")
        assert isinstance(pilot.app.screen, Reader)
        assert "mfbench runs --where 'name = '\"'\"'churn'\"'\"''" in str(pilot.app.screen.text)
        await press(pilot, "y")
        assert pilot.app.clipboard.startswith("mfbench runs --where")


async def test_jump_goes_to_the_place_of_its_letter(demo: Path) -> None:
    async with opened(demo) as pilot:
        await press(pilot, "ctrl+o")
        assert isinstance(pilot.app.screen, Jump)
        letter, target = next(iter(pilot.app.screen.targets.items()))
        await press(pilot, letter)
        assert pilot.app.focused is target


async def test_the_palette_offers_noun_and_verb(demo: Path) -> None:
    async with opened(demo) as pilot:
        titles = [command.title for command in pilot.app.get_system_commands(pilot.app.screen)]
        assert any(title.startswith("runs: ") for title in titles)
        assert "theme: textual-light" in titles
        assert len(titles) == len(set(titles))


async def test_themes_change_without_losing_the_cursor(demo: Path) -> None:
    async with opened(demo) as pilot:
        await press(pilot, "j")
        listing = pilot.app.focused
        assert isinstance(listing, Listing)
        current, theme = listing.current, pilot.app.theme
        await press(pilot, "ctrl+t")
        assert pilot.app.theme != theme
        assert listing.current == current


@pytest.mark.parametrize("name", list(PANES))
async def test_read_only_offers_nothing_that_changes_anything(demo: Path, name: str) -> None:
    async with opened(demo, first=name, read_only=True) as pilot:
        pane = pilot.app.main.query_one(f"#{name}")
        offered = {binding.action for _, binding, enabled, _ in pilot.app.screen.active_bindings.values() if enabled}
        assert not offered & pane.WRITES


@pytest.mark.parametrize("name", [name for name in PANES if name != "deployments"])
async def test_an_empty_pane_says_what_it_is_and_what_to_press(bare: Path, name: str) -> None:
    async with opened(bare, first=name) as pilot:
        await settled(pilot)
        shown = text_of(pilot)
        assert re.search(r"[Pp]ress |mfbench ", shown), shown


async def test_an_error_in_a_thread_is_shown_and_the_screen_lives_on(
    demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(demo) as pilot:

        def fails(*_: object, **__: object) -> None:
            raise ZeroDivisionError("[bold]odd[/bold]")

        monkeypatch.setattr(type(pilot.app.desk.bench), "list_runs", fails)
        pilot.app.main.query_one("#runs").refresh_data()
        await settled(pilot)
        assert isinstance(pilot.app.screen, Reader)
        assert "ZeroDivisionError: [bold]odd[/bold]" in str(pilot.app.screen.text)
        await press(pilot, "escape", "4")
        assert pilot.app.main.query_one("ContentSwitcher").current == "models"


async def test_two_keys_in_one_packet_leave_a_dialog_once(demo: Path) -> None:
    bench = Workbench.open(demo)
    async with opened(demo) as pilot:
        await press(pilot, "t")
        pilot.app.screen.query_one(Input).value = "a=1"
        at_once(pilot, "enter", "enter", "enter")
        await settled(pilot)
        assert len(pilot.app.screen_stack) == 1
        at_once(pilot, "ctrl+o")
        await settled(pilot)
        at_once(pilot, "a", "a")
        await settled(pilot)
        assert len(pilot.app.screen_stack) == 1
        await pilot.app.push_screen(RunScreen(bench.list_runs()[0][0]["run"]))
        await press(pilot, "n")
        at_once(pilot, "enter", "enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, RunScreen), "what lies below is not left with it"


@pytest.mark.parametrize("turns", range(6))
async def test_a_section_that_is_left_while_it_opens(demo: Path, turns: int) -> None:
    run = Workbench.open(demo).list_runs("name = 'churn-search'")[0][0]["run"]
    async with opened(demo) as pilot:
        for _ in range(4):
            await pilot.app.push_screen(RunScreen(run))
            at_once(pilot, "right")
            for _ in range(turns):
                await asyncio.sleep(0)
            at_once(pilot, "escape")
            await settled(pilot)
            assert len(pilot.app.screen_stack) == 1


async def test_an_act_is_not_done_twice_and_another_waits_its_turn(demo: Path) -> None:
    done: list[str] = []
    go = threading.Event()

    def act(name: str) -> Callable[[], None]:
        def acting() -> None:
            assert go.wait(10)
            done.append(name)

        return acting

    async with opened(demo) as pilot:
        pane = pilot.app.main.query_one(Runs)
        for name in ("first", "first", "second"):
            pane.do(act(name), lambda _: None, name)
        await pilot.pause(0.2)
        assert not done
        go.set()
        await settled(pilot)
        assert sorted(done) == ["first", "second"]
        assert not pilot.app.desk.doing
        await pilot.app.push_screen(screen := RunScreen(pane.rows[0]["run"]))
        go.clear()

        def fails() -> None:
            assert go.wait(10)
            raise UsageError("it went wrong")

        screen.do(fails, lambda _: None, "fails")
        screen.dismiss()
        go.set()
        await settled(pilot)
        assert "it went wrong" in text_of(pilot), "who asked has gone, and it is told all the same"


async def test_the_command_line_names_a_workspace_that_it_would_not_find(
    demo: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    async with opened(demo) as pilot:
        await press(pilot, "p")
        run = pilot.app.main.query_one(Runs).listing.current
        line = pilot.app.desk.commands[-1]
        assert line == f"MFBENCH_WORKSPACE={demo} mfbench runs pin {run}"
    (demo / "below").mkdir()
    monkeypatch.chdir(demo / "below")
    async with opened(demo) as pilot:
        await press(pilot, "p")
        assert pilot.app.desk.commands[-1] == f"mfbench runs unpin {run}"


async def test_what_changed_two_screens_above_is_seen_on_the_way_back(demo: Path) -> None:
    bench = Workbench.open(demo)
    run = bench.list_runs()[0][0]["run"]
    async with opened(demo) as pilot:
        await pilot.app.push_screen(RunScreen(run))
        await press(pilot, "question_mark")
        bench.pin_runs([run])
        await pilot.pause(1.5)
        await press(pilot, "escape", "escape")
        assert "▲" in text_of(pilot)


@pytest.mark.parametrize("turns", range(8))
async def test_a_palette_that_is_closed_while_it_opens(demo: Path, turns: int) -> None:
    async with opened(demo) as pilot:
        for _ in range(3):
            at_once(pilot, "ctrl+p", "pagedown")
            for _ in range(turns):
                await asyncio.sleep(0)
            at_once(pilot, "x", "escape", "escape")
            await settled(pilot)
        await press(pilot, "escape", "ctrl+p", *"palette")
        at_once(pilot, "enter", "enter", "enter", "enter")
        await settled(pilot)
        await press(pilot, "escape", "escape")
        assert len(pilot.app.screen_stack) == 1


async def test_an_answer_that_cannot_be_shown_does_not_end_the_screen(demo: Path) -> None:
    async with opened(demo) as pilot:
        pane = pilot.app.main.query_one(Runs)

        def fails(_: object) -> None:
            raise LookupError("of another shape")

        for ask in (pane.ask, pane.do):
            ask(lambda: None, fails)
            await settled(pilot)
            assert "mfbench itself failed" in text_of(pilot)
            assert "of another shape" in text_of(pilot)
            await press(pilot, "escape")
        await press(pilot, "down")
        assert pane.listing.cursor_row == 1
