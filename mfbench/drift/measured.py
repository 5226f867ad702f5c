"""What the labels say: a window's metrics against the reference's, and whether they are as good within the margin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from mfbench.drift.answered import Answered
from mfbench.drift.findings import Matters, Metric
from mfbench.drift.separation import separation
from mfbench.stats.bounds import by_logit
from mfbench.stats.metrics import METRICS
from mfbench.stats.multiple import holm
from mfbench.stats.noninferiority import POWER
from mfbench.stats.resampling import FROM_0_TO_1, MIN_UNITS, Bootstrap, Interval

LEVEL = 0.05  # of each of the two one-sided tests
MARGIN, PART = 0.01, 0.05  # of metrics from 0 to 1; of others, the part of the reference's value
LEAST = 30  # labelled rows, of a window or a segment
SEGMENTS = 20  # values of a column of slices
_BOUNDED = (*FROM_0_TO_1, "brier", "calibration_error", "mcc")


def intervals(names: Sequence[str], answers: Answered, seed: int) -> dict[str, Interval]:
    """Each metric of labelled rows with its 95 % interval: DeLong's for ROC AUC of independent rows, else the
    bootstrap by unit."""
    found, left = {}, list(names)
    predicted = answers.predicted
    if "roc_auc" in left and not answers.clustered and predicted.binary and predicted.scores is not None:
        positive = predicted.target == 1
        if 2 <= positive.sum() <= len(positive) - 2:
            left.remove("roc_auc")
            part = separation(predicted.scores[:, 1], positive, None)
            se = part.variance**0.5
            found["roc_auc"] = Interval(part.auc, *by_logit(part.auc, part.auc, part.auc, se, answers.count, 0.025))
    if left:
        resamples = int(np.clip(2e7 / max(len(predicted), 1), 200, 1000))
        found |= Bootstrap(answers.units, resamples=resamples, seed=seed).intervals(left, predicted)
    return {name: found[name] for name in names}


def margin_of(name: str, reference: float, given: float | None) -> float:
    """What may be lost of a metric before it matters."""
    if given is not None:
        return given
    return MARGIN if name in _BOUNDED else PART * abs(reference)


def compared(name: str, window: Interval, reference: Interval, units: int, margin: float) -> Metric:
    """The difference of two groups of rows that are independent of each other, judged by two one-sided tests
    (Schuirmann 1987) at LEVEL each.

    'equivalent': the 90 % interval of the difference, which is the one given, lies within the margin; 'worse': it
    lies beyond; 'better': it lies above zero and reaches beyond the margin; else 'unknown'. units: of the smaller
    side. detectable: the loss that so many labels call 'worse' with 80 % power.
    """
    from scipy.special import stdtrit

    greater = METRICS[name].greater
    facts: dict[str, Any] = {"name": name, "kind": "measured", "value": _number(window.value), "low": window.low,
                             "high": window.high, "reference": _number(reference.value), "reference_low": reference.low,
                             "reference_high": reference.high, "greater": greater}  # fmt: skip
    if window.se is None or reference.se is None or units < MIN_UNITS:
        return Metric(**facts, margin=margin)
    value, se = window.value - reference.value, float(np.hypot(window.se, reference.se))
    t = float(stdtrit(units - 1, 1 - LEVEL))
    low, high = value - t * se, value + t * se
    return Metric(
        **facts, difference=value, difference_low=low, difference_high=high, margin=margin,
        verdict=_verdict(low, high, margin, greater),
        detectable=margin + (t + float(stdtrit(units - 1, POWER))) * se,
    )  # fmt: skip


def rows_needed(window: Interval, reference: Interval, rows: int, margin: float) -> int | None:
    """Labelled rows with which 'equivalent' is shown with 80 % power where nothing differs; None where no number does,
    as the reference itself is too small."""
    from scipy.special import ndtri

    if window.se is None or reference.se is None or window.se <= 0:
        return None
    allowed = (margin / float(ndtri(1 - LEVEL) + ndtri((1 + POWER) / 2))) ** 2 - reference.se**2
    return int(np.ceil(rows * window.se**2 / allowed)) if allowed > 0 else None


def by_slice(
    name: str, columns: Sequence[str], samples: tuple[pl.DataFrame, pl.DataFrame], sides: tuple[Answered, Answered],
    margin: float | None, seed: int,
) -> list[list[Any]]:  # fmt: skip
    """[where, rows, metric, value, reference, verdict] for each value of the columns with LEAST labelled rows on both
    sides (reference, window); the verdicts hold together (Holm over all of them)."""
    found = []
    for column in columns:
        if any(column not in sample.columns for sample in samples):
            continue
        words = [_words(sample[column])[side.rows] for sample, side in zip(samples, sides, strict=True)]
        counts = words[1].drop_nulls().value_counts(name="rows").sort(["rows", column], descending=[True, False])
        for value in counts[column].head(SEGMENTS).to_list():
            parts = [
                side.take((each == value).fill_null(False).to_numpy()) for each, side in zip(words, sides, strict=True)
            ]
            if min(len(part.predicted) for part in parts) >= LEAST:
                reference, window = (intervals((name,), part, seed)[name] for part in parts)
                units = min(part.count for part in parts)
                found.append((f"{column} = {value}", len(parts[1].predicted), window, reference, units))
    return _held(name, found, margin)


def _held(name: str, found: list[tuple[str, int, Interval, Interval, int]], margin: float | None) -> list[list[Any]]:
    tests = [_p(name, each, margin) for each in found]
    worse, alike, better = (holm([test[i] for test in tests]) for i in range(3))
    words: list[Matters] = [
        "worse" if worse[i] <= LEVEL else "equivalent" if alike[i] <= LEVEL else "better" if better[i] <= LEVEL
        else "unknown" for i in range(len(found))
    ]  # fmt: skip
    return [
        [where, rows, name, _number(window.value), _number(reference.value), word]
        for (where, rows, window, reference, _), word in zip(found, words, strict=True)
    ]


def _p(name: str, found: tuple[str, int, Interval, Interval, int], margin: float | None) -> tuple[float, float, float]:
    """p of 'not worse than the margin', of 'beyond the margin on either side' and of 'not better'."""
    from scipy.special import stdtr

    _, _, window, reference, units = found
    if window.se is None or reference.se is None or units < MIN_UNITS:
        return 1.0, 1.0, 1.0
    bound, se = margin_of(name, reference.value, margin), float(np.hypot(window.se, reference.se))
    gain = (window.value - reference.value) * (-1 if METRICS[name].greater is False else 1)
    if se <= 0 or not np.isfinite(gain):
        return 1.0, 1.0, 1.0
    p = [float(stdtr(units - 1, x / se)) for x in (gain + bound, -gain - bound, gain - bound, -gain)]
    worse = min(1.0, 2 * min(p[0], 1 - p[2])) if METRICS[name].greater is None else p[0]
    return worse, max(p[1], p[2]), 1.0 if METRICS[name].greater is None else p[3]


def _verdict(low: float, high: float, margin: float, greater: bool | None) -> Matters:
    if -margin <= low and high <= margin:
        return "equivalent"
    if greater is None:  # neither more nor less is better, but what was promised
        return "worse" if high < -margin or low > margin else "unknown"
    worst, best = (low, high) if greater else (-high, -low)
    if best < -margin:
        return "worse"
    return "better" if worst > 0 else "unknown"


def _words(series: pl.Series) -> pl.Series:
    """The values as text; of many different numbers, the quarter they lie in is not asked: they are no slices."""
    many = series.dtype.is_float() or series.n_unique() > 10 * SEGMENTS
    return pl.Series(series.name, [None] * len(series), dtype=pl.String) if many else series.cast(pl.String)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
