"""Workbench: one workspace and everything one can do in it, for the command line and for Python alike.

Every method imports what it needs when it is called, so that a listing never loads a framework.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfbench.api.annotating import Annotating
from mfbench.api.drift_reading import DriftReading
from mfbench.api.drifting import Drifting
from mfbench.api.inspecting import Inspecting
from mfbench.api.leading import Leading
from mfbench.api.modelling import Modelling
from mfbench.api.queueing import Queueing
from mfbench.api.reading import Reading
from mfbench.api.recipes import Recipes
from mfbench.api.searching import Searching
from mfbench.api.upkeep import Upkeep
from mfbench.api.watching import Watching
from mfbench.core.errors import NotFoundError, UsageError
from mfbench.core.machine import host
from mfbench.workspace.workspace import Workspace, create, find, require

if TYPE_CHECKING:
    from mfbench.bundle.model import Model
    from mfbench.engine.result import RunResult

PathLike = str | os.PathLike[str]


class Workbench(
    Reading,
    Annotating,
    Leading,
    Watching,
    Drifting,
    DriftReading,
    Modelling,
    Upkeep,
    Queueing,
    Inspecting,
    Recipes,
    Searching,
):
    """A workspace. Holds no file open; safe to use from several threads.

    >>> bench = Workbench.open()  # doctest: +SKIP
    >>> bench.run("recipes/flight-delay.toml")["metrics"]["roc_auc"]  # doctest: +SKIP
    0.717
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    @classmethod
    def open(cls, workspace: PathLike | None = None) -> Workbench:
        """The workspace that is named, or found upwards from here. Raises WorkspaceError when there is none."""
        return cls(require(workspace))

    @classmethod
    def create(cls, folder: PathLike = ".") -> Workbench:
        """The workspace in `folder`, made when missing."""
        return cls(create(Path(folder).absolute()))

    def run(
        self,
        recipe: PathLike,
        *,
        overrides: Sequence[str] = (),
        executor: str | None = None,
        name: str | None = None,
        on_event: Callable[[RunResult, list[Any]], None] | None = None,
    ) -> dict[str, Any]:
        """Runs a recipe to its end: {run, recipe, status, executor, seconds, metrics, gates, model, steps}.

        overrides: 'key.path=value' words as after `--set`. on_event: called with the state so far and each new
        event. A refused model is a result like any other (`model` is None, a gate has `passed` False).
        Raises RecipeError, RefusedError when a data check fails, and RunFailedError when the run failed, was
        stopped, timed out or was lost.
        """
        from mfbench.api.running import finished, run_and_follow

        result, _ = run_and_follow(recipe, self.workspace.root, overrides, executor, name, on_event)
        return finished(result)

    def resume(self, run: str, *, on_event: Callable[[RunResult, list[Any]], None] | None = None) -> dict[str, Any]:
        """Goes on with a run that was killed, stopped or failed, to its end: as `run` returns and raises.

        Finished steps and trials are kept. Raises UsageError for a run that is running or finished, or whose data or
        code has changed since.
        """
        from mfbench.api.running import finished, follow_launched, resume

        launched, _ = resume(self.workspace, run)
        return finished(follow_launched(launched, self.workspace, on_event))

    def stop(self, run: str) -> bool:
        """Asks the driver of a run to stop it; False when the run is over already."""
        import signal

        import msgspec

        run = self.workspace.find_run(run)
        if not self.workspace.is_alive(run):
            return False
        holder = msgspec.json.decode((self.workspace.live / run).read_bytes())
        if holder["host"] != host():
            raise UsageError(f"run {run} is led from {holder['host']}", hint="stop it there")
        if holder.get("leader") != "driver":
            hint = f"end it where it runs (process {holder['pid']})"
            raise UsageError(f"run {run} is led by a script or notebook of yours", hint=hint)
        os.kill(holder["pid"], signal.SIGTERM)
        return True

    def verify(
        self,
        run: str,
        executor: str | None = None,
        *,
        trust_code: bool = False,
        on_event: Callable[[RunResult, list[Any]], None] | None = None,
    ) -> dict[str, Any]:
        """Makes the environment of a finished run again, repeats every step and compares what comes out.

        {run, verification, verdict, step, since, findings, steps, metrics, compared_metrics, notes, left_out, unpinned,
        environment, executor, seconds}. verdict: 'bit-identical', 'same metrics' or 'diverged', the last two at `step`.
        executor: 'docker', 'venv' or 'local' (this interpreter, nothing is installed); by default the one that comes
        nearest to where the run was. trust_code: own code of a run that was imported may run unsealed, that is
        outside of a container or with a network. Raises UsageError for a run that cannot be verified, and
        RunFailedError where the verification itself failed or was stopped.
        """
        from mfbench.api.verifying import follow, start

        return follow(self.workspace, start(self.workspace, run, executor, trust_code=trust_code), on_event)


def load_model(reference: PathLike, workspace: PathLike | None = None) -> Model:
    """The model in a bundle's folder, which needs no workspace, or one that a workspace has registered.

    A folder is written with a slash (`./bundle`), so that it never stands in for a model of its name. Types
    beyond mfbench's own list have to stand in the configuration of the workspace, where there is one.
    """
    folder = Path(reference)
    if not isinstance(reference, str) or os.sep in reference:
        from mfbench.bundle.model import Model

        found = find(named=workspace)
        return Model.load(folder, found.trusted_types if found else [])
    if (folder / "manifest.json").is_file() and find(named=workspace) is None:
        raise NotFoundError(f"{reference!r} is a folder here", hint=f"for the bundle in it write ./{reference}")
    return Workbench.open(workspace).model(os.fspath(reference))
