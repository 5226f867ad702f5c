"""Lists of numbers as they come from files, made ready to draw."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from mfbench.report.words import known


def pairs(points: Iterable[Sequence[Any]]) -> tuple[list[float], list[float]]:
    """The x and y of the points of which both are known."""
    good = [(point[0], point[1]) for point in points if len(point) >= 2 and known(point[0]) and known(point[1])]
    return [float(x) for x, _ in good], [float(y) for _, y in good]


def thinned(items: Sequence[Any], most: int) -> list[Any]:
    """At most `most`, evenly taken, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def errors(items: Sequence[dict[str, Any]], key: str = "value") -> list[list[float]]:
    """How far the interval of each item reaches to the left and to the right of its value."""
    spans: list[list[float]] = [[], []]
    for item in items:
        value = item[key]
        spans[0].append(max(value - item["low"], 0.0) if known(value) and known(item["low"]) else math.nan)
        spans[1].append(max(item["high"] - value, 0.0) if known(value) and known(item["high"]) else math.nan)
    return spans
