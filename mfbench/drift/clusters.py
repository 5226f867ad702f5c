"""How alike the rows of one unit are: what many rows of one day are worth.

The shares of a column's groups vary from unit to unit more than those of independent rows would. What they vary more is
kept as a matrix (`within`): the covariance of two rows of one unit. From it follows the covariance of the shares of any
sample, of so many rows from so many units: P / rows + (1 / units - 1 / rows) within, with P = diag(p) - p p'.

A test then corrects chi-square by the design effects that both samples have (the eigenvalues of their covariance over
that of independent rows): to the second order, for they are never equal, and their mean alone alarms too often.
Source: Rao and Scott 1981, 1984; the correction is Satterthwaite's, with F for the few units behind the estimate
(Thomas and Rao 1987).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from mfbench.drift.profile import Column
from mfbench.stats.predicted import Numbers

GROUPS = 10  # at most: of more, too little would be known from some tens of units
_NOTHING = 1e-9
Ints = NDArray[np.int64]


def groups_of(counts: NDArray[np.integer], starts: Sequence[int], *, ordered: bool) -> list[int]:
    """The first cell of each group, at most GROUPS: bars (their first cells: `starts`) together until they hold a tenth
    of the rows; of values, which are ordered by their number, the frequent ones alone."""
    if not ordered:
        return list(starts[:GROUPS])
    rows = np.add.reduceat(counts, starts)
    want, found, held = rows.sum() / GROUPS, [0], 0.0
    for i, more in enumerate(rows.tolist()):
        if i and held >= want / 2 and held + more / 2 > want and len(found) < GROUPS:
            found.append(int(starts[i]))
            held = 0.0
        held += more
    return found


def likeness(groups: NDArray[np.integer], units: Ints, count: int, k: int) -> tuple[float, NDArray[np.float64]]:
    """(intra-unit correlation, 0 to 1; (k, k) covariance of the groups of two rows of one unit).

    groups: (n,) of each row, 0..k-1; units: (n,) codes 0..count-1. The correlation is the mean over the groups,
    weighted as chi-square weighs them. 0 where every row is its own unit; with less than two units nothing tells how
    alike their rows are: 1, the worst.
    """
    rows = len(groups)
    share = np.bincount(groups, minlength=k) / max(rows, 1)
    plain = np.diag(share) - np.outer(share, share)
    if count >= rows or not rows:
        return 0.0, np.zeros((k, k))
    if count < 2:
        return 1.0, plain
    table = np.bincount(units * k + groups, minlength=count * k).reshape(count, k).astype(np.float64)
    sizes = table.sum(axis=1)
    spread = table - sizes[:, None] * share
    covariance = spread.T @ spread * count / (count - 1) / rows**2
    # As a test will use it, with the units' plain number: so units of very different sizes count as they do here.
    more = 1 / count - 1 / rows
    if more <= 0:
        return 0.0, np.zeros((k, k))
    there = share > 0
    freedom = max(int(there.sum()) - 1, 1)
    root = np.where(there, np.sqrt(share), 1.0)
    # In terms of design effects of samples like this one, less the one of independent rows.
    values, vectors = np.linalg.eigh((covariance - plain / rows) / np.outer(root, root) * rows)
    icc = float(values.sum()) / freedom / (more * rows)
    if icc > 0:  # of noise some are negative, which no covariance has; what the others are then too large is taken out
        kept = np.maximum(values, 0.0)
        kept *= values.sum() / kept.sum()
    else:  # days alike in all but a few ways, such as working days and others: what no noise would reach
        kept = np.where(values > (1 + (freedom / (count - 1)) ** 0.5) ** 2 - 1, values, 0.0)
    within: NDArray[np.float64] = (vectors * kept) @ vectors.T * np.outer(root, root) / rows / more
    return float(np.clip(icc, 0.0, 1.0)), within


def correlation(groups: NDArray[np.integer], units: Ints, count: int) -> float:
    """The intra-unit correlation alone."""
    return likeness(groups, units, count, int(groups.max(initial=0)) + 1)[0]


def with_likeness(column: Column, cells: NDArray[np.integer], units: NDArray[np.integer]) -> Column:
    """The column with what its rows' cells (n,), in units (n,), tell of their likeness."""
    counts = np.bincount(cells, minlength=len(column.counts))
    groups = groups_of(counts, column.bars, ordered=column.kind == "numeric")
    codes = np.searchsorted(groups, cells, side="right") - 1
    icc, within = likeness(codes, *dense(units), len(groups))
    if not within.any():
        return replace(column, icc=icc, groups=(), within=())
    return replace(column, icc=icc, groups=tuple(groups), within=tuple(tuple(row) for row in within.tolist()))


@dataclass(frozen=True)
class Clustered:
    """statistic: chi-square over the mean design effect, with df; p; deff: that mean; unequal: the squared coefficient
    of variation of the design effects."""

    statistic: float
    df: int
    p: float
    deff: float
    unequal: float


def compare_clustered(
    a: Numbers, b: Numbers, within: NDArray[np.float64], units: tuple[float, float], freedom: float
) -> Clustered:
    """Whether two samples have the same shares. a, b: (k,) rows of each group; units: of both samples; freedom: of the
    estimate of `within`. Groups with less than 10 rows expected are joined with a neighbour."""
    from scipy.special import fdtrc

    starts = _merged(a, b)
    a, b = (np.add.reduceat(side, starts) for side in (a, b))
    within = np.add.reduceat(np.add.reduceat(within, starts, axis=0), starts, axis=1)
    n, m = float(a.sum()), float(b.sum())
    share = (a + b) / (n + m)
    df = len(share) - 1
    if df < 1:
        return Clustered(0.0, 0, 1.0, 1.0, 0.0)
    rows = 1 / n + 1 / m
    more = sum(max(1 / of - 1 / size, 0.0) for of, size in zip(units, (n, m), strict=True))
    scale = 1 / np.sqrt(share)
    plain = np.eye(df + 1) - np.sqrt(np.outer(share, share))
    effects = np.linalg.eigvalsh(plain + within * np.outer(scale, scale) * more / rows)[-df:]
    mean = float(effects.mean())
    unequal = float(effects.var()) / mean**2
    statistic = float(((a / n - b / m) ** 2 / share).sum()) / rows / mean
    df1 = df / (1 + unequal)
    p = float(fdtrc(df1, df1 * freedom, statistic / df))
    return Clustered(statistic, df, p, mean, unequal)


def _merged(a: Numbers, b: Numbers, least: float = 10.0) -> list[int]:
    """Neighbours together until so many rows are expected of the smaller sample."""
    expected = (a + b) * min(a.sum(), b.sum()) / max((a + b).sum(), _NOTHING)
    starts, held = [0], 0.0
    for i, rows in enumerate(expected.tolist()):
        if held >= least:
            starts.append(i)
            held = 0.0
        held += rows
    if held < least and len(starts) > 1:
        starts.pop()
    return starts


def dense(codes: NDArray[np.integer]) -> tuple[Ints, int]:
    """(the same units as codes from 0 on, how many)."""
    different, found = np.unique(codes, return_inverse=True)
    return found.astype(np.int64), len(different)
