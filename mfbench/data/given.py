"""A test that is given as files of its own: both tables as one, each row marked by where it came from."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from mfbench.core.errors import FitError
from mfbench.core.text import did_you_mean
from mfbench.data.complaints import kind_of
from mfbench.data.split import GIVEN
from mfbench.data.table import read_table
from mfbench.recipe.schema import Csv

SPLIT_KEY = ("data", "split", "source")


def read_given(files: list[Path], given: list[Path], kind: str, csv: Csv) -> pl.DataFrame:
    """The rows of `files`, then those of `given`, with GIVEN (bool) telling them apart.

    kind: as for read_table. Raises FitError where the two do not have the same columns of the same types.
    """
    twice = next((file for file in given if file.resolve() in {other.resolve() for other in files}), None)
    if twice is not None:
        told = f"{twice.name} is both in data.source and in split.source: the test would be rows that were learned from"
        raise FitError(SPLIT_KEY, told, "name other files")
    train = read_table(files, kind, csv)
    try:
        test = read_table(given, kind, csv)
    except FitError as error:  # it names data.source
        raise FitError(SPLIT_KEY, error.message, error.hint) from None
    if GIVEN in train.columns:
        raise FitError(("data", "source"), f"the data has a column {GIVEN!r}, a name that mfbench needs")
    for name in train.columns:
        if name not in test.columns:
            told = f"split.source has no column {name!r}, which data.source has"
            raise FitError(SPLIT_KEY, told, did_you_mean(name, set(test.columns) - set(train.columns)))
    for name in test.columns:
        if name not in train.columns:
            raise FitError(SPLIT_KEY, f"split.source has a column {name!r} that data.source does not have")
    pairs = [_alike(train[name], test[name]) for name in train.columns]
    parts = [pl.DataFrame([pair[side] for pair in pairs]) for side in (0, 1)]
    marks = [part.with_columns(pl.lit(value).alias(GIVEN)) for part, value in zip(parts, (False, True), strict=True)]
    return pl.concat(marks, how="vertical_relaxed")


def _alike(learned: pl.Series, held: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Both columns, where they are of one kind; one that has no value at all takes the type of the other."""
    known, found = learned.dtype, held.dtype
    if held.null_count() == len(held):
        return learned, held.cast(known, strict=False)
    if learned.null_count() == len(learned):
        return learned.cast(found, strict=False), held
    times = (pl.Date, pl.Datetime)
    same = known == found or (known.is_numeric() and found.is_numeric())
    same |= isinstance(known, times) and isinstance(found, times) and _zone(known) == _zone(found)
    if same:
        return learned, held
    told = f"{held.name!r} is {kind_of(known)} in data.source and {kind_of(found)} in split.source"
    odd = held.drop_nulls()
    if found == pl.String:
        odd = odd.filter(odd.cast(known, strict=False).is_null()) if known.is_numeric() else odd
    example = f", for example {odd[0]!r}" if len(odd) and found == pl.String else ""
    raise FitError(SPLIT_KEY, told + example, "make the column the same in both")


def _zone(dtype: pl.DataType) -> str | None:
    return getattr(dtype, "time_zone", None)
