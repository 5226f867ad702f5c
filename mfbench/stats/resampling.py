"""Bootstrap intervals and paired differences, by the unit that is independent of its like.

Rows of one day, customer or group resemble each other: resampling rows as if they did not gives intervals that are
too short. Here whole units are drawn, as many as there are, with replacement; every metric and every model sees the
same draws, so that differences are paired. Percentile intervals, with the level widened for few units
(Hesterberg 2015, "What teachers should know about the bootstrap", section 5.3); a metric between 0 and 1 has its
interval on the logit scale, as near its end the draws show too little of what is missing there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mfbench.stats.bounds import by_logit, influential, never_seen, student, widened
from mfbench.stats.metrics import METRICS
from mfbench.stats.predicted import Numbers, Predicted
from mfbench.stats.ranked import RANKED, ranked
from mfbench.stats.sums import sums_of
from mfbench.stats.threads import one_thread

MIN_UNITS = 10  # fewer say too little about each other: no interval
MAX_MISSING = 0.1  # share of draws in which the metric may have no value
SHARES = ("accuracy", "coverage")
FROM_0_TO_1 = (*SHARES, "roc_auc", "average_precision", "balanced_accuracy", "f1", "precision", "recall")
_CELLS = 2**18  # of a block of draws: as much as stays in a core's cache
_KEPT = 2**26  # bytes of draws that are kept; more are drawn anew for each pass


@dataclass(frozen=True)
class Interval:
    """value: of all rows; low, high, se: None where no interval can be given."""

    value: float
    low: float | None
    high: float | None
    se: float | None


@dataclass(frozen=True)
class Difference:
    """value: a minus b on the same rows. equal: they do not differ in any resample. units: independent ones."""

    value: float
    low: float | None
    high: float | None
    se: float | None
    equal: bool
    units: int


def unit_codes(values: Any) -> NDArray[np.intp]:
    """(n,) codes 0, 1, … by first appearance, from a Polars series of any type or an array; nulls are one unit."""
    import polars as pl

    rows = pl.DataFrame({"unit": values}).with_row_index("row")
    return _dense(rows.select(pl.col("row").min().over("unit")).to_series().to_numpy())


def _dense(codes: NDArray[Any]) -> NDArray[np.intp]:
    return np.unique(codes, return_inverse=True)[1].astype(np.intp)


@dataclass(frozen=True)
class _Statistic:
    """draw: counts (b, units) to (b,); settle: raw draws and raw value of all rows to the metric's draws; without: the
    raw values (units,) with each unit left out, where they are cheap."""

    draw: Callable[[NDArray[Any]], Numbers]
    settle: Callable[[Numbers, float], Numbers]
    without: Callable[[], Numbers] | None = None


class Bootstrap:
    """units: (n,) codes of what is resampled. The same `seed`, units and `resamples` give the same draws."""

    def __init__(self, units: NDArray[Any], *, resamples: int = 1000, seed: int = 0) -> None:
        self._codes = _dense(np.asarray(units))
        self.units = int(self._codes.max()) + 1 if len(self._codes) else 0
        self.resamples = resamples
        self._seed = seed
        self._kept: list[NDArray[np.uint8]] | None = None

    def values(self, name: str, predicted: Predicted) -> Numbers:
        """(resamples,) the metric in each resample; nan where it has no value there."""
        return self._run([self._statistic(name, predicted)])[0][1]

    def interval(self, name: str, predicted: Predicted, confidence: float = 0.95) -> Interval:
        """The metric and its two-sided interval."""
        return self.intervals((name,), predicted, confidence)[name]

    def intervals(self, names: Iterable[str], predicted: Predicted, confidence: float = 0.95) -> dict[str, Interval]:
        """Several metrics in one pass over the draws. Draws that are all alike tell nothing of what other units would
        be like: a share of 0 or 1 then has its exact bound (Clopper and Pearson 1934), other metrics have none."""
        chosen, tail = list(names), (1 - confidence) / 2
        found = self._run([self._statistic(name, predicted) for name in chosen])
        given = {}
        for name, (value, draws) in zip(chosen, found, strict=True):
            still = _still(draws, 1e-12 * max(1.0, abs(value)))
            bounds = self._exact(name, value, tail) if still else self._bounds(draws, tail)
            given[name] = Interval(
                value, *by_logit(value, *bounds, self.units, tail) if name in FROM_0_TO_1 else bounds
            )
        return given

    def difference(
        self, name: str, a: Predicted, b: Predicted, confidence: float = 0.95, *, one_sided: bool = False
    ) -> Difference:
        """How much more the metric is for `a` than for `b`, on the same rows.

        one_sided: `low` and `high` are each a bound at the whole confidence, for tests that look at one of them.
        Models that answer alike are equal. Others may decide alike on these rows, or differ on a few: what that says
        of other rows is bounded by their number, and the interval is widened as for one such unit more.
        """
        statistics = [self._statistic(name, a), self._statistic(name, b)]
        (first, draws_a), (second, draws_b) = self._run(statistics)
        value, draws = first - second, draws_a - draws_b
        tolerance, tail = 1e-12 * max(1.0, abs(first), abs(second)), (1 - confidence) / (1 if one_sided else 2)
        if _still(draws, tolerance) and (self.units >= MIN_UNITS or _alike(a, b)):
            unseen = not _alike(a, b) and abs(value) <= tolerance
            if unseen and (METRICS[name].needs in ("classes", "intervals") or (name in FROM_0_TO_1 and first == 1)):
                reach, spread = never_seen(self._least_units(name, a), tail)
                return Difference(value, -reach, reach, spread, False, self.units)
            return Difference(value, value, value, 0.0, abs(value) <= tolerance, self.units)
        low, high, se = self._bounds(draws, tail)
        if low is not None and high is not None and se is not None:
            few = influential(*(each.without for each in statistics))
            se *= (1 + 1 / few) ** 0.5
            reach = student(self.units, tail) * se
            low, high = min(low, value - reach), max(high, value + reach)
        return Difference(value, low, high, se, equal=False, units=self.units)

    def _least_units(self, name: str, a: Predicted) -> int:
        """How many units have rows of the rarest class; of a share, all."""
        if name in SHARES:
            return self.units
        return min(len(np.unique(self._codes[a.target == code])) for code in np.unique(a.target))

    def _exact(self, name: str, value: float, tail: float) -> tuple[float | None, float | None, float | None]:
        """As if each unit were one row, which is exact for rows and cautious for larger units."""
        if name not in SHARES or value not in (0.0, 1.0) or self.units < MIN_UNITS:
            return None, None, None
        reach, se = never_seen(self.units, tail)
        return max(0.0, value - reach), min(1.0, value + reach), se

    def _bounds(self, draws: Numbers, tail: float) -> tuple[float | None, float | None, float | None]:
        known = draws[np.isfinite(draws)]
        if self.units < MIN_UNITS or len(known) < (1 - MAX_MISSING) * self.resamples:
            return None, None, None
        level = widened(tail, self.units)
        # (k of B + 1): the k-th of B draws is passed by k / (B + 1) of all, which matters in the tails
        low, high = np.quantile(known, [level, 1 - level], method="weibull")
        return float(low), float(high), float(known.std(ddof=1) * np.sqrt(self.units / (self.units - 1)))

    def _statistic(self, name: str, predicted: Predicted) -> _Statistic:
        if len(predicted) != len(self._codes):
            raise ValueError(f"{len(predicted)} rows were predicted, {len(self._codes)} have a unit")
        if name in RANKED:
            return _Statistic(ranked(name, predicted, self._codes), _as_is)
        sums = sums_of(name, predicted)
        if sums is None:
            raise ValueError(f"{name} cannot be resampled")
        by_unit = np.column_stack(
            [np.bincount(self._codes, weights=column, minlength=self.units) for column in sums.columns.T]
        )

        def draw(counts: NDArray[Any]) -> Numbers:
            return sums.finish(counts.astype(np.float64) @ by_unit)

        def without() -> Numbers:
            return sums.finish(by_unit.sum(axis=0) - by_unit)

        return _Statistic(draw, _centred_root if name == "calibration_error" else _as_is, without)

    def _run(self, statistics: list[_Statistic]) -> list[tuple[float, Numbers]]:
        """(value of all rows, draws) of each; one pass over the draws."""
        if not self.units:
            return [(np.nan, np.full(self.resamples, np.nan)) for _ in statistics]
        parts: list[list[Numbers]] = [[] for _ in statistics]
        whole = np.ones((1, self.units), dtype=np.uint8)
        raw = [float(each.draw(whole)[0]) for each in statistics]
        with one_thread():
            for counts in self._blocks():
                for part, each in zip(parts, statistics, strict=True):
                    part.append(each.draw(counts))
        return [
            (float(each.settle(np.array([value]), value)[0]), each.settle(np.concatenate(part), value))
            for each, value, part in zip(statistics, raw, parts, strict=True)
        ]

    def _blocks(self) -> Iterator[NDArray[np.uint8]]:
        """The draws, a block of (b, units) counts at a time."""
        if self._kept is None and self.resamples * self.units <= _KEPT:
            self._kept = list(self._drawn())
        return iter(self._kept) if self._kept is not None else self._drawn()

    def _drawn(self) -> Iterator[NDArray[np.uint8]]:
        rng = np.random.default_rng(self._seed)
        wide = max(self.units, len(self._codes))
        rows = max(1, _CELLS // wide, min(8, 2**23 // wide))  # of many rows still eight: products of one are slow
        for start in range(0, self.resamples, rows):
            b = min(rows, self.resamples - start)
            picked = rng.integers(0, self.units, size=(b, self.units))
            picked += np.arange(b)[:, None] * self.units
            counts = np.bincount(picked.ravel(), minlength=b * self.units)
            # A byte holds every count: at most `units` of them, and with more than 255 units the chance that one
            # is drawn 256 times is below 1e-500.
            yield counts.reshape(b, self.units).astype(np.uint8)


def _still(draws: Numbers, tolerance: float) -> bool:
    """Whether the metric is the same in every draw."""
    known = draws[np.isfinite(draws)]
    return bool(len(known)) and bool(np.ptp(known) <= tolerance)


def _alike(a: Predicted, b: Predicted) -> bool:
    pairs = ((a.values, b.values), (a.scores, b.scores), (a.low, b.low), (a.high, b.high))
    return all(x is y or (x is not None and y is not None and np.allclose(x, y, 1e-9, 1e-12)) for x, y in pairs)


def _as_is(draws: Numbers, _value: float) -> Numbers:
    return draws


def _centred_root(draws: Numbers, value: float) -> Numbers:
    """Resampling adds to each bin's squared gap the noise that the estimate has taken out: it is taken out again."""
    centred: Numbers = np.sqrt(np.maximum(draws - draws.mean() + value, 0.0))
    return centred
