"""What a run has taken: samples from its events, their mean and peak, by step."""

from __future__ import annotations

from typing import Any

import pytest

from mfbench.api.workbench import Workbench
from mfbench.journal import segment
from mfbench.journal.segment import SegmentWriter
from mfbench.store.runs import show_run
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace

BEGAN = 1_800_000_000
GB = 10**9


class Told:
    """A run whose events happen at seconds of our choice."""

    def __init__(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(segment, "time_ns", lambda: int((BEGAN + self.now) * 10**9))
        self.run, _ = workspace.new_run({})
        self.writer = SegmentWriter(workspace.run_folder(self.run) / "events", "driver", run=self.run)
        about = {"name": "n", "recipe": None, "executor": "docker", "host": "h", "cpus": 2, "memory": 4 * GB}
        self.at(0, "run.started", about)

    def at(self, now: float, kind: str, *fields: Any) -> None:
        self.now = now
        self.writer.write(kind, *fields)

    def sample(self, now: float, cpu: float, memory: int) -> None:
        self.now = now
        self.writer.write_many("sys", [("cpu", cpu), ("memory", memory)])

    def step(self, name: str, ended: float, seconds: float) -> None:
        self.at(ended, "step.ended", name, "k", "finished", False, seconds, {}, None)


@pytest.fixture
def told(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Told:
    return Told(workspace, monkeypatch)


def test_samples_are_a_view_and_come_to_a_mean_and_a_peak(workspace: Workspace, told: Told) -> None:
    told.sample(1, 1.0, 1 * GB)
    told.sample(3, 2.0, 3 * GB)
    told.sample(13, 0.5, 2 * GB)
    told.at(13, "sys", "memory.peak", 4 * GB)
    rows = Store(workspace).rows("SELECT key, value, time > '2027-01-01' AS late FROM system ORDER BY time, key, value")
    assert [(row["key"], row["value"]) for row in rows][:3] == [("cpu", 1.0), ("memory", 1e9), ("cpu", 2.0)]
    assert len(rows) == 7
    assert all(row["late"] for row in rows)
    found = Workbench(workspace).usage(told.run)
    assert found is not None
    assert found["peak_memory"] == 4 * GB
    assert found["mean_cpu"] == pytest.approx((1 * 1.0 + 2 * 2.0 + 10 * 0.5) / 13, abs=1e-3)
    assert [sample["memory"] for sample in found["samples"]] == [1 * GB, 3 * GB, 2 * GB]
    assert show_run(workspace, told.run)["usage"] == {key: found[key] for key in ("peak_memory", "mean_cpu")}


def test_a_sample_counts_for_the_step_that_has_most_of_it(workspace: Workspace, told: Told) -> None:
    told.step("quick", 0.5, 0.1)
    told.sample(2, 1.0, 1 * GB)  # from 1 to 2
    told.sample(4, 2.0, 3 * GB)
    told.step("train", 5.5, 5.0)
    told.sample(6, 1.0, 2 * GB)
    told.step("tail", 8.0, 2.5)
    told.sample(8.1, 0.5, 1 * GB)  # after the last step has ended
    found = Workbench(workspace).usage(told.run)
    assert found is not None
    assert [(step["step"], step["peak_memory"]) for step in found["steps"]] == [("train", 3 * GB), ("tail", 1 * GB)]


def test_the_time_between_two_attempts_counts_for_nothing(workspace: Workspace, told: Told) -> None:
    told.sample(2, 2.0, 1 * GB)
    told.sample(5000, 1.0, 1 * GB)
    found = Workbench(workspace).usage(told.run)
    assert found is not None
    assert found["mean_cpu"] == 1.5


def test_without_samples_there_is_nothing(workspace: Workspace, told: Told) -> None:
    assert Workbench(workspace).usage(told.run) is None
    assert show_run(workspace, told.run)["usage"] is None


def test_odd_values_hide_nothing(workspace: Workspace, told: Told) -> None:
    told.sample(1, 1.0, 1 * GB)
    for number, fields in enumerate(([], ["cpu"], ["cpu", "much"], ["memory", 1e300], ["memory", None], [["cpu"], {}])):
        told.at(2 + number, "sys", *fields)
    told.at(9, "step.ended", "train", "k", "finished", False, 1e300, {}, None)
    found = Workbench(workspace).usage(told.run)
    assert found is not None
    assert (found["peak_memory"], len(found["samples"])) == (1 * GB, 1)


def test_an_environment_that_was_made_is_told(workspace: Workspace, told: Told) -> None:
    made = {"python": "3.11.2", "platform": "linux-x86_64", "digest": "d", "told": "mfbench-env:0123"}
    told.at(1, "environment", made)
    assert show_run(workspace, told.run)["about"]["environment"] == made
    told.at(2, "environment")
    assert show_run(workspace, told.run)["about"]["environment"] is None
