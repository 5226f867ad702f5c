"""All columns together: can a classifier tell rows of the window from rows of the reference?

What no column shows alone (two columns that have ceased to go together, a few rows that have moved) shows here. Each
half of the units is scored by a model that was fitted on the other half, so that with nothing changed the AUC is 0.5.
Source: Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mfbench.core.text import plural
from mfbench.drift.carried import carried
from mfbench.drift.classifier import Coding, alike, fit, score
from mfbench.drift.findings import Joint
from mfbench.drift.seen import UNIT
from mfbench.drift.separation import Separation, separation, together
from mfbench.stats.predicted import Numbers

if TYPE_CHECKING:
    from mfbench.drift.reference import Reference

ROWS = 20_000  # of a side at most
CELLS = 1_500_000  # of both sides
LEAST = 50  # rows of a side
LEAST_UNITS = 10  # of a side
SHOWN = 8  # columns
TELLING = 0.05  # p up to which columns and segments are looked for
_PERMUTED = 4000  # rows a half


def joint(reference: Reference, sample: pl.DataFrame, *, seed: int, segments: bool = True) -> Joint:
    """sample: rows of a window, in the layout of `seen`. The same seed gives the same halves and the same answer.

    columns: by how much the held-out AUC falls when a column is shuffled; like the segments only where p is at most
    TELLING. With fewer than LEAST rows no AUC, with fewer than LEAST_UNITS units on a side no p.
    """
    rng = np.random.default_rng(seed)
    sides = [reference.sample, sample]
    rows = min(len(side) for side in sides)
    if rows < LEAST:
        return Joint(auc=None, low=None, high=None, p=None, rows=rows, note=f"{plural(rows, 'row')}: too few to tell")
    one, two, left = alike(*(reference.columns_of(side) for side in sides))
    note = f"left out, as only one side has values there: {', '.join(left[:5])}" if left else ""
    if not one.width:
        return Joint(auc=None, low=None, high=None, p=None, rows=rows, note=note or "there is no column to look at")
    most = int(np.clip(CELLS // (2 * one.width), 2000, ROWS))
    picked = [np.sort(rng.permutation(len(side))[:most]) for side in sides]
    frame = pl.concat([one[picked[0]], two[picked[1]]])
    codes, clustered = _units(sides, picked)
    side = np.repeat([False, True], [len(each) for each in picked])
    coding, half = Coding.of(frame), _halves(codes, side, rng)
    matrix = coding.matrix(frame)
    models = [fit(coding, matrix[half != each], side[half != each], seed) for each in (0, 1)]
    scores = np.empty(len(side))
    for each in (0, 1):
        scores[half == each] = score(models[each], matrix[half == each])
    found = [_separation(scores, side, codes if clustered else None, half == each) for each in (0, 1)]
    auc, low, high, p = together(found, min(int(side.sum()), int((~side).sum())))
    fewest = min(len(np.unique(codes[side])), len(np.unique(codes[~side])))
    if clustered and fewest < LEAST_UNITS:
        few = f"{plural(fewest, 'unit')} of rows that belong together on one side: too few for a p-value"
        return Joint(auc=auc, low=None, high=None, p=None, rows=rows, note="; ".join(filter(None, [note, few])))
    if p is None or p > TELLING:
        return Joint(auc=auc, low=low, high=high, p=p, rows=rows, note=note)
    columns = _importance(coding.names, matrix, models, side, half, rng)
    where, told = carried(one, two, frame, scores, side, codes, half == 0, seed) if segments else ([], "")
    return Joint(auc=auc, low=low, high=high, p=p, rows=rows, columns=columns, segments=where,
                 note="; ".join(filter(None, [note, told])))  # fmt: skip


def _separation(scores: Any, side: Any, codes: Any, held: NDArray[np.bool_]) -> Separation:
    return separation(scores[held], side[held], None if codes is None else codes[held])


def _units(sides: list[pl.DataFrame], picked: list[NDArray[Any]]) -> tuple[NDArray[np.intp], bool]:
    """((n,) codes of units, those of the sides apart; whether any holds more than one row)."""
    found, start = [], 0
    for frame, rows in zip(sides, picked, strict=True):
        known = UNIT in frame.columns and frame[UNIT].null_count() < len(frame)
        values = frame[UNIT].fill_null(-1).to_numpy()[rows] if known else np.arange(len(rows))
        codes = np.unique(values, return_inverse=True)[1] + start
        start = int(codes.max()) + 1
        found.append(codes)
    codes = np.concatenate(found).astype(np.intp)
    return codes, start < len(codes)


def _halves(codes: NDArray[np.intp], side: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.intp]:
    """(n,) 0 or 1: whole units, half of each side's."""
    half = np.zeros(int(codes.max()) + 1, dtype=np.intp)
    for which in (~side, side):
        own = rng.permutation(np.unique(codes[which]))
        half[own[: len(own) // 2]] = 1
    return half[codes]


def _importance(
    names: list[str], matrix: Numbers, models: list[Any], side: Any, half: Any, rng: np.random.Generator
) -> list[list[Any]]:
    """[name, fall of the AUC] of the columns without which the sides are harder to tell apart, greatest first."""
    most = int(np.clip(120_000 // len(names), 1000, _PERMUTED))
    fall = np.zeros(len(names))
    for each in (0, 1):
        rows = rng.permutation(np.flatnonzero(half == each))[:most]
        held, own = matrix[rows], side[rows]
        if own.all() or not own.any():
            continue
        before = _auc(score(models[each], held), own)
        for column in range(len(fall)):
            kept = held[:, column].copy()
            held[:, column] = rng.permutation(kept)
            fall[column] += (before - _auc(score(models[each], held), own)) / 2
            held[:, column] = kept
    order = [int(column) for column in np.argsort(-fall, kind="stable")[:SHOWN] if fall[column] > 0]
    return [[names[column], float(fall[column])] for column in order]


def _auc(scores: Any, side: NDArray[np.bool_]) -> float:
    from scipy.stats import rankdata

    positive = int(side.sum())
    ranks = rankdata(scores)[side].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * (len(side) - positive)))
