"""Keys that work everywhere: panes, help, palette, jump, copy, the command line, themes, read-only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mfbench_tui.app import PANES
from mfbench_tui.dialogs.reader import Reader
from mfbench_tui.help import bindings_of
from mfbench_tui.jump import Jump
from mfbench_tui.widgets.listing import Listing
from tests.tui.support import opened, press, settled, text_of


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
async def test_read_only_strips_what_changes_anything(demo: Path, name: str) -> None:
    async with opened(demo, first=name, read_only=True) as pilot:
        pane = pilot.app.main.query_one(f"#{name}")
        offered = {binding.action for _, binding, enabled, _ in pilot.app.screen.active_bindings.values() if enabled}
        assert not offered & pane.WRITES
        files = {path: path.stat().st_mtime_ns for path in (demo / ".mfbench" / "ledger").iterdir()}
        for keys, _, _ in bindings_of(pane):
            assert re.match(r"\S", keys)
        assert files == {path: path.stat().st_mtime_ns for path in (demo / ".mfbench" / "ledger").iterdir()}


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
