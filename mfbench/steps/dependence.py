"""Partial dependence: the mean answer if every row had this value of a column, all else as it is (Friedman 2001)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from mfbench.flavors.base import Prediction
from mfbench.stats.predicted import Numbers
from mfbench.steps.fitted import Fitted

GRID = 20  # quantiles of a number
VALUES = 12  # most frequent values of a category
TIMES = 10  # quantiles of a date or time, which is shown as text


def dependence(fitted: Fitted, rows: pl.DataFrame, column: pl.Series, names: Sequence[str]) -> dict[str, Any] | None:
    """One item of the part `partial` of explain.json; None where the column has one value only.

    rows: over which the mean is taken; column: of all held-out rows, for the grid and the share of rows near each of
    its values. `of` says what the mean is of: a number, or the probability of a class (of several the one that the
    column moves most). names: of the classes.
    """
    kind, grid, share = _grid(column)
    if len(grid) < 2:
        return None
    wide = pl.concat([rows.with_columns(_constant(column, value, rows.height)) for value in grid])
    mean, of = _mean(fitted.predict(wide), len(grid), names)
    plain = column.dtype.is_numeric() or column.dtype == pl.Boolean
    values = grid.to_list() if plain else grid.cast(pl.String).to_list()
    return {"feature": column.name, "kind": kind, "of": of, "grid": values, "mean": mean, "share": share}


def _constant(column: pl.Series, value: Any, rows: int) -> pl.Series:
    return pl.Series(column.name, [value], dtype=column.dtype).new_from_index(0, rows)


def _grid(column: pl.Series) -> tuple[str, pl.Series, list[float]]:
    """(kind, values of the column's type, the share of rows nearest to each)."""
    known = column.drop_nulls()
    if known.dtype.is_float():
        known = known.filter(known.is_finite())
    if known.dtype.is_numeric() or known.dtype.is_temporal():
        known = known.sort()
        count = GRID if known.dtype.is_numeric() else TIMES
        distinct = known.unique(maintain_order=True)
        places = np.linspace(0, max(len(known) - 1, 0), count).round().astype(int)
        few = len(distinct) <= count
        grid = distinct if few or not len(known) else known.gather(places).unique(maintain_order=True)
        kind = "numeric" if known.dtype.is_numeric() else "categorical"
        return kind, grid, _nearest(known, grid)
    counts = known.value_counts(name="rows").sort("rows", known.name, descending=[True, False]).head(VALUES)
    return "categorical", counts[known.name], (counts["rows"] / max(len(column), 1)).to_list()


def _nearest(known: pl.Series, grid: pl.Series) -> list[float]:
    at, points = (series.to_physical().cast(pl.Float64).to_numpy() for series in (known, grid))
    which = np.searchsorted(points[:-1] + np.diff(points) / 2, at)
    share: list[float] = (np.bincount(which, minlength=len(points)) / max(len(at), 1)).tolist()
    return share


def _mean(answers: Prediction, count: int, names: Sequence[str]) -> tuple[list[float], str]:
    """((grid,) means, what they are of)."""
    if not names:
        return _by_value(answers.values, count).tolist(), "prediction"
    scores = answers.scores if answers.scores is not None else np.eye(len(names))[answers.values.astype(int)]
    word = "probability" if answers.probabilities else "share" if answers.scores is None else "score"
    means = np.stack([_by_value(scores[:, code], count) for code in range(len(names))])
    code = 1 if len(names) == 2 else int(np.ptp(means, axis=1).argmax())
    return means[code].tolist(), f"{word} of {names[code]}"


def _by_value(values: Numbers, count: int) -> Numbers:
    means: Numbers = values.reshape(count, -1).mean(axis=1)
    return means
