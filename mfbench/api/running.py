"""Checking, starting and following runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfbench.workspace.workspace import Workspace, find, find_or_create

if TYPE_CHECKING:
    from mfbench.engine.launch import Launched
    from mfbench.engine.result import RunResult
    from mfbench.steps.precheck import Report

PathLike = str | os.PathLike[str]


def has_workspace(workspace: PathLike | None = None) -> bool:
    """Whether there is a workspace: the named one, or one here or above."""
    return find(named=workspace) is not None


def check_recipe(recipe: PathLike, overrides: Sequence[str] = ()) -> Report:
    """Checks a recipe and its data without running it. Raises RecipeError that points to the place."""
    from mfbench.core.errors import FitError
    from mfbench.engine.plan import check_names
    from mfbench.engine.settings import asked_of
    from mfbench.recipe.load import load_recipe
    from mfbench.steps.precheck import precheck

    loaded = load_recipe(Path(recipe), tuple(overrides))
    try:
        check_names(loaded)
        if loaded.recipe.run.env.requirements is not None:
            asked_of(loaded, None)  # its file has to be one that can be installed from
        return precheck(loaded.recipe, loaded.folder, leaks=True)
    except FitError as error:
        raise loaded.error(error.key, error.message, error.hint) from None


def start(
    recipe: PathLike,
    workspace: PathLike | None,
    overrides: Sequence[str] = (),
    executor: str | None = None,
    name: str | None = None,
) -> tuple[Launched, Workspace]:
    """Starts a run that outlives this process. The workspace is made only once the recipe has been found right."""
    from mfbench.engine.driver import Request
    from mfbench.engine.launch import launch

    found = find(named=workspace)
    folder = (
        found.root
        if found
        else Path(workspace or os.environ.get("MFBENCH_WORKSPACE") or Path.cwd()).expanduser().absolute()
    )
    request = Request(
        recipe=os.fspath(Path(recipe)), workspace=str(folder), overrides=tuple(overrides), executor=executor, name=name
    )
    launched = launch(request)
    return launched, find_or_create(folder)


def resume(workspace: Workspace, run: str) -> tuple[Launched, Workspace]:
    """Goes on with a run that was killed, stopped or failed. Raises UsageError where it cannot."""
    from mfbench.engine.driver import Request
    from mfbench.engine.launch import launch

    return launch(Request(recipe="", workspace=str(workspace.root), resume=workspace.find_run(run))), workspace


def rerun(
    workspace: Workspace, run: str, overrides: Sequence[str] = (), executor: str | None = None, name: str | None = None
) -> tuple[Launched, Workspace]:
    """Runs the recipe of a run once more, as the run recorded it, with its overrides and then these over it."""
    from mfbench.engine.driver import Request
    from mfbench.engine.launch import launch
    from mfbench.engine.resume import recorded_recipe

    workspace.require_writable("take a new run")
    path, text, about = recorded_recipe(workspace, workspace.find_run(run))
    request = Request(
        recipe=str(path),
        text=text,
        workspace=str(workspace.root),
        overrides=(*about["overrides"], *overrides),
        executor=executor or about["wanted_executor"],
        name=name or about["name"],
    )
    return launch(request), workspace


def run_and_follow(
    recipe: PathLike,
    workspace: PathLike | None,
    overrides: Sequence[str] = (),
    executor: str | None = None,
    name: str | None = None,
    on_event: Callable[[RunResult, list[Any]], None] | None = None,
) -> tuple[RunResult, Workspace]:
    """Runs a recipe and follows it to its end. Ctrl-C stops the run and returns its end."""
    launched, made = start(recipe, workspace, overrides, executor, name)
    return follow_launched(launched, made, on_event), made


def follow_launched(
    launched: Launched, workspace: Workspace, on_event: Callable[[RunResult, list[Any]], None] | None = None
) -> RunResult:
    """Follows a run that this process has started, to its end."""
    try:
        return follow_to_end(workspace, launched.run, on_event, launched)
    finally:
        launched.close()


def finished(result: RunResult) -> dict[str, Any]:
    """The result as plain values. Raises RunFailedError or RefusedError for a run that did not finish."""
    from mfbench.core.errors import RefusedError, RunFailedError

    if result.status != "finished":
        told = (result.error or {}).get("message") or f"the run ended as {result.status}"
        hint = (result.error or {}).get("hint") or f"see: mfbench runs logs {result.run}"
        kind = RefusedError if result.exit_code == RefusedError.exit_code else RunFailedError
        error = kind(told, where=f"run {result.run}", hint=hint)
        error.exit_code = result.exit_code
        raise error
    return result.as_json()


def follow_to_end(
    workspace: Workspace,
    run: str,
    on_event: Callable[[RunResult, list[Any]], None] | None = None,
    launched: Launched | None = None,
) -> RunResult:
    """The result of a run once it is over. Ctrl-C stops a run that this process has launched."""
    from mfbench.engine.follow import follow
    from mfbench.engine.result import RunResult

    result = RunResult(run)
    try:
        for events in follow(workspace, run, launched):
            _take(result, events, on_event)
    except KeyboardInterrupt:
        if launched is None:
            raise
        launched.stop()
        result = RunResult(run)
        for events in follow(workspace, run, launched):
            _take(result, events, None)
    if result.status == "running":
        result.status = "lost"
        hint = f"its driver was killed; go on with it: mfbench runs resume {run}"
        result.error = {"type": "Lost", "message": "the driver of the run is dead", "where": None, "hint": hint}
    return result


def _take(result: RunResult, events: list[Any], on_event: Callable[[RunResult, list[Any]], None] | None) -> None:
    for event in events:
        result.take(event)
        if on_event:
            on_event(result, event)
    if on_event and not events:
        on_event(result, [])
