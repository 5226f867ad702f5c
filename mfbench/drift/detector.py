"""Windows that keep coming: when to say that something has changed, with a declared time between false alarms.

A reference is finite, and taking it for the truth breaks every promise in the end: its own noise is found. So each
window is compared with the pool of the reference and all windows before it. Where nothing changed, which rows of the
pool and the window form the window is a draw like any other, so the p-value of a test is uniform and does not depend
on its earlier ones (exactly for one test, in the limit of many rows for several together). As e-values they feed a
Shiryaev-Roberts detector for each test; their average over all tests that could exist, with fixed weights, is an alarm
when it reaches the declared number of windows.

After an alarm the statistics begin anew and the pool is kept, for a pool that begins with the window that raised a
false alarm would raise the next. A change that lasts is told of again until the pool has taken it in.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mfbench.drift.comparing import Key, compare, key, possible, unit_count
from mfbench.drift.counts import ColumnCounts, Counts, reference_counts
from mfbench.drift.findings import Look
from mfbench.drift.profile import Profile
from mfbench.stats.predicted import Numbers
from mfbench.stats.sequential import ShiryaevRoberts, calibrate

SELDOM = 0.1  # weight of tests for which the reference has no case: should one come, its evidence is overwhelming


class Detector:
    """profile: the reference; threshold: windows to a false alarm, on average at least (settings.run_length);
    state: of a detector of the same reference, to go on from. Raises ValueError where it is of another one."""

    def __init__(self, profile: Profile, threshold: float, state: dict[str, Any] | None = None) -> None:
        self.profile = profile
        self.pool = reference_counts(profile)
        self.looks = 0
        self._place = {name: place for place, name in enumerate(possible(profile))}
        self._detector = ShiryaevRoberts(len(self._place), threshold, _weights(profile, list(self._place)))
        if state:
            self._resume(state)

    def look(self, counts: Counts) -> Look:
        """What the window brings; it then belongs to the pool. A window that is too small is not to be handed in."""
        p = np.full(len(self._place), np.nan)
        for test in compare(self.profile, counts, self.pool, level=0):
            if test.p is not None:
                p[self._place[key(test)]] = test.p
        e = calibrate(p)
        statistic = self._detector.look(e)
        column, threshold = self._leading(), self._detector.threshold
        if fired := statistic >= threshold:
            self._detector.reset()
        self._pool(counts)
        brought = float(np.nanmean(e)) if not np.isnan(e).all() else 1.0
        return Look(e=brought, statistic=statistic, threshold=threshold, fired=fired, column=column)

    def state(self) -> dict[str, Any]:
        """All that a later detector needs, as JSON can hold it."""
        columns = [[c.cells.tolist(), int(c.nulls), int(c.odd)] for c in self.pool.columns]
        r = self._detector.r
        return {
            "looks": self.looks,
            "rows": int(self.pool.rows),
            "units": self.pool.units,
            "rows_of": [int(rows) for rows in self.pool.rows_of],
            "columns": columns,
            "r": [[*name, float(r[place])] for name, place in self._place.items() if r[place]],
        }

    def _resume(self, state: dict[str, Any]) -> None:
        try:
            columns = [ColumnCounts(np.asarray(cells, dtype=np.int64), nulls, odd)
                       for cells, nulls, odd in state["columns"]]  # fmt: skip
            pool = Counts(state["rows"], columns, list(state["rows_of"]), state["units"])
            if [len(c.cells) for c in columns] != [len(c.cells) for c in self.pool.columns]:
                raise ValueError("other columns")
            for *name, r in state["r"]:
                self._detector.r[self._place[tuple(name)]] = r
            self.pool, self.looks = pool, int(state["looks"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"the detector's state is of another reference: {error}") from None

    def _leading(self) -> str | None:
        """The column whose tests carry the statistic."""
        sums: dict[str | None, float] = {}
        carried = self._detector.r * self._detector.weights
        for (column, *_), place in self._place.items():
            sums[column] = sums.get(column, 0.0) + float(carried[place])
        column, most = max(sums.items(), key=lambda item: item[1], default=(None, 0.0))
        return column if most else None

    def _pool(self, counts: Counts) -> None:
        units = self.pool.units or 0
        self.pool = self.pool + counts
        self.pool.units = units + max(round(unit_count(self.profile, counts, counts.rows)), 1)
        self.looks += 1


def _weights(profile: Profile, keys: list[Key]) -> Numbers:
    """Tests that may never be made would only dilute the average of those that are."""
    nulls = {column.name for column in profile.columns if column.nulls}
    return np.array([1.0 if about == "values" or (about == "missing" and column in nulls) else SELDOM
                     for column, about, _ in keys])  # fmt: skip
