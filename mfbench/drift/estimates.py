"""A window's metrics without labels, with intervals, and how often such intervals held the truth on the reference.

What the estimate is off on the reference's own rows is taken off it (a control variate): left are what the window's
labels do by chance and what the reference's labels did, and the interval holds both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from mfbench.drift import estimated, loss_model
from mfbench.drift.answered import Answered
from mfbench.drift.findings import Metric
from mfbench.drift.ground import Ground
from mfbench.stats.bounds import by_logit
from mfbench.stats.metrics import METRICS, compute
from mfbench.stats.predicted import Numbers
from mfbench.stats.resampling import FROM_0_TO_1

ROWS = 50_000  # of a window at most, chosen evenly
CHUNKS = 40
LEAST_CHUNK = 50
_TAIL = 0.025

Estimate = tuple[float, float | None, float | None]  # value, low, high: 95 %


def estimate(names: Sequence[str], ground: Ground, columns: pl.DataFrame, answers: Answered) -> list[Metric]:
    """columns: inputs of the sample that `answers` were given for."""
    answers = _thinned(answers)
    if ground.task == "classification":
        assert answers.predicted.scores is not None
        shares = ground.calibrated(answers.predicted.scores)
        found = _of_classes(names, ground, answers, shares, estimated.DRAWS, ground.off(names))
    else:
        found = {}
        for name in names:
            loss = ground.losses.expected(loss_model.KNOWN[name], columns[answers.rows], answers)
            found[name] = _of_losses(name, ground, answers, loss, ground.off([name])[name])
    assert ground.answers is not None
    before = ground.intervals(tuple(names))
    return [
        Metric(name=name, kind="estimated", value=value, low=low, high=high, reference=before[name].value,
               reference_low=before[name].low, reference_high=before[name].high,
               difference=value - before[name].value, greater=METRICS[name].greater)
        for name, (value, low, high) in found.items()
    ]  # fmt: skip


def coverage(name: str, ground: Ground, rows: int) -> tuple[float, int] | None:
    """(how often the 95 % interval held what the labels said, chunks of the reference): each of as many rows as a
    window has, up to a third of the reference; their own calibration or loss model has not seen them."""
    answers = ground.answers
    assert answers is not None
    n = len(answers.predicted)
    size = min(rows, n // 3)
    if size < LEAST_CHUNK:
        return None
    size = 2 ** int(np.log2(size))  # windows of about the same size share one answer
    key = (name, size)
    if key not in ground.covered:
        ground.covered[key] = _coverage(name, ground, size)
    return ground.covered[key]


def _coverage(name: str, ground: Ground, size: int) -> tuple[float, int] | None:
    answers = ground.answers
    assert answers is not None
    rng, held = np.random.default_rng(0), list[bool]()
    sizes, everything = np.bincount(answers.units), np.arange(len(answers.units))
    for _ in range(CHUNKS):
        order = rng.permutation(len(sizes))
        taken = order[: int(np.searchsorted(np.cumsum(sizes[order]), size)) + 1]
        rows = np.flatnonzero(np.isin(answers.units, taken))
        chunk = answers.take(rows)
        truth, off = _measured(name, chunk), ground.off([name], np.setdiff1d(everything, rows))
        if ground.task == "classification":
            low, high = _of_classes([name], ground, chunk, ground.shares[rows], estimated.DRAWS, off)[name][1:]
        else:
            held_loss = ground.losses.held[loss_model.KNOWN[name]][rows]
            low, high = _of_losses(name, ground, chunk, held_loss, off[name])[1:]
        if low is not None and high is not None and np.isfinite(truth):
            held.append(low <= truth <= high)
    return (float(np.mean(held)), len(held)) if held else None


def _of_classes(
    names: Sequence[str], ground: Ground, answers: Answered, shares: Numbers, draws: int, off: dict[str, float]
) -> dict[str, Estimate]:
    values = estimated.expected(names, answers.predicted, shares)
    noise = estimated.label_noise(names, answers.predicted, shares, 0, draws)
    return {name: _interval(name, ground, answers, values[name] - off[name], noise[name]) for name in names}


def _of_losses(name: str, ground: Ground, answers: Answered, loss: Numbers, off: float) -> Estimate:
    assert ground.answers is not None
    error, effect = ground.error(name)
    spread = error / effect**0.5 * len(ground.answers.predicted) ** 0.5  # of a row's loss about what is expected of it
    value, low, high = _interval(name, ground, answers, float(loss.mean()) - off, spread / len(loss) ** 0.5)
    if name == "rmse":
        low, high = (None if bound is None else max(bound, 0.0) ** 0.5 for bound in (low, high))
        return max(value, 0.0) ** 0.5, low, high
    return value, None if low is None else max(low, 0.0), high


def _interval(name: str, ground: Ground, answers: Answered, value: float, noise: float) -> Estimate:
    """noise: what the labels of independent rows do by chance; more where rows of a unit go together, and with it goes
    what the reference's own rows leave open."""
    assert ground.answers is not None
    from mfbench.stats.bounds import student

    error, effect = ground.error(name)
    own, theirs = (len(each.predicted) / each.count for each in (answers, ground.answers))
    if effect > 1 and theirs > 1:
        effect = max(1.0, 1 + (effect - 1) * (own - 1) / (theirs - 1))
    se = float(np.sqrt(noise**2 * effect + error**2))
    units = max(min(answers.count, ground.answers.count), 2)
    if not np.isfinite(se) or not np.isfinite(value):
        return value, None, None
    reach = student(units, _TAIL) * se
    low, high = value - reach, value + reach
    if name in FROM_0_TO_1:
        value = min(max(value, 0.0), 1.0)
        return value, *by_logit(value, max(low, 0.0), min(high, 1.0), se, units, _TAIL)[:2]
    return value, low, high


def _measured(name: str, answers: Answered) -> float:
    p = answers.predicted
    if p.scores is not None:
        return compute([name], p.target.astype(np.intp), p.values.astype(np.intp), p.scores)[name]
    return compute([name], p.target, p.values, None)[name]


def _thinned(answers: Answered) -> Answered:
    rows = len(answers.predicted)
    return answers if rows <= ROWS else answers.take(np.linspace(0, rows - 1, ROWS).astype(np.intp))
