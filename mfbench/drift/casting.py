"""Rows in the types that a model was trained with, as far as their values allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from mfbench.bundle.model import dtype_name
from mfbench.core.errors import UsageError
from mfbench.drift.kinds import as_moments, as_numbers, as_texts


def conformed(frame: pl.DataFrame, types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The columns of `types` that are there, cast; what cannot be is null. Other columns stay as they are."""
    return frame.with_columns(
        cast(frame.get_column(name), dtype).alias(name) for name, dtype in types.items() if name in frame.columns
    )


def cast(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """(n,) of the type; numbers that are not whole stay floats, for 3.5 is not the integer 3."""
    if values.dtype == dtype:
        return values
    if dtype.is_numeric():
        numbers = as_numbers(values)
        broken = dtype.is_integer() and numbers.dtype.is_float()
        if broken:
            numbers = numbers.fill_nan(None)
            if not (numbers.is_null() | (numbers == numbers.round())).all():
                return numbers
        return numbers.cast(dtype, strict=False)
    if dtype in (pl.String, pl.Boolean):
        texts = as_texts(values, dtype_name(dtype))
        if dtype == pl.String:
            return texts
        return texts.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    if isinstance(dtype, pl.Date | pl.Datetime):
        moments = as_moments(values)
        if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
            return moments.cast(dtype)
        return moments.dt.replace_time_zone(None).cast(dtype)
    try:
        return values.cast(dtype, strict=False)
    except PolarsError:
        return pl.Series(values.name, [None] * len(values), dtype=dtype)


def as_labels(values: pl.Series, classes: Sequence[Any], where: str) -> pl.Series:
    """(n,) labels as the training data had them: classes of their type, or numbers; null where none is known. Raises
    UsageError for one that is no class, or no number."""
    if classes:
        named = pl.Series(list(classes))
        name = dtype_name(named.dtype)
        texts, known = as_texts(values, name), as_texts(named, name)
        odd = (texts.is_not_null() & ~texts.is_in(known.to_list())) | (texts.is_null() & _there(values))
        if odd.any():
            shown = ", ".join(repr(each) for each in list(classes)[:10]) + (" …" if len(classes) > 10 else "")
            told = f"{where}: {values.filter(odd)[0]!r} is no class of the model"
            raise UsageError(told, hint=f"its classes are {shown}")
        return texts.replace_strict(known, named, default=None, return_dtype=named.dtype)
    numbers = as_numbers(values).cast(pl.Float64).fill_nan(None)
    odd = numbers.is_null() & _there(values)
    if odd.any():
        raise UsageError(f"{where}: a label is a number here, found {values.filter(odd)[0]!r}")
    return numbers


def _there(values: pl.Series) -> pl.Series:
    """Whether a value stands there; an empty text is none."""
    there = values.is_not_null()
    if values.dtype == pl.String:
        there &= values.str.strip_chars() != ""
    return there & values.is_not_nan() if values.dtype.is_float() else there
