"""What a search has come to: the trial to go on with, the Pareto front, what mattered."""

from __future__ import annotations

import math
import warnings

import optuna

from mfbench.tuning.coordinator import Told


def choose(complete: dict[int, Told], front: list[int], greater: list[bool]) -> tuple[int, str]:
    """(number of the trial to go on with, why).

    One objective: the best. Several: of the Pareto front, among those whose first objective lies within one standard
    error over the folds of the best, the best by the second (Breiman et al. 1984's one-standard-error rule).
    """
    first = max(complete, key=lambda n: (_signed(complete[n], 0, greater), -n))
    if len(greater) == 1:
        return first, "the best"
    scores = complete[first].scores or []
    error = _standard_error(scores)
    bound = _signed(complete[first], 0, greater) - error
    near = [number for number in front if _signed(complete[number], 0, greater) >= bound]
    chosen = max(near, key=lambda n: (_signed(complete[n], 1, greater), _signed(complete[n], 0, greater), -n))
    return chosen, f"within one standard error ({error:.2g}) of the best by the first objective, the best by the second"


def front_of(complete: dict[int, Told], greater: list[bool]) -> list[int]:
    """The trials that no other is at least as good as in everything and better in something; best first."""
    points = {
        number: tuple(_signed(told, i, greater) for i in range(len(greater))) for number, told in complete.items()
    }
    front = [
        number
        for number, point in points.items()
        if not any(all(a >= b for a, b in zip(other, point, strict=True)) and other != point
                   for other in points.values())
    ]  # fmt: skip
    return sorted(front, key=lambda number: (tuple(-value for value in points[number]), number))


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
