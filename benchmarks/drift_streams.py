"""Simulated streams in which nothing changes, looked at window after window with a finite reference.

A column of numbers is simulated by its cells, exactly: where the edges are quantiles of a sample of uniform numbers,
the cells' probabilities are what lies between the edges, and a window's counts are a multinomial draw.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.drift_tables import Table
from mfbench.drift.comparing import compare
from mfbench.drift.counts import ColumnCounts, Counts
from mfbench.drift.detector import Detector
from mfbench.drift.judging import judge, significant
from mfbench.drift.profile import BARS, CELLS, Column, Profile
from mfbench.drift.settings import Settings

NUMERIC, VALUES = 3, (5, 20)  # columns of numbers; values of the columns of categories
WINDOW = 1000
REFERENCES = (1000, 10_000)
LOOKS = 1000  # of a stream
LEVEL = 0.01


class Fixed(Detector):
    """The same detector with the reference taken for the truth: windows do not join the pool."""

    def _pool(self, counts: Counts) -> None:
        self.looks += 1


class World:
    """A finite reference drawn from it, and windows."""

    def __init__(self, rows: int, rng: np.random.Generator) -> None:
        self.rng, self.chances, columns = rng, [], []
        for i in range(NUMERIC):
            values = np.sort(rng.random(rows))
            cells = min(CELLS, rows // 4)
            places = np.ceil(np.arange(1, cells) * rows / cells).astype(int) - 1
            edges = values[places]
            counts = np.diff(places, prepend=-1, append=rows - 1)
            self.chances.append(np.diff(edges, prepend=0.0, append=1.0))
            columns.append(Column(name=f"n{i}", role="input", kind="numeric", dtype="Float64", edges=tuple(edges),
                                  counts=tuple(counts.tolist()), bars=tuple(np.arange(BARS) * cells // BARS),
                                  mean=0.5, sd=12**-0.5, low=0.0, high=1.0))  # fmt: skip
        for i, values_of in enumerate(VALUES):
            weights = 1 / np.arange(1, values_of + 1)
            chances = np.append(weights / weights.sum(), 0.0)
            counts = rng.multinomial(rows, chances)
            self.chances.append(chances)
            columns.append(Column(name=f"c{i}", role="input", kind="values", dtype="String",
                                  counts=tuple(counts.tolist()), values=tuple(f"v{j}" for j in range(values_of)),
                                  bars=tuple(range(values_of + 1))))  # fmt: skip
        self.profile = Profile(task="regression", rows=rows, units=rows, columns=tuple(columns))

    def window(self, effect: float = 0.0) -> Counts:
        """effect: the share of the first column's rows that lie in its upper half and used to lie in the lower."""
        columns = []
        for place, chances in enumerate(self.chances):
            if effect and not place:
                low = np.cumsum(chances) <= 0.5
                chances = chances * np.where(low, 1 - effect / chances[low].sum(), 1 + effect / chances[~low].sum())
            columns.append(ColumnCounts(self.rng.multinomial(WINDOW, chances / chances.sum())))
        return Counts(WINDOW, columns, [WINDOW] * len(columns), WINDOW)


def measure(seed: int, looks: int = 8000) -> list[Table]:
    rng = np.random.default_rng([seed, 2])
    return [_calm(rng, looks), _delay(rng)]


def _calm(rng: np.random.Generator, looks: int) -> Table:
    table = Table(
        f"streams in which nothing changes: windows of {WINDOW} rows from one false alarm to the next",
        ("rule", "reference", "declared", "looks", "alarms", "measured", "at least (95 %)",
         f"streams of {LOOKS:,} looks with an alarm"),
    )  # fmt: skip
    for rows in REFERENCES:
        found: dict[tuple[str, float], list[int]] = {}
        for _ in range(max(looks // LOOKS // 2, 1)):
            for name, alarms in _stream(World(rows, rng)).items():
                found.setdefault(name, []).append(alarms)
        for (rule, declared), times in found.items():
            table.rows.append((rule, f"{rows:,}", f"{declared:g}" if np.isfinite(declared) else "", *_lengths(times)))
    table.notes += [
        "fixed: the same detector, each window against the finite reference alone, without the pool",
        "truth: a Dirichlet-mixture e-process of one column that takes the reference's shares for the truth, level .05",
        "level .01: an alarm wherever one window holds at that level, all its tests corrected",
    ]
    return table


def _stream(world: World) -> dict[tuple[str, float], int]:
    """Alarms of each rule in one stream of LOOKS windows."""
    detectors: dict[tuple[str, float], Detector] = {}
    for declared in (50.0, 365.0):
        detectors["mfbench", declared] = Detector(world.profile, declared)
    detectors["fixed", 365.0] = Fixed(world.profile, 365.0)
    found = dict.fromkeys(detectors, 0)
    found["level .01", 1 / LEVEL] = found["truth, .05", np.inf] = 0
    seen = np.zeros(BARS)
    for _ in range(LOOKS):
        counts = world.window()
        seen += _bars(world, counts.columns[0].cells)
        found["truth, .05", np.inf] |= int(_evidence(seen, _bars(world, world.profile.columns[0].counts)) >= np.log(20))
        for name, detector in detectors.items():
            found[name] += detector.look(counts).fired
        found["level .01", 1 / LEVEL] += _level(world, counts, LEVEL)
    return found


def _bars(world: World, cells: Any) -> Any:
    return np.add.reduceat(np.asarray(cells, dtype=float), world.profile.columns[0].bars)


def _evidence(seen: Any, reference: Any) -> float:
    """Log of the e-process: Dirichlet-multinomial, 1/2 for each bar, over the multinomial of the reference's shares."""
    from scipy.special import gammaln

    half = np.full(len(seen), 0.5)
    mixture = gammaln(half.sum()) - gammaln(half.sum() + seen.sum()) + (gammaln(half + seen) - gammaln(half)).sum()
    return float(mixture - (seen * np.log(reference / reference.sum())).sum())


def _level(world: World, counts: Counts, level: float) -> bool:
    settings = Settings(level=level)
    return significant(judge(compare(world.profile, counts, level=0), settings), settings)


def _lengths(alarms: list[int]) -> tuple[str, ...]:
    from scipy.special import gammaincinv

    looks, times = LOOKS * len(alarms), sum(alarms)
    most = float(gammaincinv(times + 1, 0.95))  # alarms expected, at most: 95 % bound of a Poisson mean
    measured = f"{looks / times:,.0f}" if times else "-"
    return f"{looks:,}", f"{times:,}", measured, f"{looks / most:,.0f}", f"{sum(n > 0 for n in alarms)}/{len(alarms)}"


def _delay(rng: np.random.Generator, streams: int = 20, most: int = 100) -> Table:
    """After 20 calm windows the first column shifts and stays so."""
    declared = 365.0
    told = f"windows of {WINDOW} rows until a lasting shift of one of {NUMERIC + len(VALUES)} columns is found (median)"
    table = Table(told, ("share of rows moved", "mfbench, 365 declared", "found", "each alone, level 1/365", "found"))
    for effect in (0.03, 0.05, 0.1, 0.2):
        delays: tuple[list[int], list[int]] = ([], [])
        for _ in range(streams):
            world = World(5000, rng)
            detector = Detector(world.profile, declared)
            for _ in range(20):
                detector.look(world.window())
            windows = [world.window(effect) for _ in range(most)]
            fired = (detector.look(window).fired for window in windows)
            alone = (_level(world, window, 1 / declared) for window in windows)
            for delay, flags in zip(delays, (fired, alone), strict=True):
                delay.append(next((i for i, flag in enumerate(flags, 1) if flag), most + 1))
        figures = [(f"{np.median(delay):g}", f"{sum(n <= most for n in delay)}/{streams}") for delay in delays]
        table.rows.append((effect, *figures[0], *figures[1]))
    return table
