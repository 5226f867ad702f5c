"""Windows drawn from real rows: from the reference itself (nothing changed) and from others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import polars as pl

from benchmarks.drift_tables import share
from mfbench.drift.building import build_profile
from mfbench.drift.comparing import compare
from mfbench.drift.counting import Counter
from mfbench.drift.counts import Counts, reference_counts
from mfbench.drift.describing import describe
from mfbench.drift.findings import Test
from mfbench.drift.judging import judge
from mfbench.drift.profile import Profile
from mfbench.drift.settings import Settings
from mfbench.stats.multiple import benjamini_hochberg

FAR, HALF = 0.1, 0.5  # Evidently's defaults: a column is far at this distance, the data where this share of columns is


@dataclass(frozen=True)
class Look:
    """What several rules say of one window. p: the least that Holm leaves; effect: the largest of a test that holds at
    1 %; naive: some column's own p below 5 %; listed: Benjamini-Hochberg lists one at 5 %; distance: half of the
    columns lie as far as Evidently calls drift."""

    p: float
    effect: float
    naive: bool
    listed: bool
    distance: bool


class Reference:
    """Rows that are known: windows can be drawn from them, the reference then being the other rows."""

    def __init__(
        self, frame: pl.DataFrame, roles: list[Any], *, task: str, codes: Any = None, unit: str = "row"
    ) -> None:
        self.frame, self.codes = frame, codes
        self.profile = build_profile(frame, roles, task=task, codes=codes, unit=unit)
        self.counter = Counter(self.profile.columns)

    def count(self, frame: pl.DataFrame, units: int | None = None) -> Counts:
        counts = self.counter.count(frame)
        counts.units = units or frame.height
        return counts

    def without(self, counts: Counts, units: int | None = None) -> Profile:
        """The reference less these rows, which are among its own."""
        whole = reference_counts(self.profile)
        columns = tuple(
            msgspec.structs.replace(column, counts=tuple((a.cells - b.cells).tolist()), nulls=a.nulls - b.nulls)
            for column, a, b in zip(self.profile.columns, whole.columns, counts.columns, strict=True)
        )
        rows = self.profile.rows - counts.rows
        return msgspec.structs.replace(self.profile, columns=columns, rows=rows, units=units or rows)

    def unchanged(self, size: int, times: int, rng: np.random.Generator) -> list[Look]:
        """Windows of so many rows at random, each against all other rows."""
        found = []
        for _ in range(times):
            counts = self.count(self.frame[rng.choice(self.frame.height, size, replace=False)])
            found.append(look(self.without(counts), counts))
        return found

    def unchanged_units(self, size: int, times: int, rng: np.random.Generator) -> list[Look]:
        """Windows of so many whole units at random."""
        count = int(self.codes.max()) + 1
        found = []
        for _ in range(times):
            chosen = np.isin(self.codes, rng.choice(count, size, replace=False))
            counts = self.count(self.frame.filter(chosen), size)
            found.append(look(self.without(counts, count - size), counts))
        return found

    def of(self, frame: pl.DataFrame, size: int, times: int, rng: np.random.Generator) -> list[Look]:
        """Windows of so many rows of other data, against the whole reference."""
        return [look(self.profile, self.count(frame[rng.choice(frame.height, size, replace=False)]))
                for _ in range(times)]  # fmt: skip


def look(profile: Profile, counts: Counts) -> Look:
    tests = judge(compare(profile, counts, level=0), Settings(level=0.01))
    judged = [test for test in tests if test.p is not None]
    p = [test.p for test in judged if test.p is not None]
    held = [test.effect or 0.0 for test in judged if (test.adjusted or 0.0) <= 0.01]
    return Look(
        p=min((test.adjusted for test in judged if test.adjusted is not None), default=1.0),
        effect=max(held, default=0.0),
        naive=min(_by_column(judged), default=1.0) < 0.05,
        listed=bool((np.asarray(benjamini_hochberg(p)) <= 0.05).any()),
        distance=_distant(profile, counts),
    )


def _by_column(tests: list[Test]) -> list[float]:
    """One p a column, as one would take it from SciPy: KS of numbers, chi-square of categories."""
    found: dict[str | None, float] = {}
    for test in tests:
        if test.about == "values" and test.p is not None:
            found[test.column] = test.p if test.test == "KS" else found.get(test.column, test.p)
    return list(found.values())


def _distant(profile: Profile, counts: Counts) -> bool:
    """Evidently's default for a reference of more than 1,000 rows: Wasserstein over the standard deviation of numbers,
    Jensen-Shannon (natural logarithm) of categories, 0.1 or more, in half of the columns."""
    far = []
    for one in describe(profile, counts):
        if one.kind == "numeric":
            far.append((one.wasserstein or 0.0) >= FAR)
        elif one.kind == "values":
            far.append((one.js or 0.0) * np.log(2) ** 0.5 >= FAR)
    return float(np.mean(far)) >= HALF


def rules(looks: list[Look]) -> tuple[str, ...]:
    """Shares of the windows that each rule finds, as the columns of RULES."""
    return tuple(str(share(flags)) for flags in (
        [each.p <= 0.01 for each in looks], [each.p <= 0.05 for each in looks],
        [each.naive for each in looks], [each.listed for each in looks], [each.distance for each in looks],
    ))  # fmt: skip


RULES = ("ours, level .01", "ours, level .05", "columns one by one, p < .05", "Benjamini-Hochberg .05",
         "distance >= .1 in half")  # fmt: skip
