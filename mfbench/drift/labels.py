"""What the bars of a column are called: '≤ 12', '12 to 30', 'EWR', '17 others', 'other'."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from mfbench.drift.profile import FEW, Column

OTHER = "other"


def bar_labels(column: Column) -> list[str]:
    """One for each bar. Values stand as they are: whoever prints them takes care of what they hold."""
    bars = list(column.bars) or list(range(len(column.counts)))
    last = [*(first - 1 for first in bars[1:]), len(column.counts) - 1]
    if column.kind == "numeric":
        return _numeric(column, last)
    pairs = zip(bars, last, strict=True)
    return [_group(column, first, end) for first, end in pairs]


def short(values: Sequence[float]) -> list[str]:
    """Numbers with so few digits that they can still be told apart."""
    for digits in (3, 4, 5, 6, 8, 12, 17):
        texts = [_digits(value, digits) for value in values]
        if len(set(texts)) == len(set(values)):
            break
    return texts


def _numeric(column: Column, last: list[int]) -> list[str]:
    if not column.edges:
        return ["all"] * len(last)
    if column.distinct <= FEW:  # an edge, and a bar, for each value
        return short(column.edges)[: len(last)]
    tops = short([column.edges[end] for end in last[:-1]])
    if not tops:
        return ["all"]
    first = tops[0] if column.low == column.edges[last[0]] else f"≤ {tops[0]}"
    middle = [f"{low} to {high}" for low, high in pairwise(tops)]
    return [first, *middle, f"> {tops[-1]}"]


def _group(column: Column, first: int, end: int) -> str:
    if end >= len(column.values):
        return OTHER
    return column.values[first] if first == end else f"{end - first + 1} others"


def _digits(value: float, digits: int) -> str:
    if value == 0 or 1e-4 <= abs(value) < 1e9:
        whole = abs(value) >= 10**digits
        text = np.format_float_positional(value, precision=0 if whole else digits, fractional=whole, trim="-")
        return "0" if text in ("-0", "") else text
    return f"{value:.{digits}g}"
