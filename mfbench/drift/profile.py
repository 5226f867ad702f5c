"""What the reference looks like, column by column: cells with counts, made once and kept in the bundle.

A numeric column is cut into up to CELLS cells at values of the reference, so that a window is compared by counting into
them: one pass, whatever its size. No row stands in here as a whole; private columns have no entry.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from mfbench.core.structs import make_ready

CELLS = 256  # of a numeric column
BARS = 10  # coarse groups of cells: chi-square, PSI, Jensen-Shannon, pictures
FEW = 32  # numbers with no more distinct values have a cell, and a bar, for each
VALUES = 100  # most frequent values of a column of categories; the rest is one cell, "other"
FORMAT = 1

Role = Literal["input", "derived", "prediction", "label"]
Kind = Literal["numeric", "values", "described"]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of the reference, or a summary of one (`of`: 'text', its characters and words).

    kind: 'numeric' has `edges` (rising; cell i holds edges[i-1] < x <= edges[i], the last what is above the last edge:
    there are len(edges) + 1 cells); 'values' has `values` as text and one cell each, then one for all others;
    'described' is told of and never tested (moments of time, nested values): no cells.
    counts: (cells,) rows of the reference; bars: (bars,) the first cell of each bar, from 0 on, rising.
    nulls: rows without a value (null, NaN). distinct: different values.
    part: of the reference's units, those that `counts` and `nulls` count; less than 1 where the others chose the bars.
    icc, icc_nulls: how alike rows of one unit are (intra-unit correlation, 0: as rows of different units), of the
    groups and of the nulls. groups: (groups,) the first cell of each of at most ten groups of cells, and within:
    (groups, groups) the covariance of two rows of one unit; empty where every row is its own unit.
    numeric only: mean, sd, low, high (least and greatest finite value); of a described moment low and high are
    microseconds since 1970, UTC.
    """

    name: str
    role: Role
    kind: Kind
    dtype: str
    of: str | None = None
    edges: tuple[float, ...] = ()
    values: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    bars: tuple[int, ...] = ()
    nulls: int = 0
    distinct: int = 0
    part: float = 1.0
    icc: float = 0.0
    icc_nulls: float = 0.0
    groups: tuple[int, ...] = ()
    within: tuple[tuple[float, ...], ...] = ()
    mean: float | None = None
    sd: float | None = None
    low: float | None = None
    high: float | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """reference.json of a bundle. rows: all held-out rows, those that `counts` count; unit: what is independent of its
    like ('row', 'day', a column …), units: how many; private: columns of the model that are left out."""

    format: int = FORMAT
    task: str
    classes: tuple[Any, ...] = ()
    rows: int
    unit: str = "row"
    units: int
    columns: tuple[Column, ...]
    private: tuple[str, ...] = ()


make_ready(Profile)
