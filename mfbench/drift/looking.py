"""One window looked at: its tests, its verdict, what differs, all columns together, does it matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from mfbench.core.text import plural
from mfbench.drift.comparing import compare, possible
from mfbench.drift.describing import describe
from mfbench.drift.detector import Detector
from mfbench.drift.findings import Joint, Quality, Test, Window
from mfbench.drift.judging import judge, needed_rows, significant, verdict
from mfbench.drift.reference import Reference
from mfbench.drift.seen import Seen
from mfbench.drift.settings import Settings

TOGETHER: Literal["together"] = "together"


def needed(reference: Reference, settings: Settings) -> int | None:
    """Rows that a window needs; None where the reference is too small for any."""
    return needed_rows(reference.profile, settings, len(possible(reference.profile)))


def look_at(
    reference: Reference,
    seen: Seen,
    settings: Settings,
    detector: Detector | None = None,
    *,
    joint: Joint | None = None,
    quality: Quality | None = None,
    exact: bool = False,
) -> Window:
    """What is found in one window. detector: of a series, to which the window then belongs; joint: of the only window,
    whose test joins the family. A window that is too small has a verdict and no tests."""
    least = needed(reference, settings)
    facts: dict[str, Any] = {"name": seen.name, "rows": seen.counts.rows, "begins": seen.begins, "ends": seen.ends,
             "units": seen.counts.units, "needed": least, "quality": quality}  # fmt: skip
    notes = list(seen.notes)
    if least is None or seen.counts.rows < least:
        told = "the reference is too small" if least is None else f"{plural(least, 'row')} are needed to see a shift"
        return Window(verdict="too small", notes=[*notes, told], **facts)
    tests = compare(reference.profile, seen.counts, level=settings.level)
    if joint is not None and joint.p is not None and joint.auc is not None:
        tests.append(_together(joint))
    tests = judge(tests, settings)
    look = detector.look(seen.counts) if detector is not None else None
    found = verdict(tests, look, settings)
    leading = _leading(tests, settings, look.column if look and look.fired else None)
    differences = describe(reference.profile, seen.counts)
    if exact:
        from mfbench.drift.exact import with_exact_ks

        differences = with_exact_ks(differences, reference, seen.sample)
    judged = [test.adjusted for test in tests if test.adjusted is not None]
    return Window(
        verdict=found,
        significant=significant(tests, settings),
        p=min(judged, default=None),
        effect=leading.effect if leading else None,
        column=leading.column if leading else None,
        look=look,
        tests=tests,
        columns=differences,
        joint=joint,
        notes=notes,
        **facts,
    )


def _together(joint: Joint) -> Test:
    effect = max(0.0, 2 * (joint.auc or 0.5) - 1)
    return Test(column=None, about=TOGETHER, test="AUC", statistic=joint.auc, p=joint.p, effect=effect)


def _leading(tests: Sequence[Test], settings: Settings, fired: str | None) -> Test | None:
    """The test with the largest effect: of the significant ones, else of the column that the detector is about."""
    judged = [test for test in tests if test.p is not None]
    held = [test for test in judged if test.adjusted is not None and test.adjusted <= settings.level]
    # A column is easier to act upon than "all together": that one leads only where no column holds.
    single = [test for test in held if test.about != TOGETHER]
    about = [test for test in judged if fired is not None and test.column == fired]
    return max(single or held or about or judged, key=lambda test: test.effect or 0.0, default=None)
