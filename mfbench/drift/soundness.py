"""Whether a reference that came with a bundle can be one: a bundle may be anybody's, whatever its digest."""

from __future__ import annotations

from itertools import pairwise
from math import isfinite

import polars as pl

from mfbench.drift.profile import CELLS, Column, Profile
from mfbench.drift.seen import LABEL

MOST = 2**53  # rows


def flaw(profile: Profile, sample: pl.DataFrame) -> str:
    """What is wrong with them, in words; nothing where they can be worked with."""
    names = [column.name for column in profile.columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        return f"the column {twice!r} is described twice"
    if not 0 <= profile.rows <= MOST or not 0 <= profile.units <= profile.rows:
        return f"{profile.rows} rows of {profile.units} units"
    if not all(isinstance(each, str | int | float) for each in profile.classes):
        return "a class that is neither text nor number"
    for column in profile.columns:
        if wrong := _of_column(column):
            return f"the column {column.name!r} has {wrong}"
    answers = [name for name in ("__prediction__", LABEL) if name in sample.columns]
    nested = next((name for name in answers if sample.schema[name].is_nested()), None)
    return f"{nested} is nested" if nested is not None else ""


def _of_column(column: Column) -> str:
    cells = {"numeric": len(column.edges), "values": len(column.values), "described": -1}[column.kind] + 1
    edges = (*column.edges, float("inf"))
    if len(column.counts) != cells or cells > 2 * CELLS:
        return f"{len(column.counts)} counts of {cells} cells"
    if min((*column.counts, column.nulls, column.distinct)) < 0 or sum(column.counts) + column.nulls > MOST:
        return "impossible counts"
    if not all(low < high for low, high in pairwise(edges)) or not all(map(isfinite, column.edges)):
        return "edges that do not rise"
    if (cells and column.kind == "numeric" and not column.bars) or not _begins(column.bars, cells):
        return "bars that are no groups of its cells"
    k = len(column.groups)
    square = len(column.within) == k and all(len(row) == k and all(map(isfinite, row)) for row in column.within)
    if not _begins(column.groups, cells) or not square:
        return "no covariance of its groups"
    return "" if 0 <= column.icc <= 1 and 0 <= column.icc_nulls <= 1 and 0 < column.part <= 1 else "impossible shares"


def _begins(starts: tuple[int, ...], cells: int) -> bool:
    """Whether these are the first cells of groups that hold all cells."""
    rising = all(low < high for low, high in pairwise(starts))
    return not starts or (starts[0] == 0 and rising and starts[-1] < cells)
