"""The runs and points that every contestant of the store's benchmarks holds: the same names, params and metrics.

The peers' interpreter imports this too: the standard library alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

KEYS = 10  # params a run, and as many metrics
PAGE = 100
WHERE = "metrics.m3 > 0.5 and params.p0 = 'Ridge'"  # the same words for mfbench and for MLflow
ESTIMATORS = ("Ridge", "Forest", "Boosting")
METRIC = "loss"  # of which a history is made
PARAM_NAMES = tuple(f"p{i}" for i in range(KEYS))
METRIC_NAMES = tuple(f"m{i}" for i in range(KEYS))
_START = 1_790_000_000_000_000  # microseconds since the epoch
_APART = 60_000_000


class Run(NamedTuple):
    """One small run: ten params, of which the first is a text, and ten metrics of one point each."""

    name: str
    started: int  # microseconds since the epoch, UTC
    params: dict[str, str]
    metrics: dict[str, float]


def runs(count: int) -> Iterator[Run]:
    """That many runs, the same ones each time; the names are unique."""
    random = Random(1).random
    for number in range(count):
        params = {key: repr(random()) for key in PARAM_NAMES}
        params["p0"] = ESTIMATORS[number % len(ESTIMATORS)]
        yield Run(f"run-{number}", _START + number * _APART, params, {key: random() for key in METRIC_NAMES})


def points(count: int) -> Iterator[tuple[int, int, float]]:
    """(step, time in microseconds, value) of one long history."""
    random = Random(2).random
    for step in range(count):
        yield step, _START + step * 1000, random()


def expected_page(count: int) -> list[str]:
    """The names that the first page of `WHERE`, ordered by metric m0 from the greatest down, shows."""
    found = [run for run in runs(count) if run.metrics["m3"] > 0.5 and run.params["p0"] == "Ridge"]
    return [run.name for run in sorted(found, key=lambda run: -run.metrics["m0"])[:PAGE]]
