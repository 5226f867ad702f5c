"""A run while its driver works on it: what is written, what is taken from the worker, how it ends."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from mfbench.care.deletion import refuse_deleted
from mfbench.core.errors import MfbenchError, from_os
from mfbench.engine import ends
from mfbench.engine.cache import TOLD_AGAIN, CachedStep, StepCache
from mfbench.engine.outcome import Outcome
from mfbench.engine.queue import claim
from mfbench.engine.sampling import Sampling
from mfbench.engine.taking import StepEnded, step_ended
from mfbench.executors.base import Execution, Executor, Exit
from mfbench.executors.warm import WarmWorker
from mfbench.journal import flusher
from mfbench.journal.blobs import Blobs
from mfbench.journal.reader import Tail, segment_names
from mfbench.journal.segment import SegmentWriter
from mfbench.recipe.environment import redact
from mfbench.worker.job import JobSpec, JobStep, write_job
from mfbench.workspace.workspace import WORK, Workspace

GRACE = 3.0  # seconds between asking a worker to end and killing it
RESERVE = 64 << 10  # bytes
Report = Callable[[dict[str, Any]], None]


class Run:
    """Exists from the moment that its folder does; `end` is its last act, whatever happened before."""

    def __init__(
        self,
        workspace: Workspace,
        steps: list[JobStep],
        hits: dict[str, CachedStep],
        about: dict[str, Any],
        report: Report,
        resumed: str | None = None,
        remember: bool = True,
    ) -> None:
        """remember: whether what its steps make may serve other runs."""
        self.workspace, self.remember = workspace, remember
        self.blobs = Blobs(workspace.blobs)
        self.cache = StepCache(workspace.cache, self.blobs)
        self.steps, self.hits, self.about = steps, hits, about
        self.variables = set(about.get("variables", ()))
        self.results: dict[str, CachedStep] = {}
        self.outcome = Outcome("finished")
        self.stopping = False
        signal.signal(signal.SIGTERM, self._on_stop)
        holder = {"pid": os.getpid(), "host": about["host"], "leader": "driver"}
        if resumed is None:
            self.id, self.marker = claim.begin(workspace, holder, about.get("queued"))
        else:
            self.id, self.marker = resumed, workspace.hold_run(resumed, holder)
            refuse_deleted(workspace, self.id, self.marker)
        self.folder = workspace.run_folder(self.id)
        self.attempt = 1 + sum(name.startswith("driver-") for name in segment_names(self.folder / "events"))
        self.writer = SegmentWriter(self.folder / "events", "driver", run=self.id, attempt=self.attempt)
        self.writer.write("run.started", about)
        if about.get("queued"):
            claim.begun(workspace, about["queued"], self.id)
        flusher.beat(workspace.live / self.id)
        self._open: dict[str, list[list[Any]]] = {}
        self._sealed = False
        report({"run": self.id, "pid": os.getpid()})

    def _on_stop(self, *_: object) -> None:
        self.stopping = True

    def keep(self, name: str, content: bytes, kind: str = "text/plain") -> None:
        """Content as an artifact of the run."""
        self._artifact(name, self.blobs.put(content), len(content), kind)

    def plan(self, job: JobSpec) -> None:
        """Writes down what is to be done; from then on the run can be taken up again.

        job: what the run does not know by itself; its folders are absolute here and relative in what is written.
        """
        steps = []
        for step in self.steps:
            hit = self.hits.get(step.name)
            outputs = {name: digest for name, (digest, _) in hit.outputs.items()} if hit else {}
            steps.append(msgspec.structs.replace(step, cached=hit is not None, outputs=outputs))
        written = msgspec.structs.replace(
            job,
            run=self.id,
            recipe_folder=os.path.relpath(job.recipe_folder, self.folder.resolve()),
            blobs=os.path.relpath(self.workspace.blobs, self.folder),
            workspace=self.workspace.id,
            steps=tuple(steps),
        )
        write_job(self.folder, written)

    def execute(self, executor: Executor, warm: WarmWorker | None, job: JobSpec, timeout: float | None = None) -> None:
        """Tells the cached steps, has the worker run the others, and takes what they make. job: as for `plan`."""
        _remove_tree(self.folder / WORK)  # what a killed worker has left half done
        (self.folder / WORK).mkdir()
        # Space for the last events: the folder goes before they are written, so a full disk takes them too.
        (self.folder / WORK / ".reserve").write_bytes(bytes(RESERVE))
        self.plan(job)
        for step in self.steps:
            if step.name in self.hits and step.name not in self.results:
                self._tell_cached(step, self.hits[step.name])
        if len(self.hits) < len(self.steps):
            tail = Tail(self.folder / "events", live=True)
            tail.skip()  # what earlier workers of this run have told is taken already
            self._sealed = executor.sealed
            execution = executor.start(self.folder, warm)
            try:
                self._follow(execution, tail, timeout)
            finally:  # whatever went wrong here, nothing may go on writing to a run that is over
                execution.stop(GRACE)

    def end(self, work: Callable[[], Outcome]) -> None:
        """Does the rest of the run's work, and writes its last event, also when the work fails."""
        try:
            outcome = work()
        except MfbenchError as error:
            outcome = ends.of_error(error)
        except OSError as error:
            outcome = ends.of_error(from_os(error, "the run cannot go on"))
        except Exception as error:
            self.writer.write("log", "error", traceback.format_exc())
            reason = f"mfbench itself failed: {type(error).__name__}: {error}"
            outcome = Outcome("failed", ends.error("Internal", reason, f"see: mfbench runs logs {self.id}"))
        if self.stopping and outcome.model is None:  # too late for a model that is registered already
            outcome = Outcome("stopped")
        _remove_tree(self.folder / WORK)
        self.writer.write("run.ended", outcome.status, outcome.error, outcome.model)
        try:
            self.writer.close()
        finally:
            flusher.still(self.workspace.live / self.id)
            os.close(self.marker)  # the run is over from here on, though this process has yet to end

    def _artifact(self, path: str, digest: str, size: int, kind: str) -> None:
        self.writer.write("artifact", path, digest, size, kind)

    def _tell_cached(self, step: JobStep, hit: CachedStep) -> None:
        self.writer.write("step.started", step.name, True)
        for kind, *fields in hit.events:
            self.writer.write(kind, *fields)
        for name, (digest, size) in hit.outputs.items():
            self._artifact(f"{step.name}/{name}", digest, size, "")
        sizes = {name: size for name, (_, size) in hit.outputs.items()}
        self.writer.write("step.ended", step.name, step.key, "finished", True, 0.0, sizes, None)
        self.results[step.name] = hit

    def _follow(self, execution: Execution, tail: Tail, timeout: float | None) -> None:
        deadline = time.monotonic() + timeout if timeout else None
        sampling = Sampling(self.writer)
        ended: Exit | None = None
        while ended is None:
            ended = execution.poll(0.05)
            self._take_printed(execution)
            self._take(tail)
            sampling.take(execution.usage())
            if ended is None and self.stopping:
                self.outcome = Outcome("stopped")
                ended = execution.stop(GRACE)
            elif ended is None and timeout and deadline is not None and time.monotonic() > deadline:
                self.outcome = ends.timed_out(timeout, self._unfinished(), self.id)
                ended = execution.stop(GRACE)
        self._take_printed(execution)
        self._take(tail)
        while not tail.at_end:
            self._take(tail)
        sampling.end(execution.usage())
        self.outcome = ends.judge(self.outcome, ended, self._unfinished(), self.folder)
        if remark := ends.remark(ended, self._unfinished()):
            self.writer.write("log", "warning", remark)

    def _unfinished(self) -> str | None:
        """The first step that has not finished: the one that the worker is or was at."""
        return next((step.name for step in self.steps if step.name not in self.results), None)

    def _take_printed(self, execution: Execution) -> None:
        for line in execution.printed():
            if line.strip():
                self.writer.write("log", "output", redact(line, self.variables))

    def _take(self, tail: Tail) -> None:
        """New events of the worker; a finished step's files become blobs and a cache entry."""
        planned = {step.name: step.key for step in self.steps if step.name not in self.hits}
        for _, _, kind, *fields in tail.poll():
            name = fields[0] if fields and isinstance(fields[0], str) else ""
            if kind == "step.started" and name in planned:
                self._open[name] = []
            elif kind in TOLD_AGAIN:
                for events in self._open.values():
                    events.append([kind, *fields])
            elif kind == "step.ended" and name in self._open and name in planned:
                self._step_ended(step_ended(fields), planned[name], self._open.pop(name))

    def _step_ended(self, ended: StepEnded, key: str, events: list[list[Any]]) -> None:
        taken = {output: self._output(ended.name, output) for output in ended.outputs}
        if ended.status == "finished":
            found = CachedStep(step=ended.name, run=self.id, seconds=ended.seconds, outputs=taken, events=events)
            self.results[ended.name] = found
            if self.remember:
                self.cache.put(key, found)
        elif self.outcome.status == "finished":  # a step that fails because it was stopped is not why
            self.outcome = Outcome("failed", ended.error)

    def _output(self, step: str, name: str) -> tuple[str, int]:
        if self._sealed:  # it was sealed because nobody knows what it does: neither is what it has left trusted
            taken = self.blobs.take_inside(self.folder, f"{WORK}/{step}/{name}")
        else:
            taken = self.blobs.take(self.folder / WORK / step / name)
        self._artifact(f"{step}/{name}", *taken, "")
        return taken


def _remove_tree(folder: Path) -> None:
    """The worker's folder; its files live on as blobs."""
    import shutil

    try:
        if folder.is_symlink() or folder.is_file():
            folder.unlink()
        else:
            shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:  # folders in folders without end
        import subprocess

        subprocess.run(["rm", "-rf", "--", str(folder)], stderr=subprocess.DEVNULL, check=False)
