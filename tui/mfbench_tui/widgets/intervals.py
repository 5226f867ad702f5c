"""An interval as a bar of signs: ├──●──┤ on a scale that several share, so that one sees whether they touch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


def span_of(items: Sequence[dict[str, Any] | None]) -> tuple[float, float] | None:
    """The least and the greatest of {value, low, high}; None where nothing is known."""
    numbers = [item[part] for item in items if item for part in ("value", "low", "high") if _known(item[part])]
    return (min(numbers), max(numbers)) if numbers else None


def interval_bar(item: dict[str, Any] | None, span: tuple[float, float] | None, width: int) -> str:
    """`width` signs."""
    if item is None or span is None or not _known(item["value"]):
        return " " * width
    signs = [" "] * width
    if _known(item["low"]) and _known(item["high"]):
        first, last = _place(item["low"], span, width), _place(item["high"], span, width)
        signs[first : last + 1] = "─" * (last + 1 - first)
        signs[first], signs[last] = "├", "┤"
    signs[_place(item["value"], span, width)] = "●"
    return "".join(signs)


def _place(value: float, span: tuple[float, float], width: int) -> int:
    low, high = span
    share = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.5
    return min(width - 1, max(0, round(share * (width - 1))))


def _known(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
