"""Which windows an audit looks at: those that the settings ask for, as far as the reference's sample reaches."""

from __future__ import annotations

import math
from collections.abc import Sequence

import polars as pl

from mfbench.core.errors import UsageError
from mfbench.drift.judging import needed_reference, needed_rows
from mfbench.drift.profile import Profile
from mfbench.drift.seen import TIME
from mfbench.drift.settings import Settings

SIZES = (500, 1000, 2000, 5000)
BLOCKS = 20  # of the usual window: so many should fit into the sample


def needed(profile: Profile, rows: int, settings: Settings, tests: int) -> int:
    """Rows that a window needs. Raises UsageError where a sample of so many rows cannot be replayed with them."""
    found = needed_rows(profile, settings, tests)
    # A window of half a sample of 1.5 times the least reference is just large enough (see power.needed_rows).
    least = math.ceil(1.5 * needed_reference(settings, tests)) if found is None else 2 * found
    if found is None or least > rows:
        told = f"the reference has a sample of {rows:,} rows: too few to audit alarms with"
        hint = f"{least:,} rows are needed: test the model on more, or raise min_effect ({settings.min_effect:g})"
        raise UsageError(told, hint=hint)
    return found


def span(sample: pl.DataFrame) -> float | None:
    """Seconds from the first row to the last, where they have a time."""
    times = sample[TIME].drop_nulls() if TIME in sample.columns else pl.Series([])
    seconds = (times.max() - times.min()).total_seconds() if len(times) > 1 else 0.0  # type: ignore[operator, union-attr]
    return seconds or None


def sizes(
    settings: Settings, profile: Profile, sample: pl.DataFrame, least: int, asked: Sequence[int], notes: list[str]
) -> tuple[int, list[int]]:
    """(rows of the window that is judged in full, all sizes in order). What had to differ is added to the notes.

    Raises UsageError for a size that no window could have.
    """
    most = sample.height // 2
    for size in asked:
        if not least <= size <= most:
            told = f"windows of {size:,} rows cannot be audited: {least:,} to {most:,} can"
            why = "fewer are not judged; more leave too little of the sample to compare them with"
            raise UsageError(told, hint=why)
    if asked:
        return asked[0], sorted(set(asked))
    usual = [size for size in SIZES if least <= size <= most] or [least]
    wanted = _wanted(settings, profile, sample)
    if wanted is None:
        size = max([size for size in usual if size * BLOCKS <= sample.height] or usual[:1])
    else:
        size = min(max(wanted, least), most)
    if wanted is not None and size != wanted:
        why = f"fewer than {least:,} are not judged" if wanted < size else "the sample has no more"
        notes.append(f"The windows asked for have {wanted:,} rows; {size:,} were replayed: {why}.")
    return size, sorted({size, *usual})


def _wanted(settings: Settings, profile: Profile, sample: pl.DataFrame) -> int | None:
    """Rows of the window that the settings ask for."""
    rows, seconds, whole = settings.rows(), settings.seconds(), span(sample)
    if rows is not None or seconds is None or whole is None:
        return rows
    return max(round(profile.rows * min(seconds / whole, 1.0)), 1)


def threshold(settings: Settings, profile: Profile, sample: pl.DataFrame, size: int) -> float:
    """Windows to a false alarm; where that is a rate in time, windows take as long as in the reference."""
    whole = span(sample)
    try:
        return settings.run_length(whole * size / profile.rows if whole else None)
    except ValueError as error:
        raise UsageError(str(error), hint="say it in windows, such as --false-alarms 1/1000") from None
