"""What the screen looks at: what has changed, what a run has said, whatever its journal says."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import mfbench
from mfbench.api.workbench import Workbench
from mfbench.core.errors import NotFoundError, RecipeError, UsageError
from mfbench.recipe.load import load_recipe
from tests.children import kill, start
from tests.support import Project, until

HOLDS = """
import sys
import mfbench
with mfbench.start_run("held", workspace=sys.argv[1]) as run:
    print(run.id, flush=True)
    sys.stdin.read()
"""
ODD = [["search", []], ["search", 5], ["trial.ended"], ["run.ended"], ["step.ended", "a"], ["run.started", None],
       ["log"], ["m", "key"], ["gate"], ["environment"], ["sys", "cpu"], ["judged"], ["step.started"]]  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench.create(tmp_path)


def test_each_kind_of_change_moves_its_number(bench: Workbench, project: Project) -> None:
    before = bench.pulse()
    assert bench.pulse() == before
    with mfbench.start_run("one", workspace=bench.workspace.root) as run:
        during = bench.pulse()
        assert {key for key in before if before[key] != during[key]} == {"runs"}
        run.log_metric("loss", 1.0)
        until(lambda: bench.pulse()["runs"] != during["runs"])
    bench.note_run(run.id, "good")
    assert bench.pulse()["ledger"] != before["ledger"]
    bench.pause_queue()
    assert bench.pulse()["queue"] != before["queue"]


def test_a_driver_that_is_killed_is_seen(bench: Workbench) -> None:
    child = start(HOLDS, bench.workspace.root)
    assert child.stdout
    run = child.stdout.readline().strip()
    watched = bench.watch(run)
    watched.poll()
    assert watched.result.status == "running"
    before = bench.pulse()["runs"]
    kill(child)
    assert bench.pulse()["runs"] != before
    watched.poll()
    assert (watched.result.status, watched.over) == ("lost", True)


def test_what_a_run_has_said_is_read(bench: Workbench) -> None:
    with pytest.raises(ZeroDivisionError), mfbench.start_run("one", workspace=bench.workspace.root) as run:
        raise ZeroDivisionError("on purpose")
    levels = [level for _, level, _ in bench.log(run.id)]
    assert (levels[0], levels[-1]) == ("run", "error")
    ending = bench.ending(run.id)
    assert ending is not None
    assert "on purpose" in ending["message"]
    with pytest.raises(NotFoundError):
        bench.artifact(run.id, "nothing")


def test_lines_of_another_shape_take_nothing_down(bench: Workbench) -> None:
    with mfbench.start_run("one", workspace=bench.workspace.root) as run:
        run.log_metric("loss", 1.0)
    folder = bench.workspace.run_folder(run.id) / "events"
    lines = "".join(json.dumps([number, 1, *odd]) + "\n" for number, odd in enumerate(ODD))
    (folder / "other-1.jsonl").write_text(lines, encoding="utf-8")
    watched = bench.watch(run.id)
    watched.poll()
    assert bench.searches(10, 0)[0] == []
    bench.log(run.id)
    bench.ending(run.id)
    assert bench.list_runs()[0][0]["run"] == run.id


def test_a_recipe_too_deep_is_a_problem_of_that_recipe_alone(project: Project) -> None:
    bench = Workbench.create(project.folder)
    deep = project.folder / "deep.toml"
    deep.write_text("x = " + "[" * 5000 + "]" * 5000, encoding="utf-8")
    with pytest.raises(RecipeError, match="deep"):
        load_recipe(deep)
    found = {one["file"]: one["problem"] for one in bench.recipes()}
    assert found["tiny.toml"] is None
    assert found["deep.toml"] is not None


def test_a_run_from_elsewhere_is_not_taken_up(project: Project, tmp_path: Path) -> None:
    project.mfbench("run", "tiny.toml")
    [run] = project.runs()
    project.mfbench("export", str(tmp_path / "a.mfb"), "--run", run)
    (tmp_path / "other").mkdir()
    other = Workbench.create(tmp_path / "other")
    other.import_(tmp_path / "a.mfb")
    with pytest.raises(UsageError, match="another workspace"):
        other.start_resume(run)
    assert os.listdir(other.workspace.live) == []
