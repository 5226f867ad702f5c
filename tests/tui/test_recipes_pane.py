"""Recipes: listed, read with what is wrong marked, checked, run, queued, edited, made."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Button, Input, TextArea

from mfbench.core.errors import UsageError
from mfbench_tui.dialogs.choose import Choose
from mfbench_tui.dialogs.form import Form
from mfbench_tui.dialogs.reader import Reader
from mfbench_tui.panes.recipes import Recipes
from mfbench_tui.screens.queue import QueueScreen
from mfbench_tui.screens.run import RunScreen
from mfbench_tui.widgets.listing import Listing
from mfbench_tui.widgets.recipe_text import recipe_text
from mfbench_tui.widgets.recipe_view import RecipeView
from tests.support import Project, until
from tests.tui.support import NARROW, opened, press, settled, text_of


def pane_of(pilot: object) -> Recipes:
    return pilot.app.main.query_one(Recipes)  # type: ignore[attr-defined, no-any-return]


async def test_recipes_stand_with_their_last_run_and_what_is_wrong(demo: Path) -> None:
    (demo / "typo.toml").write_text((demo / "churn.toml").read_text().replace("target =", "tarpet ="))
    (demo / "other.toml").write_text("[tool]\nname = 'no recipe'\n")
    (demo / "half.toml").write_text("[recipe\nname = 'half'\n")
    async with opened(demo, first="recipes") as pilot:
        rows = {row["file"]: row for row in pane_of(pilot).rows}
        assert "other.toml" not in rows
        assert rows["churn.toml"]["status"] == "finished"
        assert rows["churn.toml"]["metric"] == "roc_auc"
        assert rows["half.toml"]["problem"]["line"] == 1
        pane_of(pilot).listing.move_to(str(demo / "typo.toml"))
        await settled(pilot)
        shown = text_of(pilot)
        assert "there is no key 'tarpet'" in shown
        assert "did you mean 'target'?" in shown


async def test_enter_reads_and_escape_comes_back_on_a_narrow_screen(demo: Path) -> None:
    async with opened(demo, first="recipes", size=NARROW) as pilot:
        assert isinstance(pilot.app.focused, Listing)
        assert "LogisticRegression" not in text_of(pilot)
        await press(pilot, "enter")
        assert isinstance(pilot.app.focused, RecipeView)
        assert "[recipe]" in text_of(pilot)
        assert ".toml   esc goes back" in text_of(pilot)
        await press(pilot, "escape")
        assert isinstance(pilot.app.focused, Listing)
        assert "esc goes back" not in text_of(pilot)


async def test_a_file_that_an_editor_saves_is_read_again(demo: Path) -> None:
    async with opened(demo, first="recipes") as pilot:
        (demo / "late.toml").write_text((demo / "churn.toml").read_text().replace('"churn"', '"late"'))
        pane_of(pilot)._look()
        await settled(pilot)
        await settled(pilot)
        assert "late.toml" in [row["file"] for row in pane_of(pilot).rows]


async def test_the_filter_is_by_name_and_says_what_it_hides(demo: Path) -> None:
    async with opened(demo, first="recipes") as pilot:
        total = len(pane_of(pilot).rows)
        await press(pilot, "slash", "s", "t", "r", "i", "c", "t", "enter")
        assert [row["file"] for row in pane_of(pilot).rows] == ["strict.toml"]
        assert f"Recipes 1 of {total}   / strict" in text_of(pilot)


async def test_check_tells_what_the_data_says(demo: Path) -> None:
    async with opened(demo, first="recipes") as pilot:
        pane_of(pilot).listing.move_to(str(demo / "churn.toml"))
        await press(pilot, "C")
        assert isinstance(pilot.app.screen, Reader)
        assert "rows: 6,000" in str(pilot.app.screen.text)
        assert pilot.app.desk.commands[-1] == "mfbench check churn.toml"


async def test_what_a_check_finds_is_marked_in_its_line(demo: Path) -> None:
    async with opened(demo, first="recipes") as pilot:
        pane_of(pilot).listing.move_to(str(demo / "broken.toml"))
        await settled(pilot)
        assert "there is no estimator" not in text_of(pilot)
        await press(pilot, "C")
        lines = text_of(pilot).splitlines()
        [at] = [i for i, line in enumerate(lines) if "estimator = " in line]
        assert "✗" in lines[at]
        assert "there is no estimator" in lines[at + 1]


async def test_r_runs_and_opens_the_run(project: Project) -> None:
    project.mfbench("init")
    async with opened(project.folder, first="recipes") as pilot:
        await press(pilot, "r")
        assert isinstance(pilot.app.screen, RunScreen)
        [run] = project.runs()
        assert pilot.app.desk.commands[-1] == "mfbench run tiny.toml --detach"
        bench = pilot.app.desk.bench
        until(lambda: bench.show_run(run)["status"] != "running")
        assert bench.show_run(run)["status"] == "finished"


async def test_a_wrong_change_is_told_in_the_form_and_nothing_is_lost(project: Project) -> None:
    project.mfbench("init")
    async with opened(project.folder, first="recipes") as pilot:
        await press(pilot, "w")
        form = pilot.app.screen
        assert isinstance(form, Form)
        form.query_one(TextArea).text = "model.C=0.5\ndata.tarpet=x"
        list(form.query(Input))[1].value = "by hand"
        await press(pilot, "ctrl+s")
        assert pilot.app.screen is form
        assert "tarpet" in text_of(pilot)
        assert form.texts == ["model.C=0.5\ndata.tarpet=x", "", "by hand"]
        assert project.runs() == []
        form.query_one(TextArea).text = "model.C=0.5"
        await press(pilot, "ctrl+s")
        assert isinstance(pilot.app.screen, RunScreen)
        [run] = project.runs()
        shown = pilot.app.desk.bench.show_run(run)
        assert shown["name"] == "by hand"
        assert shown["params"]["model.C"] in (0.5, "0.5")
        command = pilot.app.desk.commands[-1]
        assert command == "mfbench run tiny.toml --set model.C=0.5 --name 'by hand' --detach"
        until(lambda: pilot.app.desk.bench.show_run(run)["status"] != "running")


async def test_the_queue_holds_what_waits_and_lets_go_of_it(project: Project) -> None:
    project.mfbench("init")
    async with opened(project.folder, first="recipes") as pilot:
        pilot.app.desk.bench.pause_queue()
        for _ in range(2):
            await press(pilot, "Q", "ctrl+s")
        assert "2 waiting in the queue" in text_of(pilot)
        await press(pilot, "W")
        screen = pilot.app.screen
        assert isinstance(screen, QueueScreen)
        before = [row["id"] for row in screen.rows]
        await press(pilot, "j", "f")
        assert [row["id"] for row in screen.rows] == before[::-1]
        await press(pilot, "d")
        assert isinstance(pilot.app.focused, Button)
        assert pilot.app.focused.id == "cancel"
        await press(pilot, "right", "enter")
        await settled(pilot)
        assert len(pilot.app.desk.bench.queued()) == 1
        assert pilot.app.desk.commands[-1].startswith("mfbench queue cancel ")
        await press(pilot, "escape")
        assert not isinstance(pilot.app.screen, QueueScreen)


async def test_a_recipe_from_a_template_and_one_from_data(bare: Path, project: Project) -> None:
    async with opened(bare, first="recipes") as pilot:
        (bare / "tiny.toml").unlink(missing_ok=True)
        await press(pilot, "n")
        assert isinstance(pilot.app.screen, Choose)
        await press(pilot, "enter")
        form = pilot.app.screen
        assert isinstance(form, Form)
        boxes = list(form.query(Input))
        boxes[0].value, boxes[1].value, boxes[3].value = "tiny.csv", "bougt", "mine"
        await press(pilot, "ctrl+s")
        assert "did you mean 'bought'?" in text_of(pilot)
        boxes[1].value = "bought"
        await press(pilot, "ctrl+s")
        await settled(pilot)
        assert pane_of(pilot).listing.current == str(bare / "mine.toml")
        report = pilot.app.desk.bench.check(bare / "mine.toml")
        assert report.classes.keys() == {"yes", "no"}
        assert 'positive = "yes"' in (bare / "mine.toml").read_text()
        pilot.app.desk.bench.new_recipe("card", "default")
        assert pilot.app.desk.bench.check(bare / "card.toml").rows == 10_000
        with pytest.raises(UsageError, match="such a file already"):
            pilot.app.desk.bench.new_recipe("card", "default")


async def test_read_only_neither_runs_nor_makes(demo: Path) -> None:
    before = sorted(path.name for path in demo.iterdir())
    async with opened(demo, first="recipes", read_only=True) as pilot:
        await press(pilot, "r", "w", "Q", "n", "e")
        assert len(pilot.app.screen_stack) == 1
    assert sorted(path.name for path in demo.iterdir()) == before


def test_a_text_that_would_steer_the_terminal_does_not() -> None:
    problem = {"message": "[red]\x1b[2J", "line": 1, "column": 1, "hint": "\x07do", "where": "x"}
    text = recipe_text('name = "[bold]\x1b]52;c;x\x07"', 40, problem)
    assert "\x1b" not in text.plain
    assert "\x07" not in text.plain
    assert "[bold]" in text.plain


def test_a_long_line_goes_on_below_itself() -> None:
    lines = recipe_text("# " + "word " * 30, 40).plain.splitlines()
    assert len(lines) > 3
    assert all(len(line) <= 40 for line in lines)
    assert all(line.startswith("   ") for line in lines[1:])
