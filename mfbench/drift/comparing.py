"""The tests of one window: each column's values, nulls and types against the reference, or against a pool of rows.

Rows of one unit (a day, a shop) resemble each other, so a sample of n rows tells as little as n / deff independent
ones, with deff = 1 + (n / units - 1) * icc (Kish). Chi-square is corrected for it (see clusters.py) and referred to F.
KS has no such correction and is then shown only. What
units have in common with the next ones (a series of days) is not modelled.
A reference that has no nulls, or no odd values, does not tell how alike a unit's rows are in these: they are then
tested row by row, so that a column that breaks is found in the first window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mfbench.drift.clusters import compare_clustered
from mfbench.drift.counts import ColumnCounts, Counts, reference_counts
from mfbench.drift.findings import Test
from mfbench.drift.power import visible_ks, visible_share, visible_variation
from mfbench.drift.profile import Column, Profile
from mfbench.stats import twosample

LEAST_ROWS = 20  # effective rows of either side; with fewer nothing is judged
CLUSTERED = 1.05  # of deff: KS, and Fisher's test, are judged below it only
Key = tuple[str | None, str, str]
Draft = tuple[Test, Callable[[float], float] | None]


@dataclass(frozen=True)
class Sizes:
    """Of one question: effective rows of both sides, each side's rows over them, and the freedom of that estimate."""

    n: float
    m: float
    deff: tuple[float, float] = (1.0, 1.0)
    freedom: float = np.inf

    @property
    def why(self) -> str:
        rows = min(self.n, self.m)
        return "" if rows >= LEAST_ROWS else f"{int(rows)} effective rows, {LEAST_ROWS} are needed"


def compare(profile: Profile, counts: Counts, against: Counts | None = None, *, level: float = 0.01) -> list[Test]:
    """All tests that the window's counts allow, column by column, not corrected yet (see judging.judge).

    against: what the window is compared with, None: the reference. level: of all tests together, for `visible`;
    0: `visible` is left out.
    """
    against = against or reference_counts(profile)
    drafts = [draft for place in range(len(profile.columns)) for draft in _column(profile, place, against, counts)]
    judged = sum(test.p is not None for test, _ in drafts)
    if not level:
        return [test for test, _ in drafts]
    return [_seeing(test, visible, level / max(judged, 1)) for test, visible in drafts]


def possible(profile: Profile) -> list[Key]:
    """The keys of all tests that a window could ever have, in the order of the columns."""
    found: list[Key] = []
    for column in profile.columns:
        if column.kind == "described":
            continue
        names = ["KS", "chi-square"] if column.kind == "numeric" else ["chi-square"]
        found += [(column.name, "values", name) for name in names]
        found += [(column.name, "missing", ""), (column.name, "type", "")]
    return found


def key(test: Test) -> Key:
    """What a test is known by from window to window; whether a share is tested exactly depends on the window."""
    return test.column, test.about, test.test if test.about in ("values", "together") else ""


def _column(profile: Profile, place: int, against: Counts, counts: Counts) -> Iterator[Draft]:
    column, a, b = profile.columns[place], against.columns[place], counts.columns[place]
    n, m = against.rows_of[place], counts.rows_of[place]
    if column.kind == "described" or not n or not m:
        return
    if b.cells.sum() and a.cells.sum():
        sizes = _sizes(profile, column, against, counts, int(a.cells.sum()), int(b.cells.sum()), column.icc)
        units = (unit_count(profile, against, n, column.part), unit_count(profile, counts, m))
        yield from _values(profile, column, a, b, sizes, units)
    missing = (a.nulls - a.odd, n), (b.nulls - b.odd, m)
    sizes = _sizes(profile, column, against, counts, n, m, column.icc_nulls)
    yield from _share(column, "missing", *missing, sizes)
    yield from _share(column, "type", (a.odd, n), (b.odd, m), Sizes(n, m))


def _values(
    profile: Profile, column: Column, a: ColumnCounts, b: ColumnCounts, sizes: Sizes, units: tuple[float, float]
) -> Iterator[Draft]:
    if column.kind == "numeric":
        d, why = twosample.ks(a.cells, b.cells), sizes.why
        if not why and (max(sizes.deff) >= CLUSTERED or (column.within and not column.icc)):
            why = f"rows of one {profile.unit} resemble each other"
        p = None if why else twosample.ks_p(d, sizes.n, sizes.m)
        chance = twosample.chance_ks(sizes.n, sizes.m)
        test = Test(column=column.name, about="values", test="KS", statistic=d, p=p, effect=d, chance=chance, why=why)
        yield test, lambda level: visible_ks(sizes.n, sizes.m, level)
    if column.within:
        yield _of_clusters(column, a, b, sizes, units)
        return
    bars = column.bars or range(len(a.cells))
    x, y = (np.add.reduceat(side.cells, bars) / deff for side, deff in zip((a, b), sizes.deff, strict=True))
    x, y = (twosample.merge_ordered if column.kind == "numeric" else twosample.merge_rare)(x, y)
    statistic, df = twosample.chi_square(x, y)
    why = sizes.why or ("" if df else "one value only")
    test = Test(
        column=column.name, about="values", test="chi-square", statistic=statistic, why=why,
        p=None if why else twosample.chi_square_p(statistic, df, sizes.freedom),
        effect=twosample.total_variation(x, y), chance=twosample.chance_variation(x, y),
    )  # fmt: skip
    yield test, (lambda level: visible_variation(sizes.n, sizes.m, df, level)) if df else None


def _of_clusters(column: Column, a: ColumnCounts, b: ColumnCounts, sizes: Sizes, units: tuple[float, float]) -> Draft:
    """Chi-square of groups whose rows come in units that resemble each other."""
    x, y = (np.add.reduceat(side.cells, column.groups).astype(np.float64) for side in (a, b))
    found = compare_clustered(x, y, np.array(column.within), units, sizes.freedom)
    why = sizes.why or ("" if found.df else "one value only")
    test = Test(
        column=column.name, about="values", test="chi-square", statistic=found.statistic, why=why,
        p=None if why else found.p, effect=twosample.total_variation(x, y),
        chance=twosample.chance_variation(x, y, sizes.n, sizes.m),
    )  # fmt: skip
    return test, (lambda level: visible_variation(sizes.n, sizes.m, found.df, level)) if found.df else None


def _share(
    column: Column, about: Literal["missing", "type"], a: tuple[int, int], b: tuple[int, int], sizes: Sizes
) -> Iterator[Draft]:
    """The 2 x 2 table of rows with and without; a, b: (rows with, all rows). Nothing where neither side has any."""
    if not a[0] + b[0]:
        return
    table = [np.array([x, rows - x]) / deff for (x, rows), deff in zip((a, b), sizes.deff, strict=True)]
    rarest = float((table[0] + table[1]).min()) * min(sizes.n, sizes.m) / (sizes.n + sizes.m)
    statistic, df = twosample.chi_square(*table)
    exact = rarest < twosample.LEAST
    if not exact:
        p = twosample.chi_square_p(statistic, df, sizes.freedom)
    else:
        (x, n), (y, m) = ((round(side[0]), round(side.sum())) for side in table)
        p = twosample.fisher_p(x, n, y, m) if x + y <= n + m - x - y else twosample.fisher_p(n - x, n, m - y, m)
    why = sizes.why
    if exact and not why and max(sizes.deff) >= CLUSTERED:  # a unit more or less that has them decides
        why = "too few rows with them, which come in units"
    share = a[0] / a[1]
    test = Test(
        column=column.name, about=about, test="Fisher" if exact else "chi-square", why=why,
        statistic=None if exact else statistic, p=None if why else p,
        effect=abs(b[0] / b[1] - share), chance=twosample.chance_variation(table[0], table[1]),
    )  # fmt: skip
    yield test, lambda level: visible_share(share, sizes.n, sizes.m, level)


def _sizes(
    profile: Profile, column: Column, against: Counts, counts: Counts, n: int, m: int, icc: float
) -> Sizes:  # fmt: skip
    if icc <= 0:
        return Sizes(n, m)
    units = unit_count(profile, against, n, column.part), unit_count(profile, counts, m)
    deff = [1 + max(rows / of - 1, 0) * icc for rows, of in zip((n, m), units, strict=True)]
    return Sizes(n / deff[0], m / deff[1], (deff[0], deff[1]), max(profile.units - 1, 1))


def unit_count(profile: Profile, counts: Counts, rows: int, part: float = 1.0) -> float:
    """Units that so many of the window's rows come from; as large ones as the reference's where it is not known.

    part: of the reference's own units, those that were counted (see Column.part).
    """
    units = counts.units or max(counts.rows * profile.units / max(profile.rows, 1), 1.0)
    return float(max(min(units - profile.units * (1 - part), rows), 1.0))


def _seeing(test: Test, visible: Callable[[float], float] | None, level: float) -> Test:
    from msgspec.structs import replace

    return replace(test, visible=visible(level)) if visible and test.p is not None else test
