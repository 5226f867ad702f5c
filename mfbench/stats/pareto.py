"""The Pareto front of points. Light: lists of trials are sorted by the command line too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

K = TypeVar("K")


def front(points: Mapping[K, Sequence[float]]) -> list[K]:
    """The keys of those that no other is at least as good as in everything and better in something; more is better.

    Best first by the first number; equal points are all kept.
    """
    kept = [
        key
        for key, mine in points.items()
        if not any(
            tuple(other) != tuple(mine) and all(a >= b for a, b in zip(other, mine, strict=True))
            for other in points.values()
        )
    ]
    return sorted(kept, key=lambda key: tuple(-value for value in points[key]))
