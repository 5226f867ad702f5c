"""What a search has come to: the trial to go on with, the Pareto front, what mattered."""

from __future__ import annotations

import math
import warnings

import optuna

from mfbench.stats.pareto import front
from mfbench.tuning.coordinator import Told

NOISE = 0.1


def choose(complete: dict[int, Told], best: list[int], greater: list[bool]) -> tuple[int, str]:
    """(number of the trial to go on with, why).

    One objective: the best. Several: of the Pareto front, those whose first objective is worse than the best by no more
    than one standard error of that difference over the folds (after Breiman et al. 1984's one-standard-error rule; both
    were judged on the same folds, so in pairs); of these the best by the second. A second objective that differs by
    less than NOISE is the same, as a latency is measured beside other work.
    """
    first = max(complete, key=lambda n: (_signed(complete[n], 0, greater), -n))
    if len(greater) == 1:
        return first, "the best"
    near = [number for number in best if _about_as_good(complete[number], complete[first], greater)]
    second = {number: _signed(complete[number], 1, greater) for number in near}
    leader = max(second.values())
    alike = [number for number in near if second[number] >= leader - NOISE * abs(leader)]
    chosen = max(alike, key=lambda n: (_signed(complete[n], 0, greater), second[n], -n))
    return chosen, "within one standard error of the best by the first objective, among the best by the second"


def _about_as_good(told: Told, best: Told, greater: list[bool]) -> bool:
    lead = _signed(best, 0, greater) - _signed(told, 0, greater)
    ours, theirs = told.scores or [], best.scores or []
    if len(ours) != len(theirs):
        return lead <= 0
    return lead <= _standard_error([a - b for a, b in zip(ours, theirs, strict=True)])


def front_of(complete: dict[int, Told], greater: list[bool]) -> list[int]:
    """The numbers of the trials on the Pareto front, the best by the first objective first."""
    return front({n: [_signed(told, i, greater) for i in range(len(greater))] for n, told in sorted(complete.items())})


def importance(study: optuna.Study, seed: int, index: int = 0) -> dict[str, float]:
    """How much of the first objective's variance each entry explains (Hutter et al. 2014); empty where too few trials
    say anything."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = optuna.importance.get_param_importances(
                study,
                evaluator=optuna.importance.FanovaImportanceEvaluator(seed=seed),
                target=lambda trial: trial.values[index],
            )
    except (ValueError, RuntimeError):
        return {}
    return {name: float(value) for name, value in found.items() if math.isfinite(value)}


def _signed(told: Told, index: int, greater: list[bool]) -> float:
    assert told.values is not None
    return told.values[index] if greater[index] else -told.values[index]


def _standard_error(scores: list[float]) -> float:
    if len(scores) < 2:
        return 0.0
    mean = sum(scores) / len(scores)
    return math.sqrt(sum((score - mean) ** 2 for score in scores) / (len(scores) - 1) / len(scores))
