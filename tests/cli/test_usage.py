"""What a run took and where it ran, on a terminal, in a pipe and as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mfbench.cli import progress as shown
from mfbench.core.text import environment_words, taken
from mfbench.engine.result import RunResult
from mfbench.journal.segment import SegmentWriter
from tests.support import Project
from tests.terminal import terminal

MADE = {"python": "3.11.2", "platform": "linux-x86_64", "digest": "d", "told": "mfbench-env:0123 on python:3.11-slim"}
ABOUT = {"name": "n", "recipe": "r", "executor": "docker", "host": "h", "chosen": "an engine answers", "cpus": 2,
         "memory": 4 * 10**9, "environment": MADE, "steps": ["environment", "train"]}  # fmt: skip


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("usage"))
    assert project.mfbench("init").returncode == 0
    for about in (ABOUT, {"name": "plain", "executor": "local", "memory": "much", "cpus": "all", "environment": 1}):
        run, _ = project.workspace.new_run({})
        writer = SegmentWriter(project.workspace.run_folder(run) / "events", "driver", run=run)
        writer.write("run.started", about)
        if about is ABOUT:
            for cpu, memory in ((1.0, 10**9), (1.5, 2 * 10**9)):
                writer.write_many("sys", [("cpu", cpu), ("memory", memory)])
            writer.write("sys", "memory.peak", 3 * 10**9)
            writer.write("step.ended", "train", None, "finished", False, 60.0, {}, None)
        writer.write("run.ended", "oom" if about is ABOUT else "finished", None, None)
        writer.close()
    return project


def runs(project: Project) -> tuple[str, str]:
    first, second = project.runs()
    return first, second


def test_json_has_all(sampled: Project) -> None:
    found = sampled.json("runs", "usage", runs(sampled)[0])
    assert found["peak_memory"] == 3 * 10**9
    assert [(sample["cpu"], sample["memory"]) for sample in found["samples"]] == [(1.0, 10**9), (1.5, 2 * 10**9)]
    assert [step["step"] for step in found["steps"]] == ["train"]
    nothing = sampled.json("runs", "usage", runs(sampled)[1])
    assert (nothing["peak_memory"], nothing["samples"]) == (None, [])


def test_a_pipe_gets_numbers(sampled: Project) -> None:
    done = sampled.mfbench("runs", "usage", runs(sampled)[0])
    head, *rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert head == ["time", "cpu", "memory"]
    assert [row[1:] for row in rows] == [["1.0", "1000000000"], ["1.5", "2000000000"]]
    done = sampled.mfbench("runs", "usage", runs(sampled)[1])
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing was sampled" in done.stderr


def test_a_terminal_gets_a_plot(sampled: Project) -> None:
    said = terminal(sampled, "runs", "usage", runs(sampled)[0])
    assert "peak 3.0 GB of 4.0 GB" in said
    assert "of 2 cores" in said
    assert any(0x2800 < ord(sign) < 0x2900 for sign in said)
    assert "train" in said


def test_show_tells_place_and_use(sampled: Project) -> None:
    said = sampled.mfbench("runs", "show", runs(sampled)[0]).stdout
    for words in ("chosen:    an engine answers", "mfbench-env:0123 on python:3.11-slim, Python 3.11.2, linux-x86_64",
                  "memory:    peak 3.0 GB of 4.0 GB", "of 2 cores", "status:    oom"):  # fmt: skip
        assert words in said
    done = sampled.mfbench("runs", "show", runs(sampled)[1])
    assert done.returncode == 0, done.stderr
    assert "environment" not in done.stdout
    report = sampled.mfbench("runs", "report", runs(sampled)[0], "--format", "markdown").stdout
    assert "ran out of memory" in report
    assert "3.0 GB of 4.0 GB" in report


def test_words() -> None:
    assert taken(1.66, 412e6, cpus=2, limit=4e9) == "412.0 MB of 4.0 GB, 1.7 of 2 cores"
    assert taken(None, None) == taken("1", [2], cpus=2) == ""
    assert environment_words({"python": "3.11.2"}) == environment_words(None) == environment_words("x") == ""


def _events(*events: list[Any]) -> tuple[RunResult, list[list[Any]]]:
    result = RunResult("r")
    return result, [[seq, 1_000_000 * seq, *event] for seq, event in enumerate(events)]


MAKING = (
    ["run.started", {**ABOUT, "environment": None}],
    ["step.started", "environment"],
    ["log", "output", "Collecting numpy"],
    ["environment", MADE],
    ["step.ended", "environment", None, "finished", False, 60.0, {}, None],
    ["step.started", "train"],
    ["sys", "cpu", 1.66],
    ["sys", "memory", 412_000_000],
    ["log", "output", "epoch 1"],
)


def test_plain_progress_has_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    result, events = _events(*MAKING)
    for event in events:
        result.take(event)
        shown._line(result, event)
    said = capsys.readouterr().err
    assert "run r  n  (docker)" in said
    for words in ("Collecting numpy", "environment mfbench-env:0123", "✓ environment", "epoch 1"):
        assert words in said
    assert result.as_json()["environment"] == MADE


def test_on_a_terminal_an_installer_does_not_scroll(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    result, events = _events(*MAKING)
    display = shown._Display()
    pictures = []
    display._open()
    for event in events:
        result.take(event)
        display.show(result, event)
        pictures.append(str(getattr(display._picture(result), "text", "")))
    display.close()
    assert "Collecting numpy" in pictures[2]
    assert "412.0 MB of 4.0 GB, 1.7 of 2 cores" in pictures[-1]
    scrolled = [line.strip() for line in capsys.readouterr().err.splitlines()]
    assert "epoch 1" in scrolled
    assert "Collecting numpy" not in scrolled


def test_a_conclusion_of_each_end() -> None:
    from mfbench.cli.summary import conclusion

    for status, words in (("oom", "the run failed: out of memory in step train"), ("timeout", "the run timed out: ")):
        result = RunResult("r")
        own = {"message": "out of memory in step train", "hint": "raise run.memory", "own": True, "traceback": "Trace"}
        result.take([0, 1, "run.started", ABOUT])
        error = own if status == "oom" else {"message": "too long", "hint": None}
        result.take([1, 2, "run.ended", status, error, None])
        assert words in conclusion(result)
        assert result.exit_code == 1
        assert json.dumps(result.as_json())
