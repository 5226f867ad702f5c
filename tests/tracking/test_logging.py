"""What can be logged, and what becomes of it."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mfbench.core.errors import UsageError
from mfbench.journal.reader import read_events
from mfbench.store.runs import list_runs
from mfbench.tracking.run import Run, start_run
from mfbench.workspace.workspace import Workspace
from tests.children import kill, start


@pytest.fixture
def run(workspace: Workspace) -> Iterator[Run]:
    with start_run("r") as run:
        yield run


def _events(run: Run, kind: str) -> list[list[Any]]:
    return [event[3:] for event in read_events(run.workspace.run_folder(run.id) / "events") if event[2] == kind]


class Level(IntEnum):
    HIGH = 3


class Text(str):
    pass


@pytest.mark.parametrize(
    ("value", "kept", "text"),
    [
        ("adam", "adam", "adam"),
        ("", "", ""),
        (Text("sub"), "sub", "sub"),
        (np.str_("np"), "np", "np"),
        (1, 1, "1"),
        (True, True, "true"),
        (None, None, None),
        (0.1, 0.1, "0.1"),
        (math.inf, "inf", "inf"),
        (math.nan, "nan", "nan"),
        (2**63 - 1, 2**63 - 1, str(2**63 - 1)),
        (10**30, str(10**30), str(10**30)),
        (np.float64(0.25), 0.25, "0.25"),
        (np.float32(0.5), 0.5, "0.5"),
        (np.int64(7), 7, "7"),
        (np.bool_(True), True, "true"),
        (np.array([1, 2]), [1, 2], "[1,2]"),
        (np.array(3.5), 3.5, "3.5"),
        ([1, "a", None, math.nan], [1, "a", None, "nan"], '[1,"a",null,"nan"]'),
        ((1, (2, 3)), [1, [2, 3]], "[1,[2,3]]"),
        (Path("a/b"), "a/b", "a/b"),
        (Level.HIGH, str(Level.HIGH), str(Level.HIGH)),
        (Decimal("1.10"), "1.10", "1.10"),
        (Fraction(1, 3), "1/3", "1/3"),
        (b"raw", "b'raw'", "b'raw'"),
        (len, "<built-in function len>", "<built-in function len>"),
        ({}, "{}", "{}"),
    ],
)
def test_a_param_of_any_kind_is_kept(run: Run, value: object, kept: object, text: str | None) -> None:
    run.log_param("one", value)
    run.log_params({"many": value})
    assert _events(run, "param") == [["one", kept], ["many", kept]]
    assert list_runs(run.workspace)[0][0]["params"] == {"many": text, "one": text}


def test_nested_params_become_dotted_keys(run: Run) -> None:
    run.log_params({"model": {"lr": 0.1, "opt": {"name": "adam", "betas": [0.9, 0.99]}}, "seed": 1, 7: "seven"})
    assert list_runs(run.workspace, "params.model.opt.name = 'adam' and params.model.lr < 0.2")[0][0]["params"] == {
        "7": "seven", "model.lr": "0.1", "model.opt.betas": "[0.9,0.99]", "model.opt.name": "adam", "seed": "1",
    }  # fmt: skip
    run.log_params({})


def test_wrong_params_are_told(run: Run) -> None:
    for call in (
        lambda: run.log_param("", 1),
        lambda: run.log_param(3, 1),  # type: ignore[arg-type]
        lambda: run.log_params({"": 1}),
        lambda: run.log_params([("a", 1)]),  # type: ignore[arg-type]
        lambda: run.log_params("a=1"),  # type: ignore[arg-type]
        lambda: run.log_param("a", "\ud800"),
        lambda: run.log_param("\ud800", 1),
    ):
        with pytest.raises(UsageError):
            call()
    assert _events(run, "param") == []


def test_the_default_step_is_one_more_than_the_last(run: Run) -> None:
    run.log_metric("a", 0.1)
    run.log_metric("a", 0.2)
    run.log_metric("b", 1)
    run.log_metric("a", 0.3, step=10)
    run.log_metric("a", 0.4)
    run.log_metric("a", 0.5, step=-5)
    run.log_metric("a", 0.6)
    run.log_metrics({"a": 1, "c": 1})
    run.log_metrics({"a": 2, "b": 2, "c": 2})
    run.log_metrics({"a": 3}, step=100)
    run.log_metrics([("a", 4, 200), ("a", 5, 150)])
    run.log_metric("a", 6)
    run.log_metrics({})
    run.log_metrics([])
    assert [[key, step] for key, step, _ in _events(run, "m")] == [
        ["a", 0], ["a", 1], ["b", 0], ["a", 10], ["a", 11], ["a", -5], ["a", -4], ["a", -3], ["c", -3],
        ["a", 1], ["b", 1], ["c", 1], ["a", 100], ["a", 200], ["a", 150], ["a", 151],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (1, 1.0), (True, 1.0), (0.5, 0.5), ("0.5", 0.5), (np.float32(0.5), 0.5), (np.float64(0.5), 0.5),
        (np.int8(3), 3.0), (np.array(2.5), 2.5), (Decimal("0.25"), 0.25), (Fraction(1, 4), 0.25),
        (math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf"), (np.float32("nan"), "nan"), ("inf", "inf"),
        (5e-324, 5e-324), (-0.0, -0.0),
    ],
)  # fmt: skip
def test_any_number_can_be_a_metric(run: Run, value: Any, kept: object) -> None:
    run.log_metric("one", value, step=1)
    run.log_metrics({"one": value}, step=2)
    run.log_metrics([("one", value, 3)])
    assert _events(run, "m") == [["one", 1, kept], ["one", 2, kept], ["one", 3, kept]]
    (stored,) = list_runs(run.workspace)[0][0]["metrics"].values()
    assert str(stored) == str(float(value) + 0.0)


@pytest.mark.parametrize("value", [None, "high", 1j, [1, 2], {}, object(), 10**400, np.array([1.0, 2.0])])
def test_what_is_no_number_is_told_and_not_logged(run: Run, value: Any) -> None:
    for call in (
        lambda: run.log_metric("loss", value),
        lambda: run.log_metrics({"auc": 0.5, "loss": value}),
        lambda: run.log_metrics([("auc", 0.5, 1), ("loss", value, 1)]),
    ):
        with pytest.raises(UsageError, match=r"metric 'loss': .* is not a number"):
            call()
    assert _events(run, "m") == []


@pytest.mark.parametrize(
    ("step", "kept"),
    [(np.int64(3), 3), (np.uint8(3), 3), (True, 1), (4.0, 4), (np.float64(4), 4), (2**63 - 1, 2**63 - 1)],
)
def test_whole_numbers_of_any_kind_are_steps(run: Run, step: Any, kept: int) -> None:
    run.log_metric("loss", 1, step=step)
    run.log_metrics({"loss": 1}, step=step)
    run.log_metrics([("loss", 1, step)])
    assert [found for _, found, _ in _events(run, "m")] == [kept] * 3
    assert list_runs(run.workspace)[0][0]["metrics"] == {"loss": 1.0}


@pytest.mark.parametrize("step", [1.5, "1", math.nan, math.inf, 2**63, -(2**63) - 1, [1], np.float64(0.5)])
def test_other_steps_are_told(run: Run, step: Any) -> None:
    for call in (
        lambda: run.log_metric("loss", 1, step=step),
        lambda: run.log_metrics({"loss": 1}, step=step),
        lambda: run.log_metrics([("loss", 1, step)]),
    ):
        with pytest.raises(UsageError, match="is not a step"):
            call()
    assert _events(run, "m") == []


@pytest.mark.parametrize(
    "batch", [3, None, "loss", ["loss"], [("loss", 1)], [("loss", 1, 1, 1)], [3], {"": 1}, {3: 1}, [("", 1, 1)]]
)
def test_batches_of_another_form_are_told(run: Run, batch: Any) -> None:
    with pytest.raises(UsageError):
        run.log_metrics(batch)
    with pytest.raises(UsageError, match="each has its own"):
        run.log_metrics([("loss", 1, 1)], step=2)
    for key in ("", None, 3):
        with pytest.raises(UsageError, match="name of a metric"):
            run.log_metric(key, 1.0)  # type: ignore[arg-type]
    assert _events(run, "m") == []


def test_a_batch_may_be_any_iterable(run: Run) -> None:
    run.log_metrics((f"k{n}", n, n) for n in range(3))
    run.log_metrics(zip(["a"], np.array([1.5]), np.array([2]), strict=True))
    assert _events(run, "m") == [["k0", 0, 0.0], ["k1", 1, 1.0], ["k2", 2, 2.0], ["a", 2, 1.5]]


def test_threads_get_steps_of_their_own(run: Run) -> None:
    def work() -> None:
        for _ in range(400):
            run.log_metric("loss", 1.0)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(step for _, step, _ in _events(run, "m")) == list(range(2000))


def test_text_is_kept_as_it_is(run: Run) -> None:
    run.log_text("first\nsecond 日本")
    run.log_text("careful", level="warning")
    run.log_text(3)  # type: ignore[arg-type]
    assert _events(run, "log") == [["info", "first\nsecond 日本"], ["warning", "careful"], ["info", "3"]]


def test_what_was_logged_survives_kill_9(workspace: Workspace) -> None:
    code = """
import os, sys, mfbench
run = mfbench.start_run("r", workspace=sys.argv[1])
for step in range(10_000_000):
    run.log_metric("loss", step / 7, step=step)
    os.write(1, b"%d\\n" % step)
"""
    chance = random.Random(7)
    acknowledged = []
    for _ in range(4):
        child = start(code, workspace.root)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0, 0.04))
        told = kill(child).splitlines()
        acknowledged.append(int(told[-1]) if told else 0)
    rows, _ = list_runs(workspace, sort="started", limit=None)
    assert [row["status"] for row in rows] == ["lost"] * 4
    for row, count in zip(rows, acknowledged, strict=True):
        points = [event for event in read_events(workspace.run_folder(row["run"]) / "events") if event[2] == "m"]
        assert [event[4:] for event in points] == [[step, step / 7] for step in range(len(points))]
        assert len(points) > count
        assert row["metrics"]["loss"] == (len(points) - 1) / 7
