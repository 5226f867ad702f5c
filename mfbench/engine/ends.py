"""How a run ends, in words: what happened, in which step, what to do."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path
from typing import Any

from mfbench.core.errors import DiskError, EngineError, InstallError, MfbenchError, StoppedError
from mfbench.core.text import seconds, size
from mfbench.engine.outcome import Outcome
from mfbench.engine.rehearsal import told
from mfbench.executors.base import Exit
from mfbench.worker.job import read_job
from mfbench.worker.words import CACHED, DISK_FULL, LESS, OUT_OF_MEMORY, SPACE

_START = "Linux: sudo systemctl start docker; macOS: open Docker Desktop, or colima start"


def judge(outcome: Outcome, ended: Exit, step: str | None, folder: Path) -> Outcome:
    """What a run has come to, once its worker has ended in this way.

    outcome: what is known already, for instance that a step has failed. step: the first that has not finished, None
    where all have. folder: the run's.
    """
    if step is None or outcome.status not in ("finished", "failed"):
        return outcome
    if ended.cause == "oom":
        return _out_of_memory(step, ended.detail or _said(outcome), folder)
    if ended.cause == "engine":
        return _failed(
            "EngineStopped",
            f"the engine stopped in step {step}{_more(ended.detail, known='the engine stopped')}",
            f"start it ({_START}), then go on: mfbench runs resume {folder.name}",
        )
    if ended.cause == "disk":
        return _failed(DISK_FULL, f"disk full in step {step}{_more(ended.detail)}", SPACE)
    if ended.cause == "child":
        why = _more(ended.detail) + (f" ({_said(outcome)})" if outcome.error else "")
        return _failed("ChildKilled", f"a child was killed in step {step}{why}", _remedy(folder)[1])
    if outcome.error:  # the step has told
        hints = [hint for hint in (outcome.error.get("hint"), ended.detail) if hint]
        told_of = {**outcome.error, "hint": "; ".join(hints) or None}
        return Outcome("oom" if told_of["type"] == OUT_OF_MEMORY else "failed", told_of)
    hint = f"what it printed: mfbench runs logs {folder.name}"
    if ended.signal == signal.SIGKILL:
        hint = f"if nobody killed it, the machine ran out of memory; {hint}"
    return _failed("WorkerDied", f"the worker ended in step {step}: {ended}{_more(ended.detail)}", hint)


def remark(ended: Exit, step: str | None) -> str | None:
    """What a run that has finished all the same should say of its worker's end."""
    if step is None and ended.cause == "child":
        return f"a child was killed{_more(ended.detail)}; the steps have finished without it"
    return None


def timed_out(timeout: float, step: str | None, run: str) -> Outcome:
    where = f" in step {step}" if step else ""
    message = f"the run took longer than its timeout of {seconds(timeout)}{where}"
    hint = f"raise run.timeout in the recipe; {CACHED}; with as much time again: mfbench runs resume {run}"
    return Outcome("timeout", error("Timeout", message, hint))


def of_error(problem: MfbenchError) -> Outcome:
    """The end of a run that an error of ours has ended."""
    if isinstance(problem, StoppedError):
        return Outcome("stopped")
    found = told(problem)
    if isinstance(problem, DiskError) and os.strerror(errno.ENOSPC) in problem.message:
        found |= {"type": DISK_FULL, "message": f"disk full: {problem.message}"}
    elif isinstance(problem, InstallError) and problem.message.startswith("missing image"):
        found["type"] = "MissingImage"
    elif isinstance(problem, EngineError) and problem.message.startswith("the engine stopped"):
        found["type"] = "EngineStopped"
    elif isinstance(problem, EngineError) and problem.message.startswith("no container engine answers"):
        # One did when the run began.
        found |= {"type": "EngineStopped", "message": f"the engine stopped: {problem.message}"}
    return Outcome("failed", found)


def error(kind: str, message: str, hint: str) -> dict[str, Any]:
    return {"type": kind, "message": message, "where": None, "hint": hint, "code": 1}


def _out_of_memory(step: str, detail: str, folder: Path) -> Outcome:
    limit, hint = _remedy(folder)
    return Outcome("oom", error(OUT_OF_MEMORY, f"out of memory in step {step}{limit}{_more(detail)}", hint))


def _remedy(folder: Path) -> tuple[str, str]:
    """(the limit in brackets, what to do) where a job took more memory than there is for it."""
    limit = read_job(folder).memory
    more = "raise run.memory" if limit else "take a machine with more memory"
    return f" (run.memory is {size(limit)})" if limit else "", f"{more}, or {LESS}; {CACHED}"


def _failed(kind: str, message: str, hint: str) -> Outcome:
    return Outcome("failed", error(kind, message, hint))


def _said(outcome: Outcome) -> str:
    """What the step has said of its failure, if it came to that."""
    return str((outcome.error or {}).get("message") or "")


def _more(detail: str, known: str = "\n") -> str:
    """What follows a message; nothing where it begins as that does."""
    return f": {detail}" if detail and not detail.startswith(known) else ""
