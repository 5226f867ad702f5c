"""The part of the Workbench that leads runs from afar: it starts them and lets go, or follows any to its end."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mfbench.workspace.workspace import Workspace

if TYPE_CHECKING:
    from mfbench.engine.launch import Launched
    from mfbench.engine.result import RunResult

PathLike = str | os.PathLike[str]
OnEvent = Callable[["RunResult", list[Any]], None]


class Leading:
    """What `start…` begins has a driver of its own, which outlives this program; the answer is the run's id, at once.

    All of it is safe in programs with threads, and leaves no zombie. What was wrong with the recipe is raised before
    there is a run.
    """

    workspace: Workspace

    def start(
        self, recipe: PathLike, *, overrides: Sequence[str] = (), executor: str | None = None, name: str | None = None
    ) -> str:
        """Starts a run as `run` does. Raises RecipeError, and RefusedError when a data check fails."""
        from mfbench.api.running import start

        return _let_go(start(recipe, self.workspace.root, overrides, executor, name)[0])

    def start_rerun(
        self, run: str, *, overrides: Sequence[str] = (), executor: str | None = None, name: str | None = None
    ) -> str:
        """Starts the recipe of a run once more, as the run recorded it, in the folder where it ran.

        overrides: lie over the recipe and over the run's own. executor, name: by default what was asked for then. What
        is in the cache is not computed again. Raises UsageError for a run without a recipe, one that came from another
        workspace, or one whose folder is gone; and what `start` raises.
        """
        from mfbench.api.running import rerun

        return _let_go(rerun(self.workspace, run, overrides, executor, name)[0])

    def start_resume(self, run: str) -> str:
        """Goes on with a run that was killed, stopped or failed: its id. Raises UsageError where `resume` does."""
        from mfbench.api.running import resume

        return _let_go(resume(self.workspace, run)[0])

    def start_verify(self, run: str, executor: str | None = None, *, trust_code: bool = False) -> str:
        """Starts a verification as `verify` does: the id of the run that does it; `verification` says what it found."""
        from mfbench.api.verifying import start

        return _let_go(start(self.workspace, run, executor, trust_code=trust_code))

    def verification(self, run: str) -> dict[str, Any] | None:
        """What the verification with this id has found, as `verify` says it; None while it has come to no verdict."""
        from mfbench.api.verifying import verdict

        return verdict(self.workspace, self.workspace.find_run(run))

    def rerun(
        self,
        run: str,
        *,
        overrides: Sequence[str] = (),
        executor: str | None = None,
        name: str | None = None,
        on_event: OnEvent | None = None,
    ) -> dict[str, Any]:
        """As `start_rerun`, to its end: as `run` returns and raises."""
        from mfbench.api.running import finished, follow_launched, rerun

        launched, _ = rerun(self.workspace, run, overrides, executor, name)
        return finished(follow_launched(launched, self.workspace, on_event))

    def attach(self, run: str, on_event: OnEvent | None = None) -> dict[str, Any]:
        """Follows any run, wherever it was started, to its end: as `run` returns; of one that is over, at once.

        A run that failed, was stopped or lost is an answer like any other: see `status` and `error`. on_event: called
        with the state so far and each event from the run's beginning on, several times a second with an empty one;
        what it raises ends the following, not the run. So does Ctrl-C.
        """
        from mfbench.api.running import follow_to_end

        return follow_to_end(self.workspace, self.workspace.find_run(run), on_event).as_json()


def _let_go(launched: Launched) -> str:
    launched.close()
    return launched.run
