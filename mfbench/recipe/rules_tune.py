"""What can be refused of [tune] without the data."""

from __future__ import annotations

from itertools import islice

from mfbench.core.text import did_you_mean, parse_duration
from mfbench.recipe.loaded import Key, Source
from mfbench.recipe.schema import Recipe, Tune
from mfbench.recipe.space import CANDIDATE, Axis, axes, grid, parse_axis

MOST_TRIALS = 100_000
MOST_PROCESSES = 256


def check_tune(recipe: Recipe, source: Source) -> None:
    """Raises RecipeError for the first thing that is wrong."""
    tune = recipe.tune
    if tune is None:
        return
    for name, value in (("trials", tune.trials), ("patience", tune.patience), ("parallel", tune.parallel)):
        most = MOST_PROCESSES if name == "parallel" else MOST_TRIALS
        if value is not None and not 1 <= value <= most:
            raise source.error(("tune", name), f"tune.{name}: expected 1 to {most:,}, found {value}")
    if tune.timeout is not None:
        try:
            if not parse_duration(tune.timeout):
                raise ValueError("no trial can end in no time")
        except ValueError as error:
            raise source.error(("tune", "timeout"), f"tune.timeout: {error}") from None
    _objectives(tune, source)
    space = _space(recipe, tune, source)
    _sampler(tune, space, source)


def _objectives(tune: Tune, source: Source) -> None:
    if tune.metric and tune.objectives:
        raise source.error(("tune", "metric"), "a search has either `metric` or `objectives`", "take one of them out")
    if len(set(tune.objectives)) < len(tune.objectives):
        raise source.error(("tune", "objectives"), "an objective stands twice in the list", "name each once")
    if len(tune.objectives) > 1 and tune.pruner != "none":
        told = f"the pruner {tune.pruner!r} cannot compare trials that have {len(tune.objectives)} objectives"
        raise source.error(("tune", "pruner"), told, "take `pruner` out, or search for one metric")
    if tune.patience is not None and len(tune.objectives) > 1:
        told = "with several objectives there is no best trial to wait for"
        raise source.error(("tune", "patience"), told, "bound the search by `trials` or `timeout`")
    if tune.prune_on == "iterations" and tune.pruner == "none":
        raise source.error(("tune", "prune_on"), "`prune_on` without a pruner does nothing", 'add pruner = "median"')


def _space(recipe: Recipe, tune: Tune, source: Source) -> dict[str, Axis]:
    key: Key = ("tune", "space")
    if not tune.space and len(tune.candidates) < 2 and not any(one.space for one in tune.candidates.values()):
        hint = '[tune.space] needs an entry such as "model.learning_rate" = "log 0.01..0.3"'
        raise source.error(("tune",), "the search has nothing to choose: its space is empty", hint)
    for name, space in tune.space.items():
        try:
            parse_axis(name, space)
        except ValueError as error:
            raise source.error((*key, name), f"{name}: {error}") from None
        _target(name, tune, source)
    for label, candidate in tune.candidates.items():
        where: Key = ("tune", "candidates", label)
        if "." in label or not label:
            raise source.error(where, f"{label!r} cannot name a candidate", "a word without dots")
        for name, space in candidate.space.items():
            try:
                parse_axis(name, space)
            except ValueError as error:
                raise source.error((*where, "space", name), f"{label}.{name}: {error}") from None
            if name in candidate.params:
                raise source.error((*where, name), f"{name!r} is fixed and searched at once", "take one of them out")
    try:
        found = axes(tune)
    except ValueError as error:
        raise source.error(key, str(error)) from None
    for axis in found.values():
        for other, allowed in axis.when:
            odd = [value for value in allowed if not found[other].holds(value)]
            if odd:
                told = f"{axis.name} exists when {other} is {odd[0]!r}, which it never is"
                raise source.error((*key, axis.name), told)
    _start(recipe, tune, found, source)
    return found


def _target(name: str, tune: Tune, source: Source) -> None:
    """An entry of the space names a parameter of the model or an option of a feature."""
    key: Key = ("tune", "space", name)
    table, _, rest = name.partition(".")
    if table not in ("model", "features") or not rest:
        hint = 'for example "model.learning_rate" or "features.carrier.min_frequency"'
        raise source.error(key, f"{name!r} is nothing that can be searched: expected model.… or features.…", hint)
    if table == CANDIDATE and tune.candidates:
        hint = "write it into the space of a candidate: [tune.candidates.NAME.space]"
        raise source.error(key, f"{name!r}: with candidates, each has parameters of its own", hint)
    if name in ("model.estimator", "model.flavor"):
        hint = '[tune.candidates.forest] with estimator = "RandomForestClassifier", and so on'
        raise source.error(key, "several estimators are searched as candidates", hint)
    if table == "features":
        feature, _, option = rest.rpartition(".")
        options = ("min_frequency", "encode", "scale", "impute", "kind", "parts", "expr")
        if not feature or option not in options:
            hint = f"features.COLUMN.OPTION; {did_you_mean(option, options)}"
            raise source.error(key, f"{name!r} is no option of a feature", hint)


def _start(recipe: Recipe, tune: Tune, space: dict[str, Axis], source: Source) -> None:
    """What [model] says of a searched parameter is where the search starts: it has to lie in the space."""
    for name, axis in space.items():
        table, _, parameter = name.partition(".")
        given = recipe.model.params.get(parameter.removeprefix("params.")) if table == "model" else None
        if given is not None and not axis.holds(given):
            told = f"[model] says {parameter} = {given!r}, which lies outside of the space of the search"
            raise source.error(("tune", "space", name), told, "widen the space, or take it out of [model]")
    given_model = recipe.model.estimator is not None or recipe.model.params
    if tune.candidates and given_model:
        hint = "move it into [tune.candidates.NAME]"
        raise source.error(("model",), "[model] says nothing where candidates are searched", hint)


def _sampler(tune: Tune, space: dict[str, Axis], source: Source) -> None:
    key: Key = ("tune", "sampler")
    if tune.sampler == "grid":
        endless = [axis.name for axis in space.values() if axis.count() is None]
        if endless:
            hint = "give it a step or a list of values, or take another sampler"
            raise source.error(("tune", "space", endless[0]), f"a grid cannot count {endless[0]!r}", hint)
        widest = max(axis.count() or 0 for axis in space.values())
        if widest > MOST_TRIALS or sum(1 for _ in islice(grid(space), MOST_TRIALS + 1)) > MOST_TRIALS:
            told = f"this grid has more than {MOST_TRIALS:,} points"
            raise source.error(key, told, "take larger steps, or a sampler that need not try them all")
    if tune.sampler == "cmaes":
        if len(tune.objectives) > 1:
            raise source.error(key, "CMA-ES searches for one objective", 'sampler = "nsga2" or "tpe" takes several')
        if not any(not axis.choices and not axis.when for axis in space.values()):
            raise source.error(key, "CMA-ES needs numbers to search, and this space has choices only", 'try "tpe"')
