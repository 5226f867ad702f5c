"""What a search goes by, and how long where its recipe does not say. Light: a check tells it and loads no Optuna."""

from __future__ import annotations

from mfbench.recipe.schema import Evaluate, Tune
from mfbench.stats.metrics import defaults, greater_is_better

DEFAULT_TRIALS = 50


def objectives(tune: Tune, evaluate: Evaluate, task: str) -> tuple[str, ...]:
    """The names that the search goes by: as [tune] says, else the run's first metric that can be better or worse."""
    chosen = (tune.metric,) if tune.metric else tune.objectives
    able = [name for name in evaluate.metrics if greater_is_better(name) is not None] or defaults(task)
    return chosen or (able[0],)
