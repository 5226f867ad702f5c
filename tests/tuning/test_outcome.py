"""Which trial a search goes on with."""

from __future__ import annotations

from mfbench.tuning.coordinator import Told
from mfbench.tuning.outcome import choose, front_of


def told(first: list[float], second: float) -> Told:
    return Told("complete", [sum(first) / len(first), second], scores=first)


def test_with_one_objective_the_best_and_of_equals_the_first() -> None:
    trials = {n: Told("complete", [value]) for n, value in enumerate([0.6, 0.8, 0.8, 0.7])}
    assert choose(trials, front_of(trials, [True]), [True])[0] == 1
    assert choose(trials, front_of(trials, [False]), [False])[0] == 0


def test_with_two_a_cheaper_one_that_is_about_as_good() -> None:
    trials = {
        0: told([0.80, 0.70, 0.90], 5.0),  # the best
        1: told([0.79, 0.70, 0.90], 1.0),  # worse in one fold, by about its standard error, and cheaper
        2: told([0.75, 0.65, 0.85], 0.5),  # worse in every fold alike: surely worse, though the folds differ by more
    }
    assert choose(trials, front_of(trials, [True, False]), [True, False])[0] == 1


def test_a_second_objective_that_differs_by_its_noise_decides_nothing() -> None:
    trials = {0: told([0.80, 0.70, 0.90], 0.332), 1: told([0.79, 0.70, 0.90], 0.31)}
    assert choose(trials, front_of(trials, [True, False]), [True, False])[0] == 0


def test_the_front_keeps_what_no_other_beats() -> None:
    points = {0: (3.0, 1.0), 1: (2.0, 2.0), 2: (1.0, 3.0), 3: (2.0, 1.0), 4: (2.0, 2.0)}
    trials = {n: Told("complete", list(values)) for n, values in points.items()}
    assert front_of(trials, [True, True]) == [0, 1, 4, 2]
