"""Where a recipe's run takes place: its executor, and the environment there, found or made."""

from __future__ import annotations

import sys
import time
from typing import Any

from mfbench.core import jsonio
from mfbench.core.errors import MfbenchError, UsageError, WorkspaceError
from mfbench.core.machine import cpu_model
from mfbench.core.plugins import load as load_plugin
from mfbench.core.versions import package_digest
from mfbench.engine.rehearsal import told
from mfbench.engine.run import Run
from mfbench.engine.settings import asked_of, needed_packages, unheeded
from mfbench.executors.base import Executor
from mfbench.executors.environment import Asked, Environment, here, is_exact
from mfbench.recipe.environment import redact
from mfbench.recipe.loaded import LoadedRecipe
from mfbench.workspace.workspace import Workspace

LOCAL = "local"
ENVIRONMENT = "environment"  # the step that makes it
# Whose versions decide about results: those that steps name in their keys.
DECISIVE = ("numpy", "optuna", "polars", "scikit-learn", "scipy", "skops")


class Place:
    """`environment` is None until it has been made. `elsewhere`: whether it is another one than this interpreter's."""

    def __init__(self, executor: Executor, loaded: LoadedRecipe, workspace: Workspace | None) -> None:
        self.executor, self._loaded = executor, loaded
        if executor.installs:
            self.asked, self.remarks = asked_of(loaded, workspace)
            env = loaded.recipe.run.env
            if not executor.sealed and (env.apt or env.base):
                self.remarks.append("run.env's base and apt are not heeded: only a container can have them")
        else:
            self.asked, self.remarks = Asked(requirements=""), unheeded(loaded, executor.name)
        self.environment: Environment | None = executor.find(self.asked)

    @property
    def elsewhere(self) -> bool:
        return self._loaded.recipe.run.env.requirements is not None and self.executor.installs

    @property
    def told(self) -> dict[str, Any] | None:
        """What a run says of its environment when it begins, once that is there."""
        found = self.environment
        if found is None:
            return None
        return {
            "python": found.python,
            "platform": found.platform,
            "digest": found.digest(DECISIVE),
            "told": found.told,
        }

    def make(self, run: Run) -> None:
        """Makes the environment, as a step of the run. Raises InstallError, EngineError, StoppedError."""
        run.writer.write("step.started", ENVIRONMENT)
        started = time.perf_counter()
        error: MfbenchError | None = None
        try:
            self.environment = self.executor.make(
                self.asked,
                lambda line: run.writer.write("log", "output", redact(line, run.variables)),
                lambda: run.stopping,
            )
            run.writer.write("environment", self.told)
        except MfbenchError as problem:
            error = problem
            raise
        finally:
            status = "failed" if error or self.environment is None else "finished"
            took = round(time.perf_counter() - started, 6)
            run.writer.write("step.ended", ENVIRONMENT, None, status, False, took, {}, told(error) if error else None)

    def record(self, run: Run) -> None:
        """What is needed to make it again: every version, what a worker needs of them, and what decides beside them."""
        found = self.environment or here()
        for remark in self.remarks:
            run.writer.write("log", "warning", remark)
        run.keep("environment.txt", found.pins().encode())
        requirements = found.pins() if self.executor.installs else self._lock()
        if requirements:
            run.keep("requirements.txt", requirements.encode())
        facts = {
            **(self.told or {}),
            "place": found.place,
            "base": self.asked.base,
            "apt": list(self.asked.apt),
            "asked": self.asked.requirements if is_exact(self.asked.requirements) else "",
            "code": None if len(run.hits) == len(run.steps) else package_digest(),  # nothing is read to run nothing
            "cpu": cpu_model(),
            "hash_seed": None if not self.executor.installs and sys.flags.hash_randomization else 0,
        }
        run.keep("environment.json", jsonio.pretty(facts), "application/json")

    def _lock(self) -> str:
        from mfbench.executors.lock import default_lock

        try:
            return default_lock(needed_packages(self._loaded))
        except UsageError:  # installed from a folder: no list of versions makes it again
            return ""


def place_of(
    name: str, chosen: str | None, loaded: LoadedRecipe, workspace: Workspace | None
) -> tuple[Place, str | None]:
    """(where it takes place, why there). What `auto` has chosen gives way to this machine where what is installed here
    cannot be installed anywhere else; what was asked for by name does not."""
    executor = load_plugin("mfbench.executors", name)()
    try:
        return Place(executor, loaded, workspace), chosen
    except UsageError as error:
        named = chosen is None or name == LOCAL or loaded.recipe.run.env.requirements is not None
        if named or isinstance(error, WorkspaceError):
            raise
        why = f"{chosen}, and {error.message}"
        return Place(load_plugin("mfbench.executors", LOCAL)(), loaded, workspace), why
