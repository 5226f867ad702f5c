"""The segments of the rows that a gate speaks of: a column's values, each with its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mfbench.core.errors import FitError
from mfbench.core.text import did_you_mean
from mfbench.data.complaints import kind_of
from mfbench.data.expressions import evaluate
from mfbench.data.target import TARGET
from mfbench.recipe.schema import Feature

Groups = Sequence[tuple[str, NDArray[np.int64]]]  # (value, positions of its rows)
MOST = 50  # segments; the rows of the others are taken together
MISSING = "(missing)"


def group_column(
    frame: pl.DataFrame, name: str, features: Mapping[str, Feature], key: tuple[str | int, ...]
) -> pl.Series:
    """A column of the data, or a derived feature, as text. Raises FitError at `key` where there is none."""
    return tidy_zero(segment_column(frame, name, features, key)).cast(pl.String).fill_null(MISSING)


def tidy_zero(column: pl.Series) -> pl.Series:
    """-0.0 as 0.0, which it equals: as texts they would be two values."""
    return column.set((column == 0).fill_null(False), 0.0) if column.dtype.is_float() else column


def segment_column(
    frame: pl.DataFrame, name: str, features: Mapping[str, Feature], key: tuple[str | int, ...]
) -> pl.Series:
    """The same in its own type."""
    if name in frame.columns and name != TARGET:
        column = frame[name]
    elif name in features and (expr := features[name].expr) is not None:
        try:
            column = evaluate(frame, expr)
        except ValueError as error:
            raise FitError(key, f"the feature {name!r} cannot be computed: {error}") from None
    else:
        known = [column for column in frame.columns if not column.startswith("__")]
        raise FitError(key, f"there is no column {name!r}", did_you_mean(name, [*known, *features]))
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Duration, pl.Object):
        raise FitError(key, f"{name!r} is {kind_of(column.dtype)}: its values make no segments")
    return column


def groups(column: pl.Series) -> Groups:
    """One for each value, the largest first; beyond MOST values the small ones are one group."""
    counts = column.value_counts().sort("count", column.name, descending=[True, False])
    named, sizes = counts[column.name].to_list(), counts["count"].to_list()
    codes = column.replace_strict(named, list(range(len(named))), return_dtype=pl.Int64).to_numpy()
    rows = np.split(np.argsort(codes, kind="stable"), np.cumsum(sizes)[:-1])
    if len(named) > MOST:
        rows = [*rows[:MOST], np.sort(np.concatenate(rows[MOST:]))]
        named = [*named[:MOST], f"other ({len(named) - MOST} values)"]
    return list(zip(named, rows, strict=True))
