"""The model's answers in a sample, as the metrics want them, with the label where it is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mfbench.drift.profile import Profile
from mfbench.drift.seen import LABEL, TIME, UNIT
from mfbench.stats.predicted import Numbers, Predicted


@dataclass(frozen=True)
class Answered:
    """Rows with an answer. target: nan where the label is not known; rows: (n,) their positions in the sample;
    units: (n,) codes; clustered: whether a unit holds more than one row; gives: the most that an answer holds."""

    predicted: Predicted
    rows: NDArray[np.intp]
    units: NDArray[np.intp]
    clustered: bool
    gives: str

    @property
    def labelled(self) -> NDArray[np.bool_]:
        return np.isfinite(self.predicted.target)

    @property
    def count(self) -> int:
        """Of units."""
        return int(self.units.max(initial=-1)) + 1

    def take(self, which: NDArray[Any]) -> Answered:
        rows = np.flatnonzero(which) if which.dtype == bool else which
        units = np.unique(self.units[rows], return_inverse=True)[1].astype(np.intp)
        return replace(self, predicted=self.predicted.take(rows), rows=self.rows[rows], units=units)


def classes_of(profile: Profile, sample: pl.DataFrame) -> tuple[Any, ...]:
    """The classes by code; where none are declared, those of the reference's rows."""
    if profile.classes or profile.task != "classification":
        return profile.classes
    there = [sample[name].drop_nulls() for name in ("__prediction__", LABEL) if name in sample.columns]
    return tuple(sorted(set().union(*(series.unique().to_list() for series in there)), key=lambda each: str(each)))


def answered(sample: pl.DataFrame, task: str, classes: Sequence[Any]) -> Answered | None:
    """None where the sample holds no answers at all. Rows without an answer, or with a class that is none, are out."""
    if "__prediction__" not in sample.columns:
        return None
    of_classes = task == "classification"
    values = _codes(sample["__prediction__"], classes) if of_classes else _numbers(sample, "__prediction__")
    target = np.full(sample.height, np.nan)
    if LABEL in sample.columns:
        target = _codes(sample[LABEL], classes) if of_classes else _numbers(sample, LABEL)
    scores, gives = _scores(sample, classes) if of_classes else (None, "values")
    low, high = (_numbers(sample, name) if name in sample.columns else None for name in ("__low__", "__high__"))
    if not of_classes and low is not None and high is not None:
        gives = "intervals"
    usable = np.isfinite(values)
    for part in (scores, low, high):
        if part is not None:
            usable &= np.isfinite(part).all(axis=1) if part.ndim == 2 else np.isfinite(part)
    rows = np.flatnonzero(usable)
    if not len(rows):
        return None
    known = UNIT in sample.columns and sample[UNIT].null_count() < sample.height
    units = sample[UNIT].fill_null(-1).to_numpy()[rows] if known else rows
    codes = np.unique(units, return_inverse=True)[1].astype(np.intp)
    predicted = Predicted(target, values, scores, None, low, high).take(rows)
    return Answered(predicted, rows, codes, bool(codes.max() + 1 < len(codes)), gives)


def in_time(sample: pl.DataFrame, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.int64] | None]:
    """(positions among `rows` in order of time, their moments); as they stand where there is no time."""
    if TIME not in sample.columns or sample[TIME].null_count():
        return np.arange(len(rows)), None
    moments = sample[TIME].dt.epoch("us").to_numpy()[rows].astype(np.int64)
    order = np.argsort(moments, kind="stable")
    return order, moments[order]


def _codes(series: pl.Series, classes: Sequence[Any]) -> Numbers:
    known = pl.Series(list(classes), strict=False)
    words = series.cast(known.dtype, strict=False).cast(pl.String)
    names = known.cast(pl.String).to_list()
    codes = words.replace_strict(names, list(range(len(names))), default=None, return_dtype=pl.Float64)
    return codes.to_numpy().astype(np.float64)


def _numbers(sample: pl.DataFrame, name: str) -> Numbers:
    return sample[name].cast(pl.Float64, strict=False).to_numpy().astype(np.float64)


def _scores(sample: pl.DataFrame, classes: Sequence[Any]) -> tuple[Numbers | None, str]:
    """((n, k), 'probabilities' or 'scores'); (None, 'classes') where a model gives neither."""
    for word, gives in (("probability", "probabilities"), ("score", "scores")):
        if len(classes) == 2 and f"__{word}__" in sample.columns:
            positive = _numbers(sample, f"__{word}__")
            return np.column_stack([1 - positive if word == "probability" else -positive, positive]), gives
        names = [f"__{word}_{each}__" for each in classes]
        if len(classes) > 2 and set(names) <= set(sample.columns):
            return np.column_stack([_numbers(sample, name) for name in names]), gives
    return None, "classes"
