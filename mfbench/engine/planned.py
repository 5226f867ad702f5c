"""The steps of a run and what is known of them before it begins: cached results, the champion to be judged by."""

from __future__ import annotations

from mfbench.engine.cache import CachedStep, StepCache
from mfbench.engine.champion import find_champion, with_gates
from mfbench.engine.plan import plan_recipe
from mfbench.engine.resume import refuse_changed
from mfbench.executors.environment import Environment
from mfbench.journal.blobs import Blobs
from mfbench.recipe.loaded import LoadedRecipe
from mfbench.worker.job import JobStep
from mfbench.workspace.workspace import Workspace


class Plan:
    """`hits` are cached results by step; `given` are the champion's files. Without an environment the steps have their
    names, and nothing is known of their results.
    """

    def __init__(
        self, loaded: LoadedRecipe, workspace: Workspace | None, environment: Environment | None, resumed: str | None
    ) -> None:
        self._loaded, self._resumed = loaded, resumed
        self.steps: list[JobStep] = []
        self.hits: dict[str, CachedStep] = {}
        self.given: dict[str, dict[str, str]] = {}
        self.anew(workspace, environment)

    @property
    def is_cached(self) -> bool:
        return len(self.hits) == len(self.steps)

    def anew(self, workspace: Workspace | None, environment: Environment | None) -> None:
        """Raises RecipeError or FitError, UsageError where a resumed run would do something else now."""
        steps = plan_recipe(self._loaded, workspace.cache / "sources" if workspace else None, environment)
        known = workspace if environment else None
        if known and self._resumed:
            refuse_changed(known, self._resumed, steps)
        hits = find_hits(steps, known)
        champion = find_champion(self._loaded, known, hits)
        self.steps, self.given = with_gates(self._loaded, steps, champion, known, environment)
        self.hits = find_hits(self.steps, known, hits)


def find_hits(
    steps: list[JobStep], workspace: Workspace | None, known: dict[str, CachedStep] | None = None
) -> dict[str, CachedStep]:
    """The steps whose results are there already, by name; `known` are those that were found before.

    A step counts only where all that it depends on does: one that has to run again may come out differently
    (not every estimator is deterministic), and what was made from its old result would no longer fit.
    """
    hits: dict[str, CachedStep] = {}
    if workspace is None:
        return hits
    cache = StepCache(workspace.cache, Blobs(workspace.blobs))
    for step in steps:
        found = (known or {}).get(step.name)
        hit = found or (cache.get(step.key) if all(need in hits for need in step.needs) else None)
        if hit is not None:
            hits[step.name] = hit
    return hits
