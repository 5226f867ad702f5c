"""Which rows are for training, which for the test, and which are left out between the two.

At random, whole groups at random, the last in time, or the rows of given files. Of forecasts (one row for each origin
and step) those made from the border on are the test, and those whose outcome was known before it are for training.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from mfbench.core.errors import FitError
from mfbench.core.text import did_you_mean, parse_duration, plural
from mfbench.data.complaints import kind_of
from mfbench.data.target import TARGET
from mfbench.data.units import ORIGIN, known_values
from mfbench.recipe.schema import Split

PART = "part"
GIVEN = "__given__"  # of a table of several sources: whether the row is from the files of the test
KEY = ("data", "split")


def split_rows(frame: pl.DataFrame, split: Split, task: str, seed: int) -> pl.Series:
    """'train', 'test' or 'gap' for each row. Raises FitError where a part has no rows, or a class is missing."""
    parts = _parts(frame, split, task, seed)
    classes = frame[TARGET].n_unique()
    for part, purpose in (("train", "to learn from"), ("test", "to test with")):
        rows = frame[TARGET].filter(parts == part)
        if len(rows) == 0:
            option = "gap" if part == "train" and split.gap else "source" if split.source else "test"
            raise FitError((*KEY, option), f"this split leaves no rows {purpose}: {_span(frame, split)}")
        if task != "classification":
            continue
        found = rows.n_unique()
        if found < 2 or (part == "train" and found < classes):
            told = f"the {part} part has {plural(len(rows), 'row')} and only {found} of the {classes} classes"
            hint = "hold out other rows, or merge or drop the classes that are missing there"
            raise FitError((*KEY, "source" if split.source else "test"), told, hint)
    return parts


def _parts(frame: pl.DataFrame, split: Split, task: str, seed: int) -> pl.Series:
    if split.source is not None:
        return _named(frame[GIVEN], ~frame[GIVEN])
    if split.by is not None:
        return _by_time(frame, split)
    return _random(frame, split, task, seed) if split.group is None else _by_group(frame, split, seed)


def _named(test: pl.Series, train: pl.Series) -> pl.Series:
    """The part of each row from two masks; what is in neither is the gap."""
    chosen = pl.when("test").then(pl.lit("test")).when("train").then(pl.lit("train")).otherwise(pl.lit("gap"))
    return pl.DataFrame({"test": test, "train": train}).select(chosen.alias(PART)).to_series()


def _span(frame: pl.DataFrame, split: Split) -> str:
    """What there is to split, and how it should be."""
    if split.source is not None:
        given = int(frame[GIVEN].sum())
        return f"data.source has {plural(frame.height - given, 'row')} with a target, split.source {given:,}"
    asked = f"test = {split.test!r}" + (f", gap = {split.gap!r}" if split.gap else "")
    if split.by is None:
        return f"{plural(frame.height, 'row')} in all, {asked}"
    times = frame[split.by]
    return f"{plural(frame.height, 'row')} from {times.min()!s} to {times.max()!s}, {asked}"


def _random(frame: pl.DataFrame, split: Split, task: str, seed: int) -> pl.Series:
    import numpy as np
    from sklearn.model_selection import train_test_split

    share, target = float(split.test), frame[TARGET].to_numpy()
    stratified = split.stratify if split.stratify is not None else task == "classification"
    rows = np.arange(frame.height)
    if stratified and split.stratify is None:
        # A class of one row can only be learned from, not tested; where strata are asked for, it is an error.
        _, code, count = np.unique(target, return_inverse=True, return_counts=True)
        rows = rows[count[code] > 1]
    if round(len(rows) * share) < 1 or round(len(rows) * (1 - share)) < 1:
        raise FitError((*KEY, "test"), f"this split leaves a part without rows: {_span(frame, split)}")
    strata = target[rows] if stratified else None
    try:
        _, test = train_test_split(rows, test_size=share, random_state=seed, stratify=strata)
    except ValueError:
        rarest = int(np.unique(target, return_counts=True)[1].min())
        told = f"{plural(frame.height, 'row')} cannot be split so that each class is in both parts"
        hint = (
            f"the rarest class has {plural(rarest, 'row')}: hold out a larger share, drop it, or set stratify = false"
        )
        raise FitError((*KEY, "stratify" if split.stratify else "test"), told, hint) from None
    mask = np.zeros(frame.height, dtype=bool)
    mask[test] = True
    return pl.Series(PART, np.where(mask, "test", "train"))


def _by_group(frame: pl.DataFrame, split: Split, seed: int) -> pl.Series:
    """Whole groups in random order, each taken that brings the test nearer to its share of the rows."""
    import numpy as np

    groups = known_values(frame, str(split.group), (*KEY, "group"))
    sizes = groups.value_counts(sort=False).sort(groups.name)
    if sizes.height < 2:
        told = f"{split.group!r} has {plural(sizes.height, 'value')}: whole groups are held out, so two at least"
        raise FitError((*KEY, "group"), told, "name another column, or take `group` out")
    wanted, filled, taken = frame.height * float(split.test), 0, []
    for index in np.random.default_rng(seed).permutation(sizes.height).tolist():
        size = int(sizes["count"][index])
        if abs(filled + size - wanted) < abs(filled - wanted):
            filled += size
            taken.append(index)
    taken = taken[: sizes.height - 1] or [int(sizes["count"].arg_min() or 0)]
    held = sizes[groups.name].gather(taken)
    test = groups.is_in(held.implode())
    return _named(test, ~test)


def _by_time(frame: pl.DataFrame, split: Split) -> pl.Series:
    """The last rows by time are the test; rows of one moment stay together.

    Of forecasts: the test is made at or after the border, training rows are about a time up to it. With `group`, rows
    before the border whose group also has rows after it are in neither part.
    """
    times = time_column(frame, split)
    gap = timedelta(seconds=parse_duration(split.gap)) if split.gap else timedelta(0)
    moments = times.cast(pl.Datetime("us"))
    border, included = border_of(moments, split)
    if ORIGIN in frame.columns:
        test, train = frame[ORIGIN].cast(pl.Datetime("us")) >= border, moments <= border - gap
    elif included:
        test, train = moments >= border, moments < border - gap
    else:
        test, train = moments > border, moments <= border - gap
    if split.group is not None:
        groups = known_values(frame, split.group, (*KEY, "group"))
        train &= ~groups.is_in(groups.filter(test).unique().implode())
        if not train.any():
            told = f"every value of {split.group!r} with rows before the border has rows after it as well"
            raise FitError((*KEY, "group"), told, "take `by` or `group` out: together they leave no rows to learn from")
    return _named(test, train)


def border_of(moments: pl.Series, split: Split) -> tuple[datetime, bool]:
    """(the moment that parts training from test, whether it is itself in the test) of the rows' moments."""
    if isinstance(split.test, str):
        # Open on its left: exactly as long as asked for, the last moment included.
        last: datetime = moments.max()  # type: ignore[assignment]
        return last - timedelta(seconds=parse_duration(split.test)), False
    count = len(moments)
    return moments.sort()[count - max(1, round(count * split.test))], True


def time_column(frame: pl.DataFrame, split: Split) -> pl.Series:
    """The column `by`. Raises FitError where it is missing, no date or time, or has no value in a row."""
    name = split.by or ""
    if name not in frame.columns:
        raise FitError((*KEY, "by"), f"there is no column {name!r}", did_you_mean(name, frame.columns))
    times = frame[name]
    if not isinstance(times.dtype, pl.Date | pl.Datetime):
        dated = [other for other, dtype in frame.schema.items() if isinstance(dtype, pl.Date | pl.Datetime)]
        some = times.drop_nulls().head(1).to_list() if times.dtype == pl.String or times.dtype.is_numeric() else []
        example = f", for example {some[0]!r}" if some else ""
        hint = f"columns with dates or times: {', '.join(dated)}" if dated else "ISO dates are known: 2026-01-31"
        raise FitError((*KEY, "by"), f"expected a date or a time; {name!r} is {kind_of(times.dtype)}{example}", hint)
    if times.null_count():
        hint = "drop these rows from the data, or split at random"
        told = f"{name!r} is null in {plural(times.null_count(), 'row')}: they belong to no side"
        raise FitError((*KEY, "by"), told, hint)
    return times
