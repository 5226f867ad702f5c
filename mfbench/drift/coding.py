"""The reference's sample as cells: what `replay` draws from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from msgspec.structs import replace
from numpy.typing import NDArray

from mfbench.data.units import PERIODS
from mfbench.drift.clusters import correlation, dense, with_likeness
from mfbench.drift.cutting import Cutter
from mfbench.drift.kinds import ANSWERS, as_moments, readable, source_of
from mfbench.drift.profile import Column, Profile
from mfbench.drift.replay import Coded
from mfbench.drift.seen import TIME, UNIT
from mfbench.drift.shifts import Rows

if TYPE_CHECKING:
    from mfbench.drift.reference import Reference


def coded_sample(reference: Reference) -> Coded:
    """Inputs, derived columns, answers and labels of the sample, in the cells of the profile. Columns that are never
    tested are left out, and those that the sample does not have."""
    sample, inputs = reference.sample, reference.columns_of(reference.sample)
    kept: list[tuple[Column, NDArray[np.int64], NDArray[np.generic]]] = []
    for column in reference.profile.columns:
        frame = sample if column.role in ANSWERS else inputs
        if column.kind != "described" and source_of(column) in frame.columns:
            kept.append((replace(column, part=1.0), *_coded(column, frame[source_of(column)])))
    profile = replace(reference.profile, columns=tuple(column for column, _, _ in kept))
    codes = np.empty((sample.height, len(kept)), dtype=np.int32)
    for j, (_, cells, _) in enumerate(kept):
        codes[:, j] = cells
    return Coded(profile, codes, [values for _, _, values in kept], _units(profile, sample), _order(profile, sample))


def grouped(coded: Coded, sample: pl.DataFrame, unit: str) -> Coded | None:
    """The same, had the period 'day' or 'week' been declared as the unit; None where it has no more rows than those of
    the unit that is, or only one."""
    if TIME not in sample.columns:
        return None
    times = as_moments(sample[TIME]).dt.truncate(PERIODS[unit])
    codes, units = dense(times.rank("dense").fill_null(0).to_numpy())
    if not 2 <= units < coded.all_units:
        return None
    columns = [_alike(column, coded.cell_of(j), codes, units) for j, column in enumerate(coded.profile.columns)]
    profile = replace(coded.profile, columns=tuple(columns), unit=unit, units=units)
    return coded.regrouped(profile, codes)


def _alike(column: Column, cells: Rows, units: Rows, count: int) -> Column:
    known = cells < len(column.counts)
    nulls = 0.0 if column.role in ANSWERS else correlation(known.astype(np.int8), units, count)
    return with_likeness(replace(column, icc_nulls=nulls), cells[known], units[known])


def _coded(column: Column, series: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.generic]]:
    """((n,) cells, the one after the last where there is none; (n,) numbers or cells, by which rows are ordered)."""
    values, missing = readable(column, series), len(column.counts)
    if column.kind == "values":
        places = pl.Series(range(len(column.values)), dtype=pl.Int64)
        known = pl.Series(column.values, dtype=pl.String)
        cells = values.replace_strict(known, places, default=len(column.values), return_dtype=pl.Int64)
        codes = cells.set(values.is_null(), missing).to_numpy()
        return codes, codes
    numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    there = ~np.isnan(numbers)
    codes = np.full(len(numbers), missing, dtype=np.int64)
    codes[there] = Cutter(np.asarray(column.edges, dtype=np.float64)).codes(numbers[there])
    return codes, numbers


def _units(profile: Profile, sample: pl.DataFrame) -> Rows | None:
    if profile.unit == "row" or UNIT not in sample.columns:
        return None
    return dense(sample[UNIT].to_numpy())[0]


def _order(profile: Profile, sample: pl.DataFrame) -> Rows | None:
    """Rows in time; where there is none, units may still stand one after another. None: their order says nothing."""
    if TIME in sample.columns and sample[TIME].n_unique() > 1:
        return sample[TIME].arg_sort(nulls_last=True).to_numpy().astype(np.int64)
    return None if profile.unit == "row" else np.arange(sample.height)
