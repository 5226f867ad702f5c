"""Verifying runs: starting, following, reading the verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mfbench.workspace.workspace import Workspace

if TYPE_CHECKING:
    from mfbench.engine.launch import Launched
    from mfbench.engine.result import RunResult


def start(workspace: Workspace, run: str, executor: str | None = None, *, trust_code: bool = False) -> Launched:
    """Starts a verification of `run`, which outlives this process. Raises UsageError where that cannot be."""
    from mfbench.engine.launch import launch_verification
    from mfbench.engine.verify.driver import VerifyRequest
    from mfbench.engine.verify.recorded import recorded

    workspace.require_writable("verify runs")
    known = recorded(workspace, _meant(workspace, run))
    asked = VerifyRequest(workspace=str(workspace.root), recorded=known, executor=executor, trust_code=trust_code)
    return launch_verification(asked)


def _meant(workspace: Workspace, run: str) -> str:
    """The run that is meant: 'last' is the last one that is no verification itself."""
    from mfbench.journal.reader import read_events

    found = workspace.find_run(run)
    while run == "last":
        abouts = (
            event[3] for event in read_events(workspace.run_folder(found) / "events") if event[2] == "run.started"
        )
        verifies = next((about.get("verifies") for about in abouts), None)
        if verifies is None:
            break
        found = workspace.find_run(verifies)
    return found


def follow(
    workspace: Workspace, launched: Launched, on_event: Callable[[RunResult, list[Any]], None] | None = None
) -> dict[str, Any]:
    """Follows a verification to its end: what it found, as `Workbench.verify` says. Ctrl-C stops it.

    Raises RunFailedError where it came to no verdict.
    """
    from mfbench.api.running import follow_launched
    from mfbench.core.errors import RunFailedError, StoppedError

    result = follow_launched(launched, workspace, on_event)
    found = verdict(workspace, launched.run)
    if result.status == "stopped":
        raise StoppedError("the verification is stopped", where=f"run {launched.run}")
    if found is None or result.status != "finished":
        told = result.error or {}
        lost = result.status == "lost"
        message = told.get("message") or f"the verification ended as {result.status}"
        hint = "verify the run once more" if lost else told.get("hint")
        error = RunFailedError(message, where=f"run {launched.run}", hint=hint)
        error.exit_code = result.exit_code or 1
        raise error
    return {**found, "executor": result.executor, "seconds": round((result.ended - result.started) / 1e6, 3)}


def verdict(workspace: Workspace, verification: str) -> dict[str, Any] | None:
    """What a verification has found; None where it came to no end."""
    from mfbench.journal.reader import read_events

    for _, _, kind, *fields in reversed(read_events(workspace.run_folder(verification) / "events")):
        if kind == "verified":
            run, word, step, findings, told = fields[:5]
            return {"run": run, "verification": verification, "verdict": word, "step": step, "findings": findings,
                    **told}  # fmt: skip
    return None
