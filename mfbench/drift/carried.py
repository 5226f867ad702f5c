"""Which rows carry a shift: a segment such as `origin = EWR and hour < 9`, found on some rows and confirmed on others.

The classifier's answer f(x) = tanh(log odds / 2), from -1 (like the reference) to 1 (like the window), is a witness:
its mean over the window less that over the reference is zero where nothing has changed, whatever f was fitted to, and
at best the triangular discrimination of the two sides (Le Cam; Topsoe 2000). As it is a sum over the rows, it adds up
over segments, so that each has its part of the whole. (The gain in log likelihood adds up as well, but falls below
zero where nothing has changed: over all the quiet rows that hides a shift of a few.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mfbench.drift.findings import Segment
from mfbench.drift.separation import witness
from mfbench.stats.conditions import CUTS, Condition, plain
from mfbench.stats.predicted import Numbers
from mfbench.stats.segment_search import held_by
from mfbench.stats.segments import find_weak

MIN_SHARE = 0.01
LEAST_PART = 0.1  # of the shift, to be worth telling
LEAST_ODDS = 4.0  # of being in the segment: of the shift over those of the rows
MOST = 5
MOST_COLUMNS = 60
DIFFER = 3
SPREAD = "no segment of the rows carries much more of the shift than its share"
Mask = NDArray[np.bool_]


def carried(
    reference: pl.DataFrame, window: pl.DataFrame, frame: pl.DataFrame, scores: Numbers, side: Mask, units: Any,
    held: Mask, seed: int,
) -> tuple[list[Segment], str]:  # fmt: skip
    """The confirmed segments, those that carry most first, and a remark where there are none.

    reference, window: all rows of the samples, for the shares; frame, scores, side, units: (n,) the rows that the
    classifier looked at. Only rows of `held` are used: all scored by one model that has seen none of them; a half of
    their units finds the segments, the other confirms them.
    """
    names = [name for name in frame.columns if _tells_where(frame[name], side)][:MOST_COLUMNS]
    frame, side = frame[np.flatnonzero(held)], side[held]
    if not names or side.all() or not side.any():
        return [], SPREAD
    # Both sides weigh the same, however many rows they have.
    weight = len(side) / 2 / np.where(side, side.sum(), (~side).sum())
    gain = np.where(side, weight, -weight) * witness(scores[held], side)
    parts: dict[str, tuple[Condition, ...]] = {}
    found = find_weak(_only(frame, names), gain, units[held], seed=seed, min_share=MIN_SHARE, parts=parts)
    whole = [plain(_only(each, names)) for each in (reference, window)]
    explained, own = np.zeros(len(gain), dtype=bool), plain(_only(frame, names))
    told: list[Segment] = []
    for segment in sorted(found.found, key=lambda each: (each.p, each.share)):
        if not segment.confirmed or segment.value is None or segment.rest is None or len(told) == MOST:
            continue
        inside, outside = segment.value * segment.share, segment.rest * (1 - segment.share)
        part = inside / (inside + outside) if inside + outside > 0 else 0.0
        # What lies in a segment told before is not told again under another name.
        mask = held_by(own, parts[segment.where])
        more = float(gain[mask & ~explained].sum() / gain.sum()) if gain.sum() > 0 else 0.0
        if min(part, more) < max(LEAST_PART, _least(segment.share)):
            continue
        explained |= mask
        rows = [held_by(each, parts[segment.where]) for each in whole]
        told.append(Segment(where=segment.where, share=float(rows[1].mean()), reference_share=float(rows[0].mean()),
                            of_shift=part, confirmed=True, p=segment.p,
                            differs=_differs(reference, window, rows)))  # fmt: skip
    return sorted(told, key=lambda each: -each.of_shift), "" if told else SPREAD


def _least(share: float) -> float:
    """The part of the shift at which the odds are LEAST_ODDS times those of the share of the rows."""
    return LEAST_ODDS * share / (1 + (LEAST_ODDS - 1) * share)


def _only(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    return pl.DataFrame([frame[name] for name in names])


def _tells_where(series: pl.Series, side: Mask) -> bool:
    """Numbers that have moved as a whole tell nothing of where: their tail would seem to carry what all rows share."""
    if not series.dtype.is_numeric():
        return True
    apart, chance = _apart(series.filter(pl.Series(~side)), series.filter(pl.Series(side)))
    return apart <= 2 * chance + 0.01


def _differs(reference: pl.DataFrame, window: pl.DataFrame, rows: list[Mask]) -> list[str]:
    """The columns that differ most between the segment's rows of both sides, by more than chance makes of it."""
    found = []
    for name in reference.columns:
        apart, chance = _apart(reference[name].filter(pl.Series(rows[0])), window[name].filter(pl.Series(rows[1])))
        if apart > 2 * chance:
            found.append((apart - chance, name))
    return [name for _, name in sorted(found, key=lambda each: (-each[0], each[1]))[:DIFFER]]


def _apart(one: pl.Series, two: pl.Series) -> tuple[float, float]:
    """(total variation over at most CUTS bins, nulls one of them; about what chance alone makes of it)."""
    if min(len(one), len(two)) < 2:
        return 0.0, 1.0
    if one.dtype.is_numeric():
        values = [each.cast(pl.Float64).fill_null(np.nan).to_numpy() for each in (one, two)]
        both = np.concatenate(values)
        known = both[np.isfinite(both)]
        cuts = np.unique(np.quantile(known, np.arange(1, CUTS) / CUTS)) if len(known) else np.zeros(0)
        bins = [np.where(np.isnan(each), len(cuts) + 1, np.searchsorted(cuts, each, side="right")) for each in values]
    else:
        words = [each.cast(pl.String) for each in (one, two)]
        counts = pl.concat(words).drop_nulls().value_counts(name="rows")
        kept = counts.sort(["rows", one.name], descending=[True, False])[one.name].head(3 * CUTS).to_list()
        codes = list(range(len(kept)))
        bins = [each.replace_strict(kept, codes, default=len(kept), return_dtype=pl.Int64).to_numpy() for each in words]
    width = int(max(each.max() for each in bins)) + 1
    shares = [np.bincount(each.astype(np.intp), minlength=width) / len(each) for each in bins]
    middle = (shares[0] * len(one) + shares[1] * len(two)) / (len(one) + len(two))
    noise = np.sqrt(2 / np.pi * middle * (1 - middle) * (1 / len(one) + 1 / len(two)))
    return float(np.abs(shares[0] - shares[1]).sum() / 2), float(noise.sum() / 2)
