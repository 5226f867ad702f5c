"""Looks through all segments of one or two conditions for those whose mean loss stands out."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mfbench.stats.conditions import Condition, conditions_of, masks
from mfbench.stats.contrast import contrast
from mfbench.stats.predicted import Numbers
from mfbench.stats.resampling import MIN_UNITS
from mfbench.stats.threads import one_thread

PAIRED = 400  # conditions that are combined two by two
FINALISTS = 200  # segments whose standard error is worked out by unit
LARGEST = 0.5  # share of the rows: where most are "weak", it is the others that are better
ALIKE = 0.5  # Jaccard's index above which two segments are one
STANDS_OUT = 2.0  # standard errors above the rest, to be worth a test
_CHUNK = 20_000

Mask = NDArray[np.bool_]


class Search:
    """codes: (n,) units. Compares all single conditions and their pairs with the rest of the rows."""

    def __init__(self, frame: pl.DataFrame, names: list[str], loss: Numbers, codes: Any, min_share: float) -> None:
        self._frame, self._loss, self._codes = frame, loss, codes
        self._centred = loss - loss.mean()
        self._least = max(int(np.ceil(min_share * len(loss))), 2)
        self._everywhere = np.ones(len(loss), dtype=bool)
        self.looked_at = 0
        self._single: list[tuple[float, float, Condition]] = []
        for column, name in enumerate(names):
            self._single.extend(self._conditions(column, name))
        self._single.sort(key=lambda found: -found[0])

    def strongest(self, most: int) -> list[tuple[Condition, ...]]:
        """The segments that stand out, the strongest first, each on rows that those before it do not hold."""
        # Half of the places are kept for single conditions, which are easier to act upon than the pairs around them.
        best_single = self._single[:PAIRED]
        held = masks(self._frame, [condition for _, _, condition in best_single])
        small = held.mean(axis=1) <= LARGEST
        single = [(int(i),) for i in np.flatnonzero(small)][: FINALISTS // 2]
        candidates = (*single, *self._pairs(held, FINALISTS - len(single)))
        left: list[tuple[tuple[int, ...], Mask]] = [(at, np.logical_and.reduce(held[list(at)])) for at in candidates]
        rows = self._everywhere
        chosen: list[tuple[Condition, ...]] = []
        while left and len(chosen) < most:
            strengths = [self._strength(mask & rows, rows) for _, mask in left]
            best = int(np.argmax(strengths))
            if strengths[best] < STANDS_OUT:
                break
            at, mask = left[best]
            chosen.append(tuple(sorted((best_single[i][2] for i in at), key=lambda part: part.column)))
            rows = rows & ~mask
            left = [other for other in left if _overlap(other[1], mask) <= ALIKE]
        return chosen

    def _conditions(self, column: int, name: str) -> list[tuple[float, float, Condition]]:
        """(strength by unit, the same by Welch's t of the rows, condition) of those with enough rows."""
        conditions = conditions_of(self._frame[:, column], name, column, self._least)
        held = masks(self._frame, conditions)
        t = self._t(held.sum(axis=1), held @ self._centred, held @ self._centred**2)
        there = np.flatnonzero(np.isfinite(t))
        self.looked_at += len(there)
        return [(self._strength(held[i], self._everywhere), float(t[i]), conditions[i]) for i in there]

    def _strength(self, mask: Mask, rows: Mask) -> float:
        if min(mask.sum(), rows.sum() - mask.sum()) < self._least:
            return 0.0
        found = contrast(mask[rows], self._loss[rows], self._codes[rows])
        return found.strength if found.freedom >= MIN_UNITS - 1 else 0.0

    def _pairs(self, held: Mask, most: int) -> list[tuple[int, int]]:
        """Two conditions on different columns, where the loss is higher than under each of them alone; by position."""
        single = self._single[: len(held)]
        if len(held) < 2:
            return []
        with one_thread():
            rows, first, second = self._products(held)
        t = self._t(rows, first, second)
        column = np.array([condition.column for _, _, condition in single])
        t[np.tri(len(held), dtype=bool) | (column[:, None] == column) | (rows > LARGEST * held.shape[1])] = -np.inf
        self.looked_at += int(np.isfinite(t).sum())
        mean = first / np.maximum(rows, 1)
        alone = np.diagonal(mean)
        t[mean <= np.maximum(alone[:, None], alone)] = -np.inf
        # What is alike within units makes the rows' t too large: by about as much as for the conditions alone.
        shrink = np.array([np.clip(strength / plain, 1e-9, 1) if plain > 0 else 1.0 for strength, plain, _ in single])
        t *= np.minimum(shrink[:, None], shrink)
        best = np.argsort(-t, axis=None, kind="stable")[:most]
        at = [(int(i), int(j)) for i, j in zip(*np.unravel_index(best, t.shape), strict=True)]
        return [(i, j) for i, j in at if t[i, j] > 0]

    def _products(self, held: Mask) -> tuple[Numbers, Numbers, Numbers]:
        """(k, k) rows, sum and sum of squares of the centred loss where both of two conditions hold."""
        rows, first, second = (np.zeros((len(held), len(held))) for _ in range(3))
        for start in range(0, held.shape[1], _CHUNK):
            part = held[:, start : start + _CHUNK].astype(np.float32)
            loss = self._centred[start : start + _CHUNK].astype(np.float32)
            rows += part @ part.T
            first += (part * loss) @ part.T
            second += (part * loss**2) @ part.T
        return rows, first, second

    def _t(self, rows: Any, first: Any, second: Any) -> Numbers:
        """Welch's t of segment against rest from sums of the centred loss; -inf where a side has too few rows."""
        everything, squares = len(self._loss), float((self._centred**2).sum())
        there = (rows >= self._least) & (everything - rows >= self._least)
        inside, outside = np.where(there, rows, 1.0), np.where(there, everything - rows, 1.0)
        mean, rest = first / inside, -first / outside
        spread = np.maximum(second / inside - mean**2, 0) / inside
        spread += np.maximum((squares - second) / outside - rest**2, 0) / outside
        t: Numbers = (mean - rest) / np.sqrt(np.where(spread > 0, spread, 1.0))
        return np.where(there & (spread > 0), t, -np.inf)


def held_by(frame: pl.DataFrame, parts: tuple[Condition, ...]) -> Mask:
    """(n,) whether every condition holds, in the rows of a plain frame."""
    held: Mask = np.logical_and.reduce(masks(frame, list(parts)))
    return held


def _overlap(a: Mask, b: Mask) -> float:
    """Jaccard's index: rows of both by rows of either."""
    return float((a & b).sum() / max((a | b).sum(), 1))
