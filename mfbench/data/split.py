"""Which rows are for training, which for the test, and which are left out between the two."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from mfbench.core.errors import FitError
from mfbench.core.text import did_you_mean, parse_duration, plural
from mfbench.data.complaints import kind_of
from mfbench.data.target import TARGET
from mfbench.recipe.schema import Split

PART = "part"
KEY = ("data", "split")


def split_rows(frame: pl.DataFrame, split: Split, task: str, seed: int) -> pl.Series:
    """'train', 'test' or 'gap' for each row. Raises FitError where a part has no rows, or a class is missing."""
    parts = _by_time(frame, split) if split.by else _random(frame, split, task, seed)
    classes = frame[TARGET].n_unique()
    for part, purpose in (("train", "to learn from"), ("test", "to test with")):
        rows = frame[TARGET].filter(parts == part)
        if len(rows) == 0:
            option = "gap" if part == "train" and split.gap else "test"
            raise FitError((*KEY, option), f"this split leaves no rows {purpose}: {_span(frame, split)}")
        if task != "classification":
            continue
        found = rows.n_unique()
        if found < 2 or (part == "train" and found < classes):
            told = f"the {part} part has {plural(len(rows), 'row')} and only {found} of the {classes} classes"
            hint = "hold out other rows, or merge or drop the classes that are missing there"
            raise FitError((*KEY, "test"), told, hint)
    return parts


def _span(frame: pl.DataFrame, split: Split) -> str:
    """What there is to split, and how it should be."""
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


def _by_time(frame: pl.DataFrame, split: Split) -> pl.Series:
    """The last rows by time are the test; rows of one moment stay together."""
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
    moments = times.cast(pl.Datetime("us"))
    gap = timedelta(seconds=parse_duration(split.gap)) if split.gap else timedelta(0)
    if isinstance(split.test, str):
        # Open on its left: exactly as long as asked for, the last moment included.
        border = moments.max() - timedelta(seconds=parse_duration(split.test))  # type: ignore[operator]
        test, train = moments > border, moments <= border - gap
    else:
        border = moments.sort()[frame.height - max(1, round(frame.height * split.test))]
        test, train = moments >= border, moments < border - gap
    return (
        pl.DataFrame({"test": test, "train": train})
        .select(pl.when("test").then(pl.lit("test")).when("train").then(pl.lit("train")).otherwise(pl.lit("gap")))
        .to_series()
        .alias(PART)
    )
