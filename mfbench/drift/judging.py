"""From the tests of a window to what is said of it: is it significant, and is it large enough for an alarm."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from mfbench.drift import power
from mfbench.drift.findings import Look, Test, Verdict
from mfbench.drift.profile import Profile
from mfbench.drift.settings import Settings
from mfbench.stats.multiple import benjamini_hochberg, holm


def judge(tests: Sequence[Test], settings: Settings) -> list[Test]:
    """The tests with Holm's adjusted p over all that were judged, `listed` and `alarming`; those without p as they are.

    Holm keeps the chance of one false find in the window at the level, whatever the tests' dependence;
    Benjamini-Hochberg at the same level only lists columns.
    """
    p = [test.p for test in tests if test.p is not None]
    found = zip(holm(p), benjamini_hochberg(p), strict=True)
    return [test if test.p is None else _judged(test, *next(found), settings) for test in tests]


def _judged(test: Test, adjusted: float, discovery: float, settings: Settings) -> Test:
    alarming = adjusted <= settings.level and (test.effect or 0.0) >= settings.min_effect
    listed = bool(discovery <= settings.level)
    return replace(test, adjusted=float(adjusted), listed=listed, alarming=bool(alarming))


def significant(tests: Sequence[Test], settings: Settings) -> bool:
    """Whether any test holds at the level, all tests of the window counted."""
    return any(test.adjusted is not None and test.adjusted <= settings.level for test in tests)


def verdict(tests: Sequence[Test], look: Look | None, settings: Settings) -> Verdict:
    """What is said of a window. tests: judged, against the reference; look: the detector's, None: the only window.

    An alarm is a test that is significant and large; where windows keep coming the detector has to fire as well, and
    then the effect of the column that it is about is enough: many small looks may have told what this one does not.
    'too small' where no test could be judged.
    """
    if all(test.p is None for test in tests):
        return "too small"
    alarm = any(test.alarming for test in tests)
    if look is not None:
        effects = [test.effect or 0.0 for test in tests if test.column == look.column and test.p is not None]
        alarm = look.fired and (alarm or max(effects, default=0.0) >= settings.min_effect)
    if alarm:
        return "alarm"
    return "changed" if significant(tests, settings) or (look is not None and look.fired) else "quiet"


def needed_rows(profile: Profile, settings: Settings, tests: int) -> int | None:
    """Rows of a window in which a shift of min_effect in one column is found with 80 % power among so many tests.

    At least 100; None where the reference is too small for any window (see `needed_reference`). Rows that resemble
    each other tell less, so of clustered data more are needed: `visible` of each test says what was within reach.
    """
    return power.needed_rows(profile.rows, settings.min_effect, settings.level / max(tests, 1))


def needed_reference(settings: Settings, tests: int) -> int:
    """Rows that a reference needs so that a window as large as itself shows min_effect."""
    return int(2 * power.least_reference(settings.min_effect, settings.level / max(tests, 1))) + 1
