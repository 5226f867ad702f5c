"""How a run ends is told by one word, with what to do; `runs resume` goes on after each."""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mfbench.core.errors import EngineError, InstallError, MfbenchError, StoppedError, from_os
from mfbench.engine import ends
from mfbench.engine.outcome import Outcome
from mfbench.engine.run import Run
from mfbench.executors.base import Exit, Usage
from mfbench.store.runs import show_run
from mfbench.testing.executors import job
from mfbench.worker.job import JobSpec, JobStep, read_job, write_job
from mfbench.workspace.workspace import Workspace, create
from tests.support import Project

FINISHED = Outcome("finished")
BROKEN = Outcome("failed", {"type": "BrokenProcessPool", "message": "a process ended abruptly", "hint": None})
EATS = """
class Eats(LogisticRegression):
    def fit(self, x, y, sample_weight=None):
        kept = []
        while os.environ.get("HUNGRY"):
            kept.append(bytearray(b"x" * (20 << 20)))
            time.sleep(0.02)
        return super().fit(x, y)


class Asks(LogisticRegression):
    def fit(self, x, y, sample_weight=None):
        if os.environ.get("HUNGRY"):
            np.ones(1 << 55)
        return super().fit(x, y)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder whose job has a limit of memory."""
    run = job(tmp_path, "mfbench.steps.noop")
    write_job(run, msgspec.structs.replace(read_job(run), memory=4 * 10**9))
    return run


@pytest.mark.parametrize(
    ("before", "ended", "status", "kind", "words"),
    [
        (FINISHED, Exit(-9, 9, "oom", "it took 4.1 GB"), "oom", "OutOfMemory",
         ["out of memory in step train", "4.0 GB", "it took 4.1 GB", "raise run.memory"]),
        (BROKEN, Exit(1, None, "oom"), "oom", "OutOfMemory", ["out of memory in step train", "ended abruptly"]),
        (FINISHED, Exit(1, None, "engine", "the engine stopped while it ran"), "failed", "EngineStopped",
         ["the engine stopped in step train", "systemctl start docker", "mfbench runs resume"]),
        (FINISHED, Exit(1, None, "disk"), "failed", "DiskFull", ["disk full in step train", "free some space"]),
        (BROKEN, Exit(1, None, "child", "no memory was left"), "failed", "ChildKilled",
         ["a child was killed in step train: no memory was left", "ended abruptly", "run.memory"]),
        (FINISHED, Exit(-9, 9), "failed", "WorkerDied", ["in step train: killed by signal 9", "out of memory"]),
        (FINISHED, Exit(3), "failed", "WorkerDied", ["exit code 3", "runs logs"]),
        (BROKEN, Exit(1, None, None, "it had 512 processes"), "failed", "BrokenProcessPool", ["it had 512 processes"]),
    ],
)  # fmt: skip
def test_each_end_has_its_word(
    folder: Path, before: Outcome, ended: Exit, status: str, kind: str, words: list[str]
) -> None:
    found = ends.judge(before, ended, "train", folder)
    assert found.error is not None
    assert (found.status, found.error["type"]) == (status, kind)
    told = f"{found.error['message']}\n{found.error['hint']}"
    assert [word for word in words if word not in told] == [], told
    assert told.count("the engine stopped") <= 1


def test_what_was_asked_for_is_not_judged(folder: Path) -> None:
    for status in ("stopped", "timeout"):
        assert ends.judge(Outcome(status), Exit(-9, 9, "oom"), "train", folder) == Outcome(status)
    assert ends.judge(FINISHED, Exit(-9, 9, "oom"), None, folder) == FINISHED, "its work was done by then"


@pytest.mark.parametrize(
    ("error", "status", "kind", "words"),
    [
        (InstallError("missing image: no such image", hint="name another"), "failed", "MissingImage", "missing image"),
        (InstallError("pip failed", hint="ERROR: no"), "failed", "Install", "pip failed"),
        (EngineError("the engine stopped while waiting"), "failed", "EngineStopped", "the engine stopped"),
        (EngineError("no container engine answers (tried x)"), "failed", "EngineStopped", "the engine stopped"),
        (EngineError("no engine answers"), "failed", "Engine", "no engine answers"),
        (from_os(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "no more"), "failed", "DiskFull", "disk full"),
        (from_os(OSError(errno.EACCES, os.strerror(errno.EACCES)), "no"), "failed", "Disk", "Permission denied"),
        (StoppedError("stopped"), "stopped", None, ""),
    ],
)
def test_our_own_errors(error: MfbenchError, status: str, kind: str | None, words: str) -> None:
    found = ends.of_error(error)
    told = found.error or {}
    assert (found.status, told.get("type")) == (status, kind)
    assert words in told.get("message", "")
    assert told.get("hint") == error.hint or kind is None


class Played:
    """An executor whose worker does what it is told: the events of these steps, these samples, this end."""

    sealed = False

    def __init__(self, done: list[str], samples: list[Usage], ended: Exit) -> None:
        self.done, self.samples, self.ended = done, samples, ended

    def start(self, folder: Path, warm: object) -> Played:
        from mfbench.journal.segment import SegmentWriter

        writer = SegmentWriter(folder / "events", "worker", run="r")
        for name in self.done:
            writer.write("step.started", name)
            writer.write("step.ended", name, "k" * 64, "finished", False, 0.5, {}, None)
        writer.close()
        return self

    def poll(self, timeout: float) -> Exit | None:
        if len(self.samples) > 1:
            del self.samples[0]
            return None
        return self.ended

    def printed(self) -> list[str]:
        return []

    def usage(self) -> Usage | None:
        return self.samples[0] if self.samples else None

    def stop(self, grace: float) -> Exit:
        return self.ended


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, Any]]]:
    """Runs the steps one and two by a Played; what the store says of the run then."""
    handler = signal.getsignal(signal.SIGTERM)
    workspace = create(tmp_path)
    clock = iter(range(10**6))
    monkeypatch.setattr("mfbench.engine.sampling.time.monotonic", lambda: float(next(clock)))

    def played(executor: Any, **about: Any) -> dict[str, Any]:
        steps = [JobStep(name=name, call="x", key="k" * 64, needs=(), config={}) for name in ("one", "two")]
        told = {"name": "n", "recipe": None, "executor": "local", "host": "h", "tags": {}, "cpus": 2, **about}
        run = Run(workspace, steps, {}, told, lambda _: None)

        def work() -> Outcome:
            run.execute(executor, None, JobSpec(run="", recipe_folder=str(tmp_path), blobs="", cpus=2, steps=()))
            return run.outcome

        run.end(work)
        return show_run(workspace, run.id) | {"events": _logged(workspace, run.id)}

    yield played
    signal.signal(signal.SIGTERM, handler)


def _logged(workspace: Workspace, run: str) -> list[list[Any]]:
    from mfbench.journal.reader import read_events

    return [event[2:] for event in read_events(workspace.run_folder(run) / "events") if event[2] in ("sys", "log")]


def test_samples_become_events(play: Callable[..., dict[str, Any]]) -> None:
    samples = [Usage(0.5 * n, 100 * n, 1000) for n in range(1, 5)]
    found = play(Played(["one", "two"], samples, Exit(0)))
    assert found["status"] == "finished"
    told = [event[1:] for event in found["events"] if event[0] == "sys"]
    assert told[-1] == ["memory.peak", 1000]
    assert max(value for key, value in told if key == "memory") == 400
    assert {key for key, _ in told} == {"cpu", "memory", "memory.peak"}
    assert found["usage"]["peak_memory"] == 1000


def test_a_child_that_was_killed_is_told_where_all_went_well(play: Callable[..., dict[str, Any]]) -> None:
    found = play(Played(["one", "two"], [], Exit(0, None, "child", "no memory was left")))
    assert (found["status"], found["usage"]) == ("finished", None)
    assert [event[1] for event in found["events"]] == ["warning"]
    assert "a child was killed: no memory was left" in found["events"][0][2]


def test_the_engine_stops(play: Callable[..., dict[str, Any]]) -> None:
    found = play(Played(["one"], [], Exit(1, None, "engine")))
    assert (found["status"], found["error"]) == ("failed", "the engine stopped in step two")


@pytest.mark.parametrize(("name", "words"), [("Eats", "it took "), ("Asks", "Unable to allocate")])
def test_out_of_memory(project: Project, name: str, words: str) -> None:
    estimators = project.folder / "estimators.py"
    estimators.write_text(estimators.read_text() + EATS, encoding="utf-8")
    options = ("--set", f"model.estimator=estimators.{name}", "--set", "run.memory=500MB")
    done = project.mfbench("run", "tiny.toml", *options, "--json", HUNGRY="1")
    assert done.returncode == 1, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["status"], result["error"]["type"]) == ("oom", "OutOfMemory")
    assert result["error"]["message"].startswith("out of memory in step train")
    assert words in result["error"]["message"]
    [row] = project.json("runs", "--where", "status = 'oom'")
    assert row["error"] == result["error"]["message"]
    again = project.mfbench("runs", "resume", "last", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout.splitlines()[-1])["status"] == "finished"
    assert "out of memory" in project.mfbench("runs", "logs", "last").stdout


def test_a_timeout_can_be_resumed(project: Project) -> None:
    options = ("--set", "model.estimator=estimators.Slow", "--set", "run.timeout=8s")
    done = project.mfbench("run", "tiny.toml", *options)
    assert done.returncode == 1
    assert "the run timed out: the run took longer than its timeout of 8.0 s in step train" in done.stderr
    assert "mfbench runs resume" in done.stderr
    assert project.mfbench("runs", "resume", "last", SLOW_SECONDS="0").returncode == 0
