"""Search: what a search has tried, by its list, its summary and its five sections."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Static

from mfbench.api.searching import history, varied
from mfbench.api.workbench import Workbench
from mfbench_tui.panes.search_words import sparks
from mfbench_tui.screens.run import RunScreen
from mfbench_tui.screens.search import SearchScreen
from mfbench_tui.screens.search_plots import axis_of
from tests.support import RECIPE, Project
from tests.tui.support import NARROW, WIDE, opened, press, settled, text_of

SEARCH = """
[tune]
trials = 6
sampler = "random"
objectives = ["roc_auc", "log_loss"]

[tune.space]
"model.C" = "log 0.001..100"
"model.fit_intercept" = [true, false]
"""


def trial(number: int, value: float | None, **params: object) -> dict[str, object]:
    state = "complete" if value is not None else "failed"
    return {"trial": number, "state": state, "values": None if value is None else [value], "params": params}


async def test_the_list_and_the_summary_tell_the_best(demo: Path) -> None:
    async with opened(demo, first="search") as pilot:
        shown = text_of(pilot)
        assert "Searches 1" in shown
        best = Workbench.open(demo).searches()[0][0]["best"]
        assert f"roc_auc {best:.4g}" in shown
        assert "What mattered" in shown


@pytest.mark.parametrize("size", [NARROW, (120, 36)])
async def test_every_section_opens_by_the_arrows(demo: Path, size: tuple[int, int]) -> None:
    async with opened(demo, first="search", size=size) as pilot:
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, SearchScreen)
        seen = []
        for _ in range(5):
            await settled(pilot)
            seen.append(text_of(pilot))
            await press(pilot, "right")
        history_, trials, importance, slices, front = seen
        assert "best so far" in history_
        assert "◆" in history_.split("\n", 4)[4]
        assert "★" in trials
        assert "%" in importance
        assert "roc_auc by model." in slices
        assert "one objective" in front
        await press(pilot, "escape")
        assert not isinstance(pilot.app.screen, SearchScreen)


async def test_slices_go_through_the_params(demo: Path) -> None:
    async with opened(demo, first="search") as pilot:
        await press(pilot, "enter", "right", "right", "right")
        keys = Workbench.open(demo).search(pilot.app.screen.run)["params"]
        assert f"by {keys[0]}" in text_of(pilot)
        await press(pilot, "down")
        assert f"by {keys[1]}" in text_of(pilot)
        await press(pilot, *["down"] * (len(keys) - 1))
        assert f"by {keys[0]}" in text_of(pilot)


async def test_a_search_of_two_objectives_has_a_front(project: Project) -> None:
    project.recipe(RECIPE + SEARCH)
    run = project.json("run", "tiny.toml")["run"]
    found = Workbench.open(project.folder).search(run)
    assert found["objectives"] == ["roc_auc", "log_loss"]
    for number in found["front"]:
        mine = next(one["values"] for one in found["trials"] if one["trial"] == number)
        others = [one["values"] for one in found["trials"] if one["state"] == "complete"]
        assert not any(other[0] > mine[0] and other[1] < mine[1] for other in others)
    async with opened(project.folder, first="search") as pilot:
        await press(pilot, "enter", "left")
        shown = text_of(pilot)
        assert f"{len(found['front'])} of 6 that none beats" in shown
        listed = str(pilot.app.screen.query_one(".choices", Static).content)
        assert [int(line[1:5]) for line in listed.splitlines()] == found["front"]
        assert "★" in listed


def test_the_best_so_far_goes_the_way_of_the_objective() -> None:
    trials = [trial(2, 5.0), trial(0, 3.0), trial(1, None), trial(3, float("nan")), trial(4, 1.0)]
    assert history(trials, [True]) == [(0, 3.0, 3.0), (2, 5.0, 5.0), (4, 1.0, 5.0)]
    assert history(trials, [False]) == [(0, 3.0, 3.0), (2, 5.0, 3.0), (4, 1.0, 1.0)]


def test_params_that_all_trials_share_are_no_axis() -> None:
    assert varied([trial(0, 1.0, a=1, b=2), trial(1, 1.0, a=1, b=3)]) == ["b"]
    assert varied([trial(0, 1.0, a=1)]) == ["a"]


def test_an_axis_is_logarithmic_where_values_span_it_and_words_stand_apart() -> None:
    assert axis_of([0.01, 1.0])[1:] == ([-2.0, 0.0], True)
    assert axis_of([1, 2])[1:] == ([1.0, 2.0], False)
    ticks, places, log = axis_of(["b", "a[red]", "b"])
    assert (places, log) == ([1.0, 0.0, 1.0], False)
    assert ticks.get_labels_for_ticks([0.0]) == ["a(red]"]


def test_sparks_fit_their_width_and_end_with_the_last() -> None:
    assert sparks([], 10) == ""
    assert sparks([1.0, 1.0], 10) == "▄▄"
    long = sparks([float(i) for i in range(1000)], 40)
    assert len(long) == 40
    assert long[-1] == "█"


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_plots_without_colours(demo: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    run = Workbench.open(demo).list_runs("name = 'net-small'")[0][0]["run"]
    async with opened(demo, first="search", size=size) as pilot:
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, SearchScreen)
        for _ in range(5):
            assert any(segment.style is not None for segment in pilot.app.screen._compositor.render_strips()[-1])
            await press(pilot, "right")
        await pilot.app.push_screen(screen := RunScreen(run))
        screen.open_section("curves")
        await settled(pilot)
        assert any(0x2800 < ord(sign) < 0x2900 for sign in text_of(pilot)), "a line is drawn"
