"""Steps in real containers: as an executor runs them, and as a driver leads them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from mfbench.executors.base import Exit
from mfbench.executors.docker.executor import DockerExecutor
from mfbench.journal.reader import read_events
from mfbench.testing.executors import finish, job
from mfbench.worker.job import read_job, write_job
from mfbench.workspace.workspace import Workspace, create
from tests import children

DRIVER = """
import sys
from pathlib import Path
from mfbench.core.plugins import load
from mfbench.engine.provenance import machine
from mfbench.engine.run import Run
from mfbench.worker.job import JobSpec, JobStep
from mfbench.workspace.workspace import create

folder, place, executor = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
steps = [
    JobStep(name=name, call=name, key=number * 64, needs=needs, config={})
    for name, number, needs in (("first", "1", ()), ("second", "2", ("first",)))
    if (folder / f"{name}.py").exists()
]
names = [step.name for step in steps]
about = {"name": "x", "recipe": None, "executor": executor, "tags": {}, "cpus": 1, "steps": names, **machine()}
run = Run(create(folder), steps, {}, about, lambda message: None)
print(run.id, flush=True)
reads = tuple(str(path) for path in folder.glob("*.py"))
job = JobSpec(
    run="", recipe_folder=str(folder), blobs="", cpus=1, steps=(), environment=place, reads=reads, memory=400_000_000
)

def work():
    run.execute(load("mfbench.executors", executor)(), None, job, 60.0)
    return run.outcome

run.end(work)
"""


@dataclass
class Boxed:
    """How a step ended in a container, and what it left."""

    folder: Path
    ended: Exit
    printed: list[str]

    @property
    def params(self) -> dict[str, Any]:
        return {event[3]: event[4] for event in read_events(self.folder / "events") if event[2] == "param"}

    @property
    def error(self) -> dict[str, Any] | None:
        [ended] = [event for event in read_events(self.folder / "events") if event[2] == "step.ended"]
        return ended[9] if ended[9] is None else dict(ended[9])


def a_job(folder: Path, place: str, code: str, **fields: Any) -> Path:
    """A run's folder whose only step is this code, to be run in the environment at `place`."""
    (folder / "step.py").write_text(code, encoding="utf-8")
    run = job(folder, "step", place)
    spec = read_job(run)
    more = (*spec.reads, *fields.pop("reads", ()))
    write_job(run, msgspec.structs.replace(spec, reads=more, **fields))
    return run


def boxed(folder: Path, place: str, code: str, **fields: Any) -> Boxed:
    run = a_job(folder, place, code, **fields)
    return Boxed(run, *finish(DockerExecutor().start(run, None)))


def driven(folder: Path, place: str, executor: str = "docker", **code: str) -> tuple[Workspace, str]:
    """A whole run of the steps `first` and `second`, led by a driver: (its workspace, its id)."""
    for name, text in code.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return create(folder), children.run(DRIVER, folder, place, executor).split()[0]


def end_of(workspace: Workspace, run: str) -> list[Any]:
    """[status, error, model] as the driver has written it."""
    from mfbench.journal.cursor import Cursor

    events = Cursor(str(workspace.run_folder(run) / "events" / "driver-1.jsonl")).read()
    assert events[-1][2] == "run.ended"
    return list(events[-1][3:])


def foreign(folder: Path) -> list[Path]:
    """What below a folder does not belong to whom the folder belongs to."""
    return [path for path in (folder, *folder.rglob("*")) if path.lstat().st_uid != folder.parent.stat().st_uid]


def wait_for_line(execution: Any, line: str, seconds: float = 30.0) -> list[str]:
    printed: list[str] = []
    deadline = time.monotonic() + seconds
    while line not in printed:
        assert execution.poll(0.05) is None, printed
        printed += execution.printed()
        assert time.monotonic() < deadline
    return printed
