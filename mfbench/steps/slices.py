"""How good the model is in parts of the held-out rows: by the values of a column, by the step ahead of a forecast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mfbench.stats.predicted import Predicted
from mfbench.stats.resampling import Bootstrap
from mfbench.steps.judging.groups import MISSING, tidy_zero

LEAST_ROWS = 30  # of a slice of its own; the rows of rarer values are taken together
MOST = 50
RANGES = 5  # parts of a column with more values than MOST, fewer where rows are few
RESAMPLES = 200  # of a slice at most: its interval is to be looked at, not decided on

Rows = NDArray[np.int64]
Slices = list[tuple[str, Rows]]  # (value, positions of its rows)
Measure = Callable[[Rows], dict[str, dict[str, float | None]]]


def slices_of(column: pl.Series) -> Slices:
    """The values of a column: numbers and times in order, in ranges where there are many; texts the largest first."""
    column = tidy_zero(column)
    if column.dtype.is_float():
        column = column.fill_nan(None)
    ordered = column.dtype.is_numeric() or column.dtype.is_temporal()
    many = ordered and column.drop_nulls().n_unique() > MOST
    texts, order = _ranges(column) if many else (column.cast(pl.String), column if ordered else None)
    table = pl.DataFrame({"value": texts, "row": np.arange(len(column)), "order": order})
    found = table.group_by("value", maintain_order=True).agg(pl.col("row"), pl.col("order").min(), rows=pl.len())
    found = found.sort(["order", "rows", "value"] if ordered else ["rows", "value"], nulls_last=True,
                       descending=[False, False, False] if ordered else [True, False])  # fmt: skip
    named = [(MISSING if v is None else v, np.array(r, dtype=np.int64)) for v, r in found.select("value", "row").rows()]
    return _lumped(named)


def _ranges(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """((n,) 'least to greatest' of each row's part, (n,) the part): parts of about equally many rows."""
    known = column.drop_nulls().sort()
    parts = max(2, min(RANGES, len(known) // LEAST_ROWS))
    edges = known.gather([len(known) * part // parts for part in range(1, parts)]).unique().sort()
    at, cuts = (series.to_physical().cast(pl.Float64).to_numpy() for series in (column, edges))
    part = pl.Series(np.searchsorted(cuts, at, side="right")).set(column.is_null(), None)
    table = pl.DataFrame({"value": column, "part": part})
    spans = table.group_by("part").agg(pl.col("value").min().alias("low"), pl.col("value").max().alias("high"))
    names = {p: f"{_shown(low)} to {_shown(high)}" for p, low, high in spans.rows() if p is not None}
    return part.replace_strict(names, default=None, return_dtype=pl.String), part


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _lumped(named: Slices) -> Slices:
    """Slices with too few rows, and those beyond MOST, as one."""
    largest = sorted(named, key=lambda item: -len(item[1]))[:MOST]
    kept = {value for value, rows in largest if len(rows) >= LEAST_ROWS}
    rest = [rows for value, rows in named if value not in kept]
    if len(rest) < 2:
        return named
    other = (f"other ({len(rest):,} values)", np.sort(np.concatenate(rest)))
    return [*((value, rows) for value, rows in named if value in kept), other]


def by_slice(slices: Slices, measure: Measure) -> list[dict[str, Any]]:
    """The part `slices` of evaluation.json for one column."""
    return [{"value": value, "rows": len(rows), "metrics": measure(rows)} for value, rows in slices]


def by_horizon(horizons: pl.Series, measure: Measure) -> list[dict[str, Any]]:
    """The part `horizons` of evaluation.json: one for each number of steps ahead."""
    ahead = horizons.to_numpy()
    parts = [(int(step), np.flatnonzero(ahead == step)) for step in np.unique(ahead)]
    return [{"horizon": step, "rows": len(rows), "metrics": measure(rows)} for step, rows in parts]


def measuring(
    names: Sequence[str], predicted: Predicted, units: NDArray[Any], confidence: float, resamples: int, seed: int
) -> Measure:
    """The metrics of some rows with their intervals; None where these rows give no figure, as with one class."""
    resamples = min(resamples, RESAMPLES)

    def measure(rows: Rows) -> dict[str, dict[str, float | None]]:
        part = predicted.take(rows)
        able = [name for name in names if not _one_sided(name, part)]
        boot = Bootstrap(units[rows], resamples=resamples, seed=seed)
        found = boot.intervals(able, part, confidence) if able else {}
        told: dict[str, dict[str, float | None]] = {}
        for name in names:
            each = found.get(name)
            known = each is not None and bool(np.isfinite(each.value))
            told[name] = {key: getattr(each, key) if known else None for key in ("value", "low", "high")}
        return told

    return measure


ONE_CLASS = ("roc_auc", "average_precision", "balanced_accuracy", "mcc", "f1", "recall", "precision")


def _one_sided(name: str, part: Predicted) -> bool:
    """Whether the metric compares classes, and there is only one."""
    return name in ONE_CLASS and (part.target == part.target[0]).all()
