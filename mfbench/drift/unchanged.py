"""How often the alarm is raised where nothing has changed: windows of the reference against the rest of it, and
streams of windows against the detector."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from mfbench.core.progress import Progress
from mfbench.drift.audited import Drawn, Replay, Stream, calm, run_length, share
from mfbench.drift.comparing import compare
from mfbench.drift.detector import Detector
from mfbench.drift.findings import Test
from mfbench.drift.judging import judge
from mfbench.drift.replay import Coded
from mfbench.drift.settings import Settings
from mfbench.drift.shifts import Generator, Rows

TELL_EVERY = 20  # looks


def replay(
    coded: Coded, settings: Settings, drawn: Drawn, size: int, windows: int, rng: Generator, tell: Progress
) -> Replay:
    """Windows of about `size` rows, each compared with all other rows of the sample."""
    significant = alarms = refused = looks = 0
    blamed: Counter[str] = Counter()
    for looks, rows in enumerate(_windows(coded, drawn, size, windows, rng), 1):
        inside, rest = coded.split(rows)
        tests = judge(compare(coded.profile, inside, rest), settings)
        found = significant_of(tests, settings)
        significant += bool(found)
        alarms += any(test.alarming for test in tests)
        refused += all(test.p is None for test in tests)
        blamed.update({test.column or "" for test in found})
        if looks % TELL_EVERY == 0:
            tell(f"unchanged windows of {size:,} rows ({drawn})", looks, windows)
    independent = coded.rows // size if drawn == "blocks" else looks
    both = share(significant, looks, independent), share(alarms, looks, independent)
    (column, by), *_ = [*blamed.most_common(1), (None, 0)]
    return Replay(
        drawn=drawn, unit=coded.profile.unit, size=size, declared=settings.level, significant=both[0], alarms=both[1],
        column=column, by=by, verdict=calm(both[0], settings.level), alarming=calm(both[1], settings.level),
        refused=refused,
    )  # fmt: skip


def stream(
    coded: Coded, threshold: float, size: int, reference: int, looks: int, rng: Generator, tell: Progress
) -> Stream:
    """Streams twice as long as the declared run length (as far as the looks reach), with replacement from the sample,
    each with a reference of its own: it is as finite as the real one."""
    length = max(math.ceil(2 * threshold), 1)
    done = streams = alarms = 0
    while done < looks:
        streams += 1
        detector = fresh(coded, threshold, reference, rng)
        for _ in range(min(length, looks - done)):
            rows, units = coded.drawn(size, rng, again=True)
            alarms += detector.look(coded.counts(coded.cells(rows), len(rows), units)).fired
            done += 1
            if done % TELL_EVERY == 0:
                tell("windows of unchanged streams", done, looks)
    mean, low, high, verdict = run_length(alarms, done, threshold)
    return Stream(
        size=size, reference=reference, declared=threshold, streams=streams, looks=done, alarms=alarms,
        run_length=mean, low=low, high=high, verdict=verdict,
    )  # fmt: skip


def fresh(coded: Coded, threshold: float, reference: int, rng: Generator) -> Detector:
    """A detector that has seen no window, with a reference drawn from the sample."""
    rows, units = coded.drawn(reference, rng, again=True)
    return Detector(coded.as_reference(coded.counts(coded.cells(rows), len(rows), units)), threshold)


def significant_of(tests: Sequence[Test], settings: Settings) -> list[Test]:
    return [test for test in tests if test.adjusted is not None and test.adjusted <= settings.level]


def _windows(coded: Coded, drawn: Drawn, size: int, windows: int, rng: Generator) -> Iterator[Rows]:
    if drawn == "blocks":
        yield from coded.blocks(size, windows)
        return
    for _ in range(windows):
        yield rng.choice(coded.rows, size, replace=False) if drawn == "rows" else coded.drawn(size, rng)[0]
