"""Runs the steps of one job, in order, in this process.

Its whole world is the run's folder, read-only inputs and the environment. It writes events to a segment of
its own and outputs below `work/`; what becomes of them is the driver's business.
"""

from __future__ import annotations

import errno
import os
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from mfbench.core.errors import MfbenchError
from mfbench.journal.segment import SegmentWriter
from mfbench.recipe.environment import expand, redact
from mfbench.recipe.own_code import make_importable
from mfbench.steps.context import StepContext
from mfbench.worker.job import JobSpec, JobStep, read_job
from mfbench.worker.words import CACHED, DISK_FULL, LESS, OUT_OF_MEMORY, SPACE
from mfbench.workspace.workspace import WORK

_NO_WAY_OUT = ("name resolution", "Name or service not known", "Network is unreachable")
_OURS = str(Path(__file__).parent.parent)


def run_job(folder: Path) -> int:
    """Exit code: 0 all steps finished, else that of the error that ended them (told in `step.ended`)."""
    job = read_job(folder)
    writer = SegmentWriter(folder / "events", "worker", run=job.run)
    recipe_folder = (folder / job.recipe_folder).resolve()
    make_importable(recipe_folder)
    try:
        for step in job.steps:
            if not step.cached:
                code = _run_step(step, job, folder, recipe_folder, writer)
                if code:
                    return code
        return 0
    finally:
        writer.close()


def _run_step(step: JobStep, job: JobSpec, folder: Path, recipe_folder: Path, writer: SegmentWriter) -> int:
    variables = {*job.variables, *job.secrets}
    out = folder / WORK / step.name
    out.mkdir(parents=True, exist_ok=True)

    def emit(kind: str, *fields: Any) -> None:
        writer.write(kind, *(_clean(field, variables) for field in fields))

    ctx = StepContext(
        name=step.name,
        config=expand(step.config),
        written=step.config,
        inputs={need: _inputs(need, job, folder) for need in (*step.needs, *job.given)},
        folder=out,
        recipe_folder=recipe_folder,
        cpus=job.cpus,
        emit=emit,
    )
    writer.write("step.started", step.name)
    started = time.perf_counter()
    error: dict[str, Any] | None = None
    code = 0
    try:
        import_module(step.call).run(ctx)
    except MfbenchError as problem:
        error, code = dict(problem.as_dict()), problem.exit_code
    except KeyboardInterrupt:
        raise
    except BaseException as failure:  # an estimator may raise SystemExit too: it ends the step, not mfbench
        error, code = _told(failure, step.name, recipe_folder), 1
    status = "finished" if not code else "refused" if code == 3 else "failed"
    if error:
        error = {**_clean(error, variables), "code": code}
    outputs = {
        path.relative_to(out).as_posix(): path.stat().st_size for path in sorted(out.rglob("*")) if path.is_file()
    }
    seconds = round(time.perf_counter() - started, 6)
    writer.write("step.ended", step.name, step.key, status, False, seconds, outputs, error)
    return code


def _clean(value: Any, variables: set[str]) -> Any:
    """The value with what came from the environment taken out again, however deep it lies."""
    if isinstance(value, str):
        return redact(value, variables)
    if isinstance(value, dict):
        return {redact(str(key), variables): _clean(item, variables) for key, item in value.items()}
    return [_clean(item, variables) for item in value] if isinstance(value, list | tuple) else value


def _inputs(need: str, job: JobSpec, folder: Path) -> dict[str, Path]:
    """Output name to file of an earlier step: in the blobs where it is cached, else where it was just made."""
    if need in job.given:
        return {name: folder / job.blobs / digest for name, digest in job.given[need].items()}
    step = next(item for item in job.steps if item.name == need)
    if step.cached:
        return {name: folder / job.blobs / digest for name, digest in step.outputs.items()}
    made = folder / WORK / need
    return {path.relative_to(made).as_posix(): path for path in made.rglob("*") if path.is_file()}


def _told(problem: BaseException, step: str, folder: Path) -> dict[str, Any]:
    """The error and its traceback without our own frames: people debug their estimator, not mfbench."""
    text = "".join(traceback.format_exception_only(problem)).strip()
    kind, message, hint = type(problem).__name__, text, None
    if os.strerror(errno.ENOSPC) in text:
        return {"type": DISK_FULL, "message": f"disk full in step {step}", "where": None, "hint": SPACE}
    if isinstance(problem, MemoryError):  # of an allocation that the system has refused
        kind, hint = OUT_OF_MEMORY, f"{LESS}; {CACHED}"
        message = f"out of memory in step {step}" + (f": {problem}" if str(problem) else "")
    if isinstance(problem, BlockingIOError) or "can't start new thread" in text:
        hint = "it has as many processes and threads as it may: a lower tune.parallel or run.cpus needs fewer"
    if any(word in text for word in _NO_WAY_OUT) and Path("/.dockerenv").exists():
        hint = "a container has no network unless the recipe asks for one: network = true under [run]"
    frames = [f for f in traceback.extract_tb(problem.__traceback__) if not f.filename.startswith(_OURS)]
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else None
    stack = "Traceback (most recent call last):\n" + "".join(traceback.format_list(frames)) + text if frames else text
    own = any(frame.filename.startswith(str(folder)) for frame in frames)
    return {
        "type": kind,
        "message": message,
        "where": where,
        "hint": hint,
        "traceback": stack,
        "own": own,
    }
