"""What every executor has to do. `make` gives a fresh one; the tests need pytest's `tmp_path`."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

from mfbench.executors.base import Execution, Executor, Exit
from mfbench.executors.warm import WarmWorker
from mfbench.journal.reader import read_events
from mfbench.worker.job import JobSpec, JobStep, write_job

NAME = f"contract-{os.getpid()}"  # of the run: what other processes test is told apart


class ExecutorContract:
    """Subclass it and give `make`; where workers run in an environment of their own, `environment` too."""

    environment = ""  # the place of an Environment in which mfbench's worker runs

    def make(self) -> Executor:
        raise NotImplementedError

    def job(self, folder: Path, call: str) -> Path:
        return job(folder, call, self.environment)

    def test_it_has_a_name(self) -> None:
        assert self.make().name

    def test_a_job_runs_to_its_end(self, tmp_path: Path) -> None:
        folder = self.job(tmp_path, "mfbench.steps.noop")
        execution = self.make().start(folder, None)
        ended, _ = finish(execution)
        assert (ended.code, ended.signal) == (0, None)
        assert execution.stop(1.0) == execution.poll(0.0) == ended
        statuses = [event[5] for event in read_events(folder / "events") if event[2] == "step.ended"]
        assert statuses == ["finished"]
        assert (folder / "work" / "only" / "done").exists()

    def test_it_takes_a_warm_worker_or_leaves_it(self, tmp_path: Path) -> None:
        folder = self.job(tmp_path, "mfbench.steps.noop")
        warm = WarmWorker(lambda: b"ready", 1)
        assert warm.answer() == b"ready"
        assert finish(self.make().start(folder, warm))[0].code == 0

    def test_what_is_printed_comes_back(self, tmp_path: Path) -> None:
        (tmp_path / "talks.py").write_text("def run(ctx):\n    print('one')\n    print('two', end='', flush=True)\n")
        _, printed = finish(self.make().start(self.job(tmp_path, "talks"), None))
        assert printed == ["one", "two"]

    def test_a_failing_step_is_an_exit_code(self, tmp_path: Path) -> None:
        (tmp_path / "fails.py").write_text("def run(ctx):\n    raise RuntimeError('no')\n")
        folder = self.job(tmp_path, "fails")
        assert finish(self.make().start(folder, None))[0].code == 1
        [ended] = [event for event in read_events(folder / "events") if event[2] == "step.ended"]
        assert ended[9]["message"] == "RuntimeError: no"

    def test_stop_ends_a_worker_that_does_not_listen(self, tmp_path: Path) -> None:
        (tmp_path / "deaf.py").write_text(
            "import signal, time\n"
            "def run(ctx):\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    print('here')\n    time.sleep(600)\n"
        )
        execution = self.make().start(self.job(tmp_path, "deaf"), None)
        printed: list[str] = []
        while "here" not in printed:
            assert execution.poll(0.1) is None
            printed += execution.printed()
        began = time.monotonic()
        assert execution.stop(0.5).code != 0
        assert time.monotonic() - began < 30


def job(folder: Path, call: str, environment: str = "") -> Path:
    """A run's folder with a job of one step; modules in `folder` can be called."""
    run = folder / "run"
    (run / "events").mkdir(parents=True)
    step = JobStep(name="only", call=call, key="0" * 64, needs=(), config={})
    reads = tuple(str(path) for path in folder.glob("*.py"))
    spec = JobSpec(run=NAME, recipe_folder="..", blobs="../blobs", cpus=1, steps=(step,), reads=reads)
    write_job(run, msgspec.structs.replace(spec, environment=environment))
    return run


def finish(execution: Execution, seconds: float = 60.0) -> tuple[Exit, list[str]]:
    """(how it ended, all that it printed)."""
    printed: list[str] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended = execution.poll(0.05)
        printed += execution.printed()
        if ended:
            return ended, printed
    raise AssertionError("the job did not end")
