"""Histories: every point, reduced to a plot, side by side."""

from __future__ import annotations

import math
import random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfbench.core.errors import NotFoundError, UsageError
from mfbench.journal.segment import SegmentWriter
from mfbench.store.curves import compare_curves, curve
from mfbench.store.points import points, summaries
from mfbench.tracking.run import start_run
from mfbench.workspace.workspace import Workspace, create

COLUMNS = ["run", "key", "x", "step_min", "step_max", "first", "last", "min", "max", "mean", "n", "nan", "inf"]


def _logged(workspace: Workspace, values: list[tuple[str, float, int]]) -> str:
    with start_run("n", workspace=workspace.root) as run:
        for point in values:
            run.log_metrics([point])
    return run.id


def test_a_short_curve_comes_as_it_is(workspace: Workspace) -> None:
    run = _logged(workspace, [("loss", 0.5, 3), ("loss", 0.9, 1), ("loss", 0.4, 2), ("auc", 1.0, 0)])
    frame = curve(workspace, [run], ["loss"])
    assert frame.columns == COLUMNS
    assert frame["x"].to_list() == frame["step_min"].to_list() == frame["step_max"].to_list() == [1, 2, 3]
    for name in ("first", "last", "min", "max", "mean"):
        assert frame[name].to_list() == [0.9, 0.4, 0.5]
    assert frame["n"].to_list() == [1, 1, 1]


def test_no_spike_is_lost(workspace: Workspace) -> None:
    values = [1.0] * 10_000
    values[1234], values[8765] = 1e6, -1e6
    with start_run("n", workspace=workspace.root) as run:
        run.log_metrics([("loss", value, step) for step, value in enumerate(values)])
    frame = curve(workspace, [run.id], ["loss"], points=100)
    assert frame.height == 100
    assert (frame["max"].max(), frame["min"].min()) == (1e6, -1e6)
    assert frame["n"].sum() == 10_000
    spike = frame.filter(pl.col("max") == 1e6)
    assert spike["step_min"][0] <= 1234 <= spike["step_max"][0]
    assert spike["mean"][0] == pytest.approx((1e6 + 99) / 100)


def test_what_is_not_finite_is_counted_and_left_out_of_the_extremes(workspace: Workspace) -> None:
    values = [math.nan, 1.0, math.inf, -math.inf, 3.0, math.nan]
    run = _logged(workspace, [("loss", value, step) for step, value in enumerate(values)])
    (whole,) = curve(workspace, [run], ["loss"], points=1).iter_rows(named=True)
    assert {name: whole[name] for name in ("min", "max", "mean", "n", "nan", "inf")} == {
        "min": 1.0, "max": 3.0, "mean": 2.0, "n": 6, "nan": 2, "inf": 2}  # fmt: skip
    assert math.isnan(whole["first"])
    assert math.isnan(whole["last"])
    exact = curve(workspace, [run], ["loss"])
    assert exact["nan"].to_list() == [1, 0, 0, 0, 0, 1]
    assert exact["inf"].to_list() == [0, 0, 1, 1, 0, 0]
    assert exact["min"].to_list() == [None, 1.0, None, None, 3.0, None]


def test_all_points_nan(workspace: Workspace) -> None:
    run = _logged(workspace, [("loss", math.nan, step) for step in range(5)])
    (row,) = curve(workspace, [run], ["loss"], points=1).iter_rows(named=True)
    assert (row["min"], row["max"], row["mean"], row["nan"]) == (None, None, None, 5)


def test_of_a_step_logged_twice_the_later_is_last(workspace: Workspace) -> None:
    run, _ = workspace.new_run({})
    folder = workspace.run_folder(run) / "events"
    for attempt in (1, 2):
        writer = SegmentWriter(folder, f"worker-{attempt}", run=run)
        for step in range(10):
            writer.write("m", "loss", step, float(100 * attempt + step))
    (row,) = curve(workspace, [run], ["loss"], points=1).iter_rows(named=True)
    assert (row["n"], row["first"], row["last"]) == (20, 100.0, 209.0)
    both = curve(workspace, [run], ["loss"], points=100)
    assert both["x"].to_list() == sorted([*range(10), *range(10)])
    assert both.filter(pl.col("x") == 4)["first"].to_list() == [104.0, 204.0]
    assert [item["last"] for item in summaries(workspace, run)] == [209.0]
    assert points(workspace, [run]).filter(pl.col("step") == 9)["value"].to_list() == [109.0, 209.0]


def test_extreme_steps(workspace: Workspace) -> None:
    steps = [-(2**63), -1, 0, 1, 2**63 - 1]
    run = _logged(workspace, [("loss", float(place), step) for place, step in enumerate(steps)])
    assert curve(workspace, [run], ["loss"])["x"].to_list() == steps
    reduced = curve(workspace, [run], ["loss"], points=3)
    assert reduced["n"].to_list() == [1, 3, 1]
    assert reduced["first"].to_list() == [0.0, 1.0, 4.0]
    assert reduced["last"].to_list() == [0.0, 3.0, 4.0]


def test_one_step_many_times_is_one_bucket(workspace: Workspace) -> None:
    run = _logged(workspace, [("loss", float(value), 7) for value in range(20)])
    (row,) = curve(workspace, [run], ["loss"], points=5).iter_rows(named=True)
    assert (row["x"], row["n"], row["first"], row["last"]) == (7, 20, 0.0, 19.0)


def test_a_trials_points_are_not_the_runs(workspace: Workspace) -> None:
    run, _ = workspace.new_run({})
    writer = SegmentWriter(workspace.run_folder(run) / "events", "driver", run=run)
    writer.write("m", "loss", 0, 9.0, 4)
    writer.write("m", "loss", 0, 1.0)
    assert curve(workspace, [run], ["loss"])["last"].to_list() == [1.0]
    assert points(workspace, [run])["trial"].to_list() == [None, 4]


def test_axes(workspace: Workspace) -> None:
    run = _logged(workspace, [("loss", float(step), -step) for step in range(50)])
    by_time = curve(workspace, [run], ["loss"], x="time")
    assert by_time.schema["x"] == pl.Datetime("us")
    assert by_time["first"].to_list() == [float(step) for step in range(50)]  # in order of time, not of steps
    relative = curve(workspace, [run], ["loss"], x="relative")
    assert relative["x"][0] == 0.0
    seconds = (by_time["x"] - by_time["x"][0]).dt.total_microseconds() / 1e6
    assert relative["x"].to_list() == pytest.approx(seconds.to_list())
    (row,) = curve(workspace, [run], ["loss"], points=1, x="time").iter_rows(named=True)
    assert (row["first"], row["last"], row["step_min"], row["step_max"]) == (0.0, 49.0, -49, 0)


def test_several_runs_and_keys_stand_in_the_order_asked_for(workspace: Workspace) -> None:
    a = _logged(workspace, [("loss", 1.0, 0), ("auc", 2.0, 0)])
    b = _logged(workspace, [("loss", 3.0, 0)])
    frame = curve(workspace, [b, a], ["loss", "auc", "loss"])
    assert frame.select("run", "key", "last").rows() == [(b, "loss", 3.0), (a, "loss", 1.0), (a, "auc", 2.0)]
    assert points(workspace, [b, a], "loss")["value"].to_list() == [3.0, 1.0]


def test_side_by_side(workspace: Workspace) -> None:
    a = _logged(workspace, [("loss", float(step), step) for step in range(0, 10, 2)])
    b = _logged(workspace, [("loss", float(-step), step) for step in range(3)])
    frame = compare_curves(workspace, [a, b], "loss")
    assert frame.columns == ["x", a, b]
    assert frame.rows() == [(0, 0.0, -0.0), (1, None, -1.0), (2, 2.0, -2.0), (4, 4.0, None), (6, 6.0, None),
                            (8, 8.0, None)]  # fmt: skip
    few = compare_curves(workspace, [a, b], "loss", points=3)
    assert few.rows() == [(0, 2.0, -2.0), (3, 4.0, None), (6, 8.0, None)]
    other = _logged(workspace, [("auc", 1.0, 0)])
    assert compare_curves(workspace, [a, other], "loss").columns == ["x", a]
    relative = compare_curves(workspace, [a, b], "loss", x="relative")
    assert relative["x"][0] == 0.0
    assert relative.row(0) == (0.0, 0.0, -0.0)


def test_a_key_that_nobody_has_is_told(workspace: Workspace) -> None:
    run = _logged(workspace, [("loss", 1.0, 0)])
    with pytest.raises(NotFoundError, match="did you mean 'loss'"):
        curve(workspace, [run], ["los"])
    with pytest.raises(NotFoundError, match="did you mean 'loss'"):
        compare_curves(workspace, [run], "los")
    with pytest.raises(NotFoundError):
        curve(workspace, [run], [])


@pytest.mark.parametrize("words", [{"points": 0}, {"points": 10**6}, {"x": "epoch"}])
def test_wrong_words_are_told(workspace: Workspace, words: dict[str, Any]) -> None:
    run = _logged(workspace, [("loss", 1.0, 0)])
    with pytest.raises(UsageError):
        curve(workspace, [run], ["loss"], **words)


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str, list[tuple[int, float]]]:
    """A history whose steps come in any order, some twice."""
    chance = random.Random(7)
    made = [(chance.randrange(500), chance.choice([chance.gauss(0, 1), math.nan, math.inf])) for _ in range(2000)]
    workspace = create(tmp_path_factory.mktemp("shuffled"))
    with start_run("n", workspace=workspace.root) as run:
        for step, value in made:
            run.log_metric("loss", value, step=step)
    return workspace, run.id, made


@given(st.integers(1, 3000))
@settings(max_examples=25, deadline=None)
def test_buckets_hold_what_plain_python_finds(
    shuffled: tuple[Workspace, str, list[tuple[int, float]]], count: int
) -> None:
    workspace, run, made = shuffled
    frame = curve(workspace, [run], ["loss"], points=count)
    assert frame.height <= count
    assert frame["n"].sum() == len(made)
    ordered = [made[place] for place in sorted(range(len(made)), key=lambda place: made[place][0])]
    begin = 0
    for row in frame.iter_rows(named=True):
        part = ordered[begin : begin + row["n"]]
        begin += row["n"]
        finite = [value for _, value in part if math.isfinite(value)]
        assert (row["step_min"], row["step_max"], row["x"]) == (part[0][0], part[-1][0], part[0][0])
        assert row["min"] == min(finite, default=None)
        assert row["max"] == max(finite, default=None)
        assert row["mean"] == (pytest.approx(sum(finite) / len(finite)) if finite else None)
        assert row["nan"] == sum(math.isnan(value) for _, value in part)
        assert row["inf"] == sum(math.isinf(value) for _, value in part)
        assert row["last"] == pytest.approx(part[-1][1], nan_ok=True)
        assert row["first"] == pytest.approx(part[0][1], nan_ok=True)
