"""Can the alarms be trusted on this model's data? The reference is replayed as if it were arriving.

Nothing changed in these windows, or exactly what was put in: so what is found can be held against what was declared.
What is replayed is the sample in the bundle; each window is compared with all other rows of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mfbench.core import progress
from mfbench.core.progress import Progress
from mfbench.drift import sizing
from mfbench.drift.audited import Audit, Replay
from mfbench.drift.comparing import possible
from mfbench.drift.conclusion import conclude, restless
from mfbench.drift.profile import Profile
from mfbench.drift.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from mfbench.drift.reference import Reference
    from mfbench.drift.replay import Coded

LOOKS, WORK = 20, 80_000  # of streams: looks for each replayed window; columns times looks, for 1,000 of these
UNITS = ("day", "week")  # that are tried where blocks alarm too often


def audit(
    reference: Reference,
    settings: Settings,
    *,
    windows: int = 1000,
    sizes: Sequence[int] = (),
    seed: int = 0,
    tell: Progress | None = None,
) -> Audit:
    """What alarms of this configuration are worth on this reference.

    windows: unchanged windows that are replayed; shifts are put into a tenth as many, for each size. sizes: rows of a
    window, the first is judged in full; else the window of the settings and what lies around it. The same seed gives
    the same audit. Raises UsageError where the sample is too small, saying how many rows it would need.
    """
    from mfbench.drift.coding import coded_sample
    from mfbench.drift.sensitivity import delays, found
    from mfbench.drift.unchanged import replay, stream

    tell = tell or progress.tell
    profile, sample, notes = reference.profile, reference.sample, list[str]()
    least = sizing.needed(profile, sample.height, settings, len(possible(profile)))
    size, chosen = sizing.sizes(settings, profile, sample, least, sizes, notes)
    threshold = sizing.threshold(settings, profile, sample, size)
    coded = coded_sample(reference)
    rng = [np.random.default_rng([seed, number]) for number in range(6)]
    replays = [replay(coded, settings, "rows", size, windows, rng[0], tell)]
    if coded.units is not None:
        replays.append(replay(coded, settings, "units", size, windows, rng[1], tell))
    if coded.order is not None:
        replays += [replay(coded, settings, "blocks", each, windows, rng[2], tell) for each in chosen]
        notes += _thinned(profile, coded)
    rows = coded.rows if coded.units is not None else profile.rows
    looks = max(min(LOOKS * windows, WORK * windows // 1000 // max(len(profile.columns), 1)), 100)
    told = Audit(
        model=reference.manifest.name if reference.manifest else None, settings=settings, seed=seed, size=size,
        sizes=chosen, reference=_about(reference, least), replays=replays, notes=notes,
        stream=stream(coded, threshold, size, rows, looks, rng[3], tell),
        found=found(coded, settings, chosen, max(windows // 10, 10), rng[4], tell),
        delays=delays(coded, threshold, size, rows, max(windows // 50, 5), rng[5], tell),
    )  # fmt: skip
    return conclude(told, _tried(coded, sample, told, windows, tell) if restless(told) else [])


def _tried(coded: Coded, sample: pl.DataFrame, found: Audit, windows: int, tell: Progress) -> list[Replay]:
    """Blocks of all sizes, had the rows of a day or a week been declared to be alike."""
    from mfbench.drift.coding import grouped
    from mfbench.drift.unchanged import replay

    told = []
    for unit in UNITS:
        other = grouped(coded, sample, unit)
        if other is not None:
            rng = np.random.default_rng(found.seed)  # of blocks nothing is drawn
            told += [replay(other, found.settings, "blocks", each, windows, rng, tell) for each in found.sizes]
    return told


def _thinned(profile: Profile, coded: Coded) -> list[str]:
    times = profile.rows / coded.rows
    if times < 1.5:
        return []
    return [f"The sample holds {coded.rows:,} of {profile.rows:,} rows: rows that follow each other in it span "
            f"{times:.1f} times as long as so many rows do, and blocks are calmer than in truth."]  # fmt: skip


def _about(reference: Reference, least: int) -> dict[str, Any]:
    profile = reference.profile
    return {"rows": profile.rows, "sample": reference.sample.height, "unit": profile.unit, "units": profile.units,
            "columns": len(profile.columns), "tests": len(possible(profile)), "needed": least}  # fmt: skip
