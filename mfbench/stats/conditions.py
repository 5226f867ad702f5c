"""The conditions of which segments are made: `origin = EWR`, `hour < 9`, `9 <= hour < 12`, `wind is missing`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

CUTS = 10  # equal parts of a numeric column
VALUES = 30  # most frequent values of a categorical one
FEW = 24  # numbers (hours of the day, months) with no more distinct values are also looked at one by one
_LONGEST = 40


@dataclass(frozen=True)
class Condition:
    """column: its position in the frame; where: for people; holds: of the frame that `plain` gives."""

    column: int
    where: str
    holds: pl.Expr


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The same columns under safe names, NaN as null: Polars reads a name such as '^.*$' as a pattern."""
    columns = [
        (series.fill_nan(None) if series.dtype.is_float() else series).alias(f"c{i}") for i, series in enumerate(frame)
    ]
    return pl.DataFrame(columns)


def masks(frame: pl.DataFrame, conditions: list[Condition]) -> NDArray[np.bool_]:
    """(k, n) whether each condition holds in each row of a plain frame; never where the value is missing."""
    found = frame.select(condition.holds.fill_null(False).alias(str(i)) for i, condition in enumerate(conditions))
    return np.stack([column.to_numpy() for column in found]) if conditions else np.zeros((0, frame.height), bool)


def conditions_of(series: pl.Series, name: str, column: int, min_rows: int) -> list[Condition]:
    """The conditions on one column of a plain frame that hold in about `min_rows` rows or more."""
    dtype, at, shown = series.dtype, pl.col(series.name), _shown(name)
    found: list[tuple[str, pl.Expr]] = []
    if dtype.is_nested() or dtype in (pl.Object, pl.Binary, pl.Null):
        return []
    if series.null_count() >= min_rows:
        found.append((f"{shown} is missing", at.is_null()))
    known = series.drop_nulls()
    if dtype.is_numeric() or dtype.is_temporal():
        found.extend(_ranges(known.sort(), at, shown))
    else:
        counts = known.cast(pl.String).value_counts(name="rows").filter(pl.col("rows") >= min_rows)
        frequent = counts.sort(["rows", series.name], descending=[True, False]).head(VALUES)[series.name]
        found.extend((f"{shown} = {_shown(value)}", at.cast(pl.String) == value) for value in frequent)
    return [Condition(column, where, holds) for where, holds in found]


def _ranges(known: pl.Series, at: pl.Expr, name: str) -> Iterator[tuple[str, pl.Expr]]:
    """From rising values: below a cut, from a cut upwards, between two; single ones where there are few."""
    distinct = known.unique(maintain_order=True)
    if len(distinct) < 2:
        return
    few = len(distinct) <= FEW
    cuts = distinct[1:].to_list() if few else _cuts(known)
    for cut in cuts:
        yield f"{name} < {_shown(cut)}", at < cut
        yield f"{name} >= {_shown(cut)}", at >= cut
    if few:
        yield from ((f"{name} = {_shown(value)}", at == value) for value in distinct)
    else:
        for low, high in pairwise(cuts):
            yield f"{_shown(low)} <= {name} < {_shown(high)}", (at >= low) & (at < high)


def _cuts(known: pl.Series) -> list[Any]:
    """Rising values that cut the column in about equal parts; floats short enough to be shown as they are."""
    found = [known[len(known) * i // CUTS] for i in range(1, CUTS)]
    if known.dtype.is_float() or known.dtype.is_decimal():
        found = [float(f"{value:.4g}") for value in found]
    return [value for value in sorted(set(found)) if value > known[0]]


def _shown(value: Any) -> str:
    """A name or value of the user's data on one line."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    text = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text[: _LONGEST + 1])
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
