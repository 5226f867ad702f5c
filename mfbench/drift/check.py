"""One look at some data with one model: from its bundle and the data to a report."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from mfbench.core.errors import UsageError
from mfbench.core.ids import new_id
from mfbench.core.progress import tell
from mfbench.drift.comparing import possible
from mfbench.drift.detector import Detector
from mfbench.drift.findings import Joint, Quality, Report, Window
from mfbench.drift.judging import needed_reference
from mfbench.drift.looking import look_at, needed
from mfbench.drift.reference import Reference
from mfbench.drift.seen import Seen
from mfbench.drift.settings import Settings

if TYPE_CHECKING:
    from mfbench.bundle.model import Model

FULL = 24  # windows of which all is kept; of longer series, alarms and the last one in full
TESTED = 60  # windows of which all tests are kept
EXPLAINED = 4  # windows of a series for which a classifier over all columns is asked


def check(
    bundle: Path,
    data: Any,
    settings: Settings,
    *,
    model: str,
    version: int | None = None,
    label: str | None = None,
    labels: str | Path | None = None,
    time: str | None = None,
    separator: str | None = None,
    exact: bool = False,
    joint: bool | None = None,
    seed: int = 0,
    trusted: Sequence[str] = (),
) -> Report:
    """Compares data (file, glob, folder, capture, a list of them, a frame) with the reference of a verified bundle.

    joint: whether a classifier looks at all columns together; by default where there is one window, and for those of
    a series that alarm. The same data and seed give the same findings. Raises UsageError for data that cannot be
    compared, and for a reference or an only window that is too small.
    """
    from mfbench.drift.reading import open_data
    from mfbench.drift.scanning import scan

    reference = Reference.load(bundle)
    refuse_small(reference, settings)
    tell("reading", 0, 0)
    opened = open_data(data, reference.manifest, time=time, label=label, labels=labels, separator=separator)
    seen = list(scan(opened, reference, settings, seed=seed, model=_loader(bundle, trusted)))
    windows, length = looks(reference, seen, settings, exact=exact, joint=joint, seed=seed)
    return Report(
        id=new_id(),
        model=model,
        version=version,
        digest=reference.digest,
        made=clock.time_ns() // 1000,
        source="check",
        data=opened.name,
        rows=sum(window.rows for window in windows),
        files=opened.files,
        settings=settings,
        run_length=length,
        reference=about(reference, settings),
        windows=windows,
        alarms=sum(window.verdict == "alarm" for window in windows),
        notes=opened.notes,
    )


def looks(
    reference: Reference, seen: Sequence[Seen], settings: Settings, *, exact: bool, joint: bool | None, seed: int
) -> tuple[list[Window], float | None]:
    """(what is found in each window, windows to a false alarm; None for a single one)."""
    if settings.window is None:
        return [_only(reference, seen[0], settings, exact=exact, joint=joint is not False, seed=seed)], None
    length = run_length(settings, seen)
    detector = Detector(reference.profile, length)
    windows: list[Window] = []
    losses: list[float] = []  # of all windows before: concept drift is looked for in the whole stream
    for i, one in enumerate(seen):
        tell("comparing windows", i, len(seen))
        quality = _quality(reference, one, settings, losses)
        losses += quality.losses
        windows.append(look_at(reference, one, settings, detector, quality=quality, exact=exact))
    for i in explained(windows) if joint is None else range(len(windows)) if joint else ():
        windows[i] = replace(windows[i], joint=_joint(reference, seen[i], seed))
    return shortened(windows), length


def run_length(settings: Settings, seen: Sequence[Seen]) -> float:
    """Windows to a false alarm. Raises UsageError where the rate is one in a time and the rows have none."""
    spans = [one.ends - one.begins for one in seen if one.begins is not None and one.ends is not None]
    try:
        return settings.run_length(median(spans) / 1e6 if spans else None)
    except ValueError as error:
        hint = "say it in windows, false_alarms = '1/1000', or name the column of the time (--time)"
        raise UsageError(str(error), hint=hint) from None


def refuse_small(reference: Reference, settings: Settings) -> None:
    """Raises UsageError where the reference is too small for any window."""
    if needed(reference, settings) is None:
        least = needed_reference(settings, len(possible(reference.profile)))
        told = f"the reference has {reference.profile.rows:,} rows; to see an effect of {settings.min_effect:g} it "
        raise UsageError(f"{told}needs {least:,}", hint="hold out more rows (data.split.test), or raise --min-effect")


def about(reference: Reference, settings: Settings) -> dict[str, Any]:
    """What a report says of the reference."""
    profile = reference.profile
    return {
        "rows": profile.rows, "sample": reference.sample.height, "unit": profile.unit, "units": profile.units,
        "needed": needed(reference, settings), "private": list(profile.private), "tests": len(possible(profile)),
    }  # fmt: skip


def explained(windows: Sequence[Window]) -> list[int]:
    """The windows of a series for which it is asked what carries the change: alarms first, then the last changed."""
    alarms = [i for i, window in enumerate(windows) if window.verdict == "alarm"]
    changed = [i for i, window in enumerate(windows) if window.verdict == "changed"]
    return [*alarms[:EXPLAINED], *changed[-1:]][:EXPLAINED]


def shortened(windows: list[Window]) -> list[Window]:
    """Of a long series the telling part: a year of days is to fit into a page and a ledger."""
    if len(windows) <= FULL:
        return windows
    alarms = [i for i, window in enumerate(windows) if window.verdict == "alarm"]
    full = {*alarms[:FULL], len(windows) - 1}
    return [
        window if i in full else replace(window, columns=[], tests=window.tests if len(windows) <= TESTED else [])
        for i, window in enumerate(windows)
    ]


def _only(reference: Reference, seen: Seen, settings: Settings, *, exact: bool, joint: bool, seed: int) -> Window:
    least = needed(reference, settings)
    if least is not None and seen.counts.rows < least:
        told = f"{seen.counts.rows:,} rows are too few: at least {least:,} are needed to see an effect of "
        raise UsageError(f"{told}{settings.min_effect:g}", hint="wait for more rows, or raise --min-effect")
    if joint:
        tell("looking at all columns together", 0, 0)
    together = _joint(reference, seen, seed) if joint else None
    tell("does it matter?", 0, 0)
    quality = _quality(reference, seen, settings)
    return look_at(reference, seen, settings, joint=together, quality=quality, exact=exact)


def _joint(reference: Reference, seen: Seen, seed: int) -> Joint:
    from mfbench.drift.joint import joint

    return joint(reference, seen.sample, seed=seed)


def _quality(reference: Reference, seen: Seen, settings: Settings, losses: Sequence[float] = ()) -> Quality:
    from mfbench.drift.quality import quality

    return quality(reference, seen.sample, settings, losses=losses)


def _loader(bundle: Path, trusted: Sequence[str]) -> Callable[[], Model]:
    def load() -> Model:
        from mfbench.bundle.model import Model

        return Model.load(bundle, list(trusted))

    return load
