"""What is independent of its like: the unit that a bootstrap draws, and that a split keeps on one side.

Rows of one day, shop or patient are alike. Intervals that take them for independent rows are too narrow, so the
unit is declared (`data.split.unit`), or follows from how the rows were split.
"""

from __future__ import annotations

import polars as pl

from mfbench.core.errors import FitError
from mfbench.core.text import did_you_mean, plural
from mfbench.data.complaints import kind_of
from mfbench.recipe.schema import Split

ROW = "row"
ORIGIN = "__origin__"  # of an expanded forecasting table: when the forecast was made
PERIODS = {"hour": "1h", "day": "1d", "week": "1w", "month": "1mo"}
KEY = ("data", "split", "unit")


def unit_column(frame: pl.DataFrame, split: Split) -> tuple[str, pl.Series]:
    """(the unit's name, its value for each of the n rows): 'row', a period of the time, or a column's name.

    Undeclared it is the group where rows are split by group, the day (in UTC; of the forecast's origin, where there is
    one) where they are split by time, else the row. Raises FitError for a unit that the rows do not have.
    """
    name = split.unit or split.group or ("day" if split.by else ROW)
    if name == ROW:
        return ROW, pl.Series(ROW, range(frame.height), dtype=pl.Int64)
    if name in PERIODS and split.by is not None:
        return name, _period(frame, name, split.by)
    return name, known_values(frame, name, KEY if split.unit else (*KEY[:-1], "group"))


def known_values(frame: pl.DataFrame, name: str, key: tuple[str, ...]) -> pl.Series:
    """A column that says for every row which unit or group it belongs to. Raises FitError where it does not."""
    if name not in frame.columns:
        words = [ROW, *PERIODS] if key == KEY else []
        raise FitError(key, f"there is no column {name!r}", did_you_mean(name, [*frame.columns, *words]))
    values = frame[name]
    if values.dtype.is_nested():
        raise FitError(key, f"{name!r} is {kind_of(values.dtype)}: its values cannot tell rows apart")
    unknown = values.null_count() + (int(values.is_nan().sum()) if values.dtype.is_float() else 0)
    if unknown:
        told = f"{name!r} is null in {plural(unknown, 'row')}: it is not known with which rows they belong together"
        raise FitError(key, told, "fill it, or drop these rows from the data")
    return values


def _period(frame: pl.DataFrame, period: str, by: str) -> pl.Series:
    column = ORIGIN if ORIGIN in frame.columns else by
    if column not in frame.columns:
        raise FitError((*KEY[:-1], "by"), f"there is no column {by!r}", did_you_mean(by, frame.columns))
    times = frame[column]
    if not isinstance(times.dtype, pl.Date | pl.Datetime):
        raise FitError(KEY, f"unit = {period!r} is a part of a time; {by!r} is {kind_of(times.dtype)}")
    if times.dtype == pl.Date and period == "hour":
        raise FitError(KEY, f"unit = 'hour': {by!r} holds dates, which have no hour", 'set unit = "day"')
    return times.dt.truncate(PERIODS[period]).alias(period)
