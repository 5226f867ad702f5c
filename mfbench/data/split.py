"""Which rows are for training, which for the test, and which are left out between the two."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from mfbench.core.errors import FitError
from mfbench.core.text import did_you_mean, parse_duration
from mfbench.data.target import TARGET
from mfbench.recipe.schema import Split

PART = "part"
KEY = ("data", "split")


def split_rows(frame: pl.DataFrame, split: Split, task: str, seed: int) -> pl.Series:
    """'train', 'test' or 'gap' for each row. Raises FitError where a part has no rows, or a class is missing."""
    parts = _by_time(frame, split) if split.by else _random(frame, split, task, seed)
    for part in ("train", "test"):
        rows = frame[TARGET].filter(parts == part)
        if len(rows) == 0:
            raise FitError((*KEY, "test"), f"this split leaves no rows for the {part}: {frame.height:,} rows in all")
        if task == "classification" and rows.n_unique() < 2:
            raise FitError(
                (*KEY, "test"),
                f"the {part} part has only one class in {len(rows):,} rows",
                "hold out more rows, or split at random with stratify = true",
            )
    return parts


def _random(frame: pl.DataFrame, split: Split, task: str, seed: int) -> pl.Series:
    import numpy as np
    from sklearn.model_selection import train_test_split

    stratify = split.stratify if split.stratify is not None else task == "classification"
    target = frame[TARGET].to_numpy() if stratify else None
    try:
        _, test = train_test_split(np.arange(frame.height), test_size=split.test, random_state=seed, stratify=target)
    except ValueError as error:
        hint = "set data.split.stratify = false, or drop the rare classes" if stratify else None
        raise FitError((*KEY, "test"), f"{frame.height:,} rows cannot be split so: {error}", hint) from None
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
        raise FitError((*KEY, "by"), f"{name!r} is {times.dtype}, not a date or a time")
    if times.null_count():
        raise FitError((*KEY, "by"), f"{name!r} is null in {times.null_count():,} rows: they belong to no side")
    moments = times.cast(pl.Datetime("us"))
    if isinstance(split.test, str):
        first_test = moments.max() - timedelta(seconds=parse_duration(split.test))  # type: ignore[operator]
        test = moments > first_test
    else:
        cut = moments.sort()[frame.height - max(1, round(frame.height * split.test))]
        test = moments >= cut
        first_test = cut
    gap = timedelta(seconds=parse_duration(split.gap)) if split.gap else timedelta(0)
    # `test` is open on its left when a duration was asked for: exactly that long, the last moment included.
    train = (moments <= first_test - gap) if isinstance(split.test, str) else (moments < first_test - gap)
    return (
        pl.DataFrame({"test": test, "train": train})
        .select(pl.when("test").then(pl.lit("test")).when("train").then(pl.lit("train")).otherwise(pl.lit("gap")))
        .to_series()
        .alias(PART)
    )
