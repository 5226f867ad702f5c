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
from collections.abc import Iterable, Mapping
from math import isfinite
from pathlib import Path
from types import TracebackType
from typing import Any

from mfbench.core.about import __version__
from mfbench.core.errors import MfbenchError, UsageError
from mfbench.core.versions import python_version
from mfbench.journal.blobs import Blobs
from mfbench.journal.ledger import actor
from mfbench.journal.segment import SegmentWriter
from mfbench.workspace.workspace import Workspace, find_or_create


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
    `lost` when the process dies. Raises WorkspaceError where no workspace can be made.
    """
    return Run(find_or_create(workspace), name, dict(tags or {}))


class Run:
    """A run while it is recorded.

    Every method may be called from any thread, and from forked children too (each process writes a segment
    of its own; nobody waits). When a call returns, what it logged survives kill -9 of this process.
    """

    def __init__(self, workspace: Workspace, name: str, tags: dict[str, str]) -> None:
        self.workspace = workspace
        self.id, self._marker = workspace.new_run({"pid": os.getpid(), "host": os.uname().nodename})
        self.name = name
        self._pid = os.getpid()
        self._steps: dict[str, int] = {}
        self._ended = False
        self._writer = SegmentWriter(workspace.run_folder(self.id) / "events", "main", run=self.id)
        about = {
            "name": name, "recipe": None, "executor": "script", "tags": {k: str(v) for k, v in tags.items()},
            "host": os.uname().nodename, "actor": actor(), "script": sys.argv[0] if sys.argv else "",
            "python": python_version(), "mfbench": __version__,
        }  # fmt: skip
        self._writer.write("run.started", about)

    def log_param(self, key: str, value: Any) -> None:
        """One setting of the run; a later value of the same key replaces it in lists."""
        self._writer.write("param", key, _plain(value))

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Settings; a nested mapping becomes dotted keys."""
        self._writer.write_many("param", list(_dotted(params, "")))

    def log_metric(self, key: str, value: float, step: int | None = None) -> None:
        """One point of a curve: one write, some microseconds.

        value: anything that `float` takes, NaN and infinities included. step: by default the number of points
        that this process has logged for `key`. Raises UsageError for a value that is no number.
        """
        if step is None:
            step = self._steps.get(key, 0)
            self._steps[key] = step + 1
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise UsageError(f"metric {key!r}: {value!r} is not a number") from None
        self._writer.write("m", key, step, number if isfinite(number) else str(number))

    def log_metrics(
        self, batch: Mapping[str, float] | Iterable[tuple[str, float, int]], step: int | None = None
    ) -> None:
        """Many points in one write: {key: value} at one `step`, or an iterable of (key, value, step)."""
        if isinstance(batch, Mapping):
            if step is None:
                step = max((self._steps.get(key, 0) for key in batch), default=0)
            for key in batch:
                self._steps[key] = step + 1
            batch = [(key, value, step) for key, value in batch.items()]
        rows = []
        for key, value, at in batch:
            try:
                number = float(value)
            except (TypeError, ValueError):
                raise UsageError(f"metric {key!r}: {value!r} is not a number") from None
            rows.append((key, int(at), number if isfinite(number) else str(number)))
        if rows:
            self._writer.write_many("m", rows)

    def log_artifact(self, path: str | os.PathLike[str], name: str | None = None) -> str:
        """Keeps a copy of a file (or of every file in a folder) with the run; the digest, or '' for a folder.

        name: what it is called in the run, by default the file's own name. Raises UsageError when it is missing.
        """
        source = Path(path)
        if source.is_dir():
            for file in sorted(item for item in source.rglob("*") if item.is_file()):
                self.log_artifact(file, f"{name or source.name}/{file.relative_to(source).as_posix()}")
            return ""
        if not source.is_file():
            raise UsageError("there is no such file to keep", where=str(source))
        staging = self.workspace.run_folder(self.id) / f".artifact-{os.getpid()}"
        try:
            shutil.copyfile(source, staging)  # a copy: the caller goes on writing to the original
            digest, size = Blobs(self.workspace.blobs).take(staging)
        except OSError as error:
            raise MfbenchError(f"the artifact could not be kept: {error.strerror}", where=str(source)) from error
        finally:
            staging.unlink(missing_ok=True)
        kind = mimetypes.guess_type(source.name)[0] or "application/octet-stream"
        self._writer.write("artifact", name or source.name, digest, size, kind)
        return digest

    def log_text(self, text: str, level: str = "info") -> None:
        """A line for `mfbench runs logs`."""
        self._writer.write("log", level, text)

    def end(self, status: str = "finished", error: BaseException | None = None) -> None:
        """Ends the run; a second call does nothing. A forked child never ends its parent's run."""
        if self._ended or os.getpid() != self._pid:
            return
        self._ended = True
        told = None
        if error is not None:
            told = {"type": type(error).__name__, "message": str(error) or type(error).__name__, "hint": None}
        self._writer.write("run.ended", status, told, None)
        self._writer.close()
        os.close(self._marker)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or (isinstance(error, SystemExit) and not error.code):
            self.end()
        else:
            self.end("stopped" if isinstance(error, KeyboardInterrupt) else "failed", error)


def _plain(value: Any) -> Any:
    """JSON's own types stay; anything else is told as text."""
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value)


def _dotted(params: Mapping[str, Any], prefix: str) -> Iterable[tuple[str, Any]]:
    for key, value in params.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{name}.")
        else:
            yield name, _plain(value)
