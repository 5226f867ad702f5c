"""What would be seen: shifts of a known size are put into unchanged windows and streams."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from mfbench.core.progress import Progress
from mfbench.drift.audited import Delay, Found, share
from mfbench.drift.comparing import compare
from mfbench.drift.counts import Counts
from mfbench.drift.findings import Test
from mfbench.drift.judging import judge
from mfbench.drift.profile import Column
from mfbench.drift.replay import Coded
from mfbench.drift.settings import Settings
from mfbench.drift.shifts import KINDS, SEGMENT, Generator, Ranked, Rows, shift
from mfbench.drift.unchanged import fresh, significant_of

EFFECTS = (0.05, 0.1, 0.2, 0.4)
DELAYED = ("larger", "replaced")  # shifts whose delay is measured: the first of these that the columns allow
BEFORE, MOST = 5, 30  # windows of a stream before the shift, and at most after it
MANY = 10  # different numbers, from which on they can move by little


class Shifter:
    """Knows which columns a shift can be put into."""

    def __init__(self, coded: Coded, rng: Generator) -> None:
        self.coded, self.rng = coded, rng
        self._ranked: dict[int, Ranked] = {}
        self._eligible = {kind: [j for j, column in enumerate(coded.profile.columns) if _fits(kind, column, coded, j)]
                          for kind in KINDS}  # fmt: skip

    def kinds(self) -> list[str]:
        return [kind for kind in KINDS if self._eligible[kind]]

    def put(self, kind: str, rows: Rows, effect: float, column: int | None = None) -> tuple[int, Rows]:
        """(column, donors of its values): in the column, or by chance in one of those that can have it."""
        j = int(self.rng.choice(self._eligible[kind])) if column is None else column
        by = int(self.rng.choice(self._eligible[kind]))
        return j, shift(kind, self._of(j), self._of(by), rows, effect, self.rng)

    def _of(self, j: int) -> Ranked:
        if j not in self._ranked:
            self._ranked[j] = self.coded.ranked(j, self.rng)
        return self._ranked[j]


def _fits(kind: str, column: Column, coded: Coded, j: int) -> bool:
    if not coded.known[j].any() or column.kind == "described":
        return False
    if kind == "prediction":
        return column.role == "prediction"
    if column.role not in ("input", "derived"):
        return False
    many = column.kind == "numeric" and column.distinct > MANY
    return {"missing": True, "replaced": not many and column.distinct > 1}.get(kind, many)


def found(
    coded: Coded, settings: Settings, sizes: Sequence[int], windows: int, rng: Generator, tell: Progress
) -> list[Found]:
    """The share of windows that show each shift, by its effect and the windows' size."""
    shifter = Shifter(coded, rng)
    hits: dict[tuple[str, float, int], list[int]] = defaultdict(lambda: [0, 0])
    for number, size in enumerate(sizes):
        for done in range(windows):
            rows, _ = coded.drawn(size, rng)
            inside, rest = coded.split(rows)
            before = compare(coded.profile, inside, rest)
            for kind in shifter.kinds():
                for effect in _effects(kind):
                    tests = judge(_with(shifter, kind, rows, effect, (inside, rest), before), settings)
                    hit = hits[kind, effect, size]
                    hit[0] += bool(significant_of(tests, settings))
                    hit[1] += any(test.alarming for test in tests)
            tell("windows with a shift put in", number * windows + done, len(sizes) * windows)
    return [
        Found(shift=kind, effect=effect, size=size, significant=share(some, windows), alarms=share(alarms, windows))
        for (kind, effect, size), (some, alarms) in hits.items()
    ]


def _effects(kind: str) -> tuple[float, ...]:
    return (SEGMENT,) if kind == "segment" else EFFECTS


def _with(
    shifter: Shifter, kind: str, rows: Rows, effect: float, sides: tuple[Counts, Counts], before: Sequence[Test]
) -> list[Test]:
    """The tests of a window once the shift is in it: only those of the column that has it change."""
    coded, (inside, rest) = shifter.coded, sides
    j, donors = shifter.put(kind, rows, effect)
    moved = _only(inside, j)
    moved.columns[0] = coded.column_counts(j, coded.moved(j, donors))
    name = coded.profile.columns[j].name
    return [*(test for test in before if test.column != name), *compare(coded.alone(j), moved, _only(rest, j))]


def _only(counts: Counts, j: int) -> Counts:
    return Counts(counts.rows, [counts.columns[j]], [counts.rows_of[j]], counts.units)


def delays(
    coded: Coded, threshold: float, size: int, reference: int, streams: int, rng: Generator, tell: Progress
) -> list[Delay]:
    """How many windows the detector takes to see a shift that has come to stay, by its effect."""
    shifter = Shifter(coded, rng)
    kind = next((kind for kind in DELAYED if kind in shifter.kinds()), None)
    if kind is None:
        return []
    told = []
    for number, effect in enumerate(EFFECTS):
        waits = []
        for done in range(streams):
            waits.append(_wait(coded, shifter, kind, effect, threshold, size, reference, rng))
            tell("streams with a shift put in", number * streams + done, len(EFFECTS) * streams)
        median = float(np.median(waits))
        told.append(Delay(
            shift=kind, effect=effect, size=size, windows=median if np.isfinite(median) else None, most=MOST,
            streams=streams, found=int(np.isfinite(waits).sum()),
        ))  # fmt: skip
    return told


def _wait(
    coded: Coded,
    shifter: Shifter,
    kind: str,
    effect: float,
    threshold: float,
    size: int,
    reference: int,
    rng: Generator,
) -> float:
    """Windows until it fired; inf: not within MOST."""
    detector = fresh(coded, threshold, reference, rng)
    column: int | None = None
    for number in range(BEFORE + MOST):
        rows, units = coded.drawn(size, rng, again=True)
        counts = coded.counts(coded.cells(rows), len(rows), units)
        if number >= BEFORE:
            column, donors = shifter.put(kind, rows, effect, column)
            counts.columns[column] = coded.column_counts(column, coded.moved(column, donors))
        if detector.look(counts).fired and number >= BEFORE:
            return number - BEFORE + 1.0
    return np.inf
