"""Models: what is told of a version, and what can be decided about it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from textual.widgets import Button, Input

from mfbench.api.workbench import Workbench
from mfbench_tui.dialogs.ask import Ask
from mfbench_tui.dialogs.choose import Choose
from mfbench_tui.dialogs.confirm import Confirm
from mfbench_tui.panes.models import Models
from mfbench_tui.widgets import model_text
from tests.tui.support import NARROW, opened, press, settled, text_of


def fill(pilot, *values: str) -> None:
    for box, value in zip(pilot.app.screen.query(Input), values, strict=False):
        box.value = value


async def confirm(pilot, typed: str | None = None) -> None:
    if typed is not None:
        fill(pilot, typed)
        await pilot.pause()
    pilot.app.screen.query_one("#do", Button).press()
    await settled(pilot)


async def test_every_section_tells_of_the_version_in_hand(demo: Path) -> None:
    async with opened(demo, first="models") as pilot:
        shown = text_of(pilot)
        assert "churn:2" in shown
        assert "★ champion" in shown
        assert "LogisticRegression" in shown
        assert "4,200 rows" in shown
        await press(pilot, "right")
        assert "✓ passed  roc_auc >= 0.6" in text_of(pilot)
        assert "observed 0.7775   needs 0.6" in text_of(pilot)
        await press(pilot, "right")
        assert "version 2 registered from run" in " ".join(text_of(pilot).split())
        await press(pilot, "right")
        assert "with model.C=0.001" in text_of(pilot)
        assert "deployments  none yet" in text_of(pilot)
        await press(pilot, "right", "right", "left")
        assert "Nobody had to approve" in text_of(pilot)


async def test_on_a_narrow_screen_the_details_open_and_close(demo: Path) -> None:
    async with opened(demo, first="models", size=NARROW) as pilot:
        assert "LogisticRegression" not in text_of(pilot)
        await press(pilot, "enter")
        assert "LogisticRegression" in text_of(pilot)
        await press(pilot, "escape")
        assert "LogisticRegression" not in text_of(pilot)
        assert pilot.app.focused is pilot.app.screen.query_one(Models).listing


async def test_an_alias_is_set_and_taken_away(demo: Path) -> None:
    async with opened(demo, first="models") as pilot:
        await press(pilot, "a")
        assert isinstance(pilot.app.screen, Ask)
        fill(pilot, "canary", "to try")
        await confirm(pilot)
        assert Workbench.open(demo).registry.find("churn@canary").number == 2
        assert "canary" in text_of(pilot)
        assert pilot.app.desk.commands[-1] == "mfbench models alias churn canary 2 --reason 'to try'"
        await press(pilot, "A")
        await confirm(pilot)
        assert Workbench.open(demo).registry.model("churn").aliases == {"champion": 1}


async def test_the_champion_changes_only_for_who_types_the_name(demo: Path) -> None:
    async with opened(demo, first="models") as pilot:
        await press(pilot, "a")
        fill(pilot, "champion", "it is better")
        await confirm(pilot)
        assert isinstance(pilot.app.screen, Confirm)
        assert pilot.app.focused.id == "cancel"
        fill(pilot, "chur")
        await pilot.pause()
        assert pilot.app.screen.query_one("#do", Button).disabled
        await press(pilot, "escape")
        assert Workbench.open(demo).registry.find("churn@champion").number == 1
        await press(pilot, "a")
        fill(pilot, "champion", "it is better")
        await confirm(pilot)
        await confirm(pilot, "churn")
        assert Workbench.open(demo).registry.find("churn@champion").number == 2


async def test_a_refused_run_is_approved_with_a_reason(demo: Path) -> None:
    async with opened(demo, first="models") as pilot:
        await press(pilot, "P")
        assert isinstance(pilot.app.screen, Choose)
        assert "strict" in text_of(pilot)
        await press(pilot, "enter")
        pilot.app.screen.query_one("#do", Button).press()
        await settled(pilot)
        assert isinstance(pilot.app.screen, Ask), "a reason has to be given"
        fill(pilot, "the bound was a slip")
        await confirm(pilot)
        assert isinstance(pilot.app.screen, Confirm)
        assert "It becomes the champion." in text_of(pilot)
        await confirm(pilot, "strict")
        [version] = [row for row in Workbench.open(demo).models() if row["name"] == "strict"]
        assert version["reason"] == "the bound was a slip"
        assert "strict:1" in text_of(pilot)
        await press(pilot, "g", "left")
        assert "the bound was a slip" in " ".join(text_of(pilot).split())
        await press(pilot, "P")
        assert not isinstance(pilot.app.screen, Choose), "nothing is left to approve"


async def test_files_are_verified_exported_and_score_rows(demo: Path, tmp_path: Path) -> None:
    async with opened(demo, first="models") as pilot:
        await press(pilot, "v")
        assert pilot.app.desk.commands[-1] == "mfbench models verify churn:2"
        await press(pilot, "e")
        fill(pilot, str(tmp_path / "bundle"))
        await confirm(pilot)
        assert (tmp_path / "bundle" / "manifest.json").is_file()
        await press(pilot, "s")
        fill(pilot, str(demo / "same.parquet"), str(tmp_path / "scored.parquet"))
        await confirm(pilot)
        assert "probability" in pl.read_parquet_schema(tmp_path / "scored.parquet")


async def test_damage_is_told_with_its_place(demo: Path) -> None:
    bench = Workbench.open(demo)
    digest = bench.model_card("churn:2")["manifest"]["files"]["model/model.skops"]["sha256"]
    blob = bench.workspace.blobs / digest
    blob.chmod(0o600)
    blob.write_bytes(b"something else")
    async with opened(demo, first="models") as pilot:
        await press(pilot, "v")
        assert "That did not work" in text_of(pilot)
        assert digest[:12] in text_of(pilot)


async def test_the_list_is_filtered_and_follows_what_others_do(demo: Path) -> None:
    async with opened(demo, first="models") as pilot:
        await press(pilot, "slash")
        fill(pilot, "SEARCH")
        await confirm(pilot)
        assert pilot.app.screen.query_one(Models).listing.keys == ["churn-search:1"]
        await press(pilot, "slash")
        fill(pilot, "nothing of that name")
        await confirm(pilot)
        assert "No model has this in its name" in text_of(pilot)
        await press(pilot, "slash")
        fill(pilot, "")
        await confirm(pilot)
        Workbench.open(demo).set_alias("churn", "shadow", 1)
        for _ in range(100):
            await pilot.pause(0.05)
            if "shadow" in text_of(pilot):
                break
        assert "shadow" in text_of(pilot)


async def test_read_only_takes_decisions_away(demo: Path) -> None:
    async with opened(demo, first="models", read_only=True) as pilot:
        await press(pilot, "a")
        assert len(pilot.app.screen_stack) == 1
        assert "Set alias" not in text_of(pilot)


async def test_without_models_it_says_how_the_first_is_made(bare: Path) -> None:
    async with opened(bare, first="models") as pilot:
        assert "No models yet" in text_of(pilot)
        await press(pilot, "a", "A", "v", "s", "e", "o", "enter", "right", "P")
        assert len(pilot.app.screen_stack) == 1


def test_names_of_others_do_not_steer_the_screen(demo: Path) -> None:
    found = Workbench.open(demo).model_card("churn:2")
    found["reason"] = "\x1b[31m[bold]red\x07"
    found["manifest"]["inputs"][0]["name"] = "a\nb\x1b]0;t\x07"
    told = model_text.card(found).plain
    assert "\x1b" not in told
    assert "\x07" not in told
    assert "[bold]red" in told
