"""`start_run` and `log_*`: recording a run from your own script or notebook.

>>> import mfbench
>>> with mfbench.start_run("baseline", tags={"team": "ops"}) as run:  # doctest: +SKIP
...     run.log_params({"lr": 0.1, "layers": 3})
...     for step, loss in enumerate(train()):
...         run.log_metric("loss", loss, step=step)
...     run.log_artifact("confusion.png")
"""

from __future__ import annotations

import mimetypes
import os
import shutil
import sys
import threading
from collections.abc import Iterable, Mapping
from math import isfinite
from pathlib import Path
from types import TracebackType
from typing import Any, Never

from mfbench.core.about import __version__
from mfbench.core.errors import MfbenchError, UsageError
from mfbench.core.ids import random_text
from mfbench.core.machine import actor
from mfbench.core.versions import python_version
from mfbench.journal import flusher
from mfbench.journal.blobs import Blobs
from mfbench.journal.segment import SegmentWriter
from mfbench.tracking.values import LARGEST, SMALLEST, artifact_name, dotted, name_of, number, plain, step_number
from mfbench.workspace.workspace import Workspace, find_or_create

STAGED = ".artifact-"  # how the names of files begin that are being taken in
ENDS = ("finished", "failed", "stopped", "timeout", "oom")


def start_run(
    name: str,
    *,
    tags: Mapping[str, str] | None = None,
    workspace: str | os.PathLike[str] | None = None,
) -> Run:
    """Begins a run in the nearest workspace (made here when there is none). Use it as a context manager.

    name: what lists show; need not be unique. tags: words to filter by. workspace: a folder, by default found
    upwards from the current one or named by MFBENCH_WORKSPACE.
    The run ends as `finished`, as `failed` when the block raises, as `stopped` on Ctrl-C, and counts as
    `lost` when the process dies. Raises WorkspaceError where no workspace or run can be made.
    """
    word = name_of("run", name)
    return Run(find_or_create(workspace), word, {str(key): str(value) for key, value in (tags or {}).items()})


class Run:
    """A run while it is recorded.

    Every method may be called from any thread, and from forked children too (each process writes a segment
    of its own; nobody waits). When a call returns, what it logged survives kill -9 of this process.
    Each raises UsageError for what cannot be logged or once the run has ended, and MfbenchError when the disk
    does not take it.
    """

    def __init__(self, workspace: Workspace, name: str, tags: dict[str, str]) -> None:
        host = os.uname().nodename
        self.workspace = workspace
        self.id, self._marker = workspace.new_run({"pid": os.getpid(), "host": host, "leader": "script"})
        self.name = name
        self._pid = os.getpid()
        self._next: dict[str, int] = {}  # the step that comes next, by key
        self._ending = threading.RLock()  # a signal handler may end the run while this thread is about to
        self._ended = False
        about = {
            "name": name, "recipe": None, "executor": "script", "tags": tags, "host": host, "actor": actor(),
            "script": sys.argv[0] if sys.argv else "", "python": python_version(), "mfbench": __version__,
        }  # fmt: skip
        try:
            self._writer = SegmentWriter(workspace.run_folder(self.id) / "events", "main", run=self.id)
            self._writer.write("run.started", about)
            flusher.beat(workspace.live / self.id)
        except BaseException:
            workspace.discard(self.id, self._marker)
            raise

    def log_param(self, key: str, value: Any) -> None:
        """One setting of the run; a later value of the same key replaces it in lists."""
        self._writer.write("param", name_of("param", key), plain(value))

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Settings in one write; a nested mapping becomes dotted keys."""
        rows = list(dotted(params))
        if rows:
            self._writer.write_many("param", rows)

    def log_metric(self, key: str, value: float, step: int | None = None) -> None:
        """One point of a curve: one write, some microseconds.

        value: anything that `float` takes, NaN and infinities included. step: by default one more than the last
        that this process has logged for `key`, from 0.
        """
        if type(key) is not str or not key:
            key = name_of("metric", key)
        if step is None:
            with self._writer.lock:
                step = self._next.get(key, 0)
                self._next[key] = step + 1
        else:
            if type(step) is not int or not SMALLEST <= step <= LARGEST:
                step = step_number(key, step)
            self._next[key] = step + 1
        if type(value) is not float or not isfinite(value):
            self._writer.write("m", key, step, number(key, value))
        else:
            self._writer.write("m", key, step, value)

    def log_metrics(
        self, batch: Mapping[str, float] | Iterable[tuple[str, float, int]], step: int | None = None
    ) -> None:
        """Many points in one write: {key: value} at one `step`, or an iterable of (key, value, step).

        step: by default, for {key: value}, one more than the last of any of its keys.
        """
        if isinstance(batch, Mapping):
            if step is None:
                with self._writer.lock:
                    step = max((self._next[key] for key in batch if key in self._next), default=0)
                    self._next.update(dict.fromkeys(batch, step + 1))
            batch = [(key, value, step) for key, value in batch.items()]
        elif step is not None:
            raise UsageError("a step beside (key, value, step) triples: each has its own already")
        rows = []
        try:
            for key, value, at in batch:
                rows.append((name_of("metric", key), step_number(key, at), number(key, value)))
        except (TypeError, ValueError):
            hint = "either {key: value} with a step, or (key, value, step) triples"
            raise UsageError("metrics that cannot be read", hint=hint) from None
        if rows:
            self._next.update({key: at + 1 for key, at, _ in rows})
            self._writer.write_many("m", rows)

    def log_artifact(self, path: str | os.PathLike[str], name: str | None = None) -> str:
        """Keeps a copy of a file (or of every file in a folder) with the run; the digest, or '' for a folder.

        name: what it is called in the run, by default the file's own name. Raises UsageError when it is missing.
        """
        source = Path(path)
        called = artifact_name(source.absolute().name if name is None else name)
        if source.is_dir():
            for file in sorted(item for item in source.rglob("*") if item.is_file()):
                self.log_artifact(file, f"{called}/{file.relative_to(source).as_posix()}")
            return ""
        if not source.is_file():
            raise UsageError("there is no such file to keep", where=str(source))
        staging = self.workspace.run_folder(self.id) / f"{STAGED}{random_text(8)}"
        try:
            shutil.copyfile(source, staging)  # a copy: the caller goes on writing to the original
            digest, size = Blobs(self.workspace.blobs).take(staging)
        except OSError as error:
            raise MfbenchError(f"the artifact could not be kept: {error.strerror}", where=str(source)) from error
        finally:
            staging.unlink(missing_ok=True)
        kind = mimetypes.guess_type(source.name)[0] or "application/octet-stream"
        self._writer.write("artifact", called, digest, size, kind)
        return digest

    def log_text(self, text: str, level: str = "info") -> None:
        """A line for `mfbench runs logs`."""
        self._writer.write("log", str(level), str(text))

    def end(self, status: str = "finished", error: BaseException | None = None) -> None:
        """Ends the run; a second call does nothing. A forked child never ends its parent's run.

        status: finished, failed, stopped, timeout or oom.
        """
        if status not in ENDS:
            raise UsageError(f"{status!r} is no end of a run", hint="one of " + ", ".join(ENDS))
        if os.getpid() != self._pid:
            return
        with self._ending:
            if self._ended:
                return
            self._ended = True
            told = None
            if error is not None:
                kind = type(error).__name__
                message = str(error).encode(errors="replace").decode() or kind
                told = {"type": kind, "message": message, "hint": None}
            try:
                self._writer.write("run.ended", status, told, None)
            except BaseException:
                self._ended = False  # where the disk was full, it can be said again
                raise
            try:
                self._writer.close()
            finally:
                flusher.still(self.workspace.live / self.id)
                os.close(self._marker)

    def __reduce__(self) -> Never:
        hint = (
            "log from this process, or from one that it forks; results of other processes can come back and be logged"
        )
        raise UsageError("a run cannot be sent to another process", hint=hint)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or (isinstance(error, SystemExit) and not error.code):
            self.end()
        else:
            self.end("stopped" if isinstance(error, KeyboardInterrupt) else "failed", error)
