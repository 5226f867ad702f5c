"""What a drift report holds: plain values, the same for JSON, the page, the terminal and the ledger."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from mfbench.core.structs import make_ready
from mfbench.drift.settings import Settings

FORMAT = 1
Verdict = Literal["alarm", "changed", "quiet", "too small"]
Matters = Literal["equivalent", "worse", "better", "unknown", "estimate", "not visible"]
Number = float | None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Base: unknown keys are left out, so that a later report can be read."""


class Test(Finding, frozen=True, kw_only=True):
    """One question asked of one window. about: 'values', 'missing' (nulls), 'type' (values that are not of the column's
    type) or 'together' (all columns, column None). test: 'KS', 'chi-square', 'Fisher' or 'AUC'.

    p: of this test alone, None where it was not judged (`why`); adjusted: Holm's over all tests of the window.
    effect: 0 to 1, the least share of the rows that would have to change for the window to look like the reference;
    chance: the effect that chance alone makes on average; visible: the effect that a window like this one shows with
    80 % power at the corrected level. listed: found by Benjamini-Hochberg (for the list of columns, not for alarms).
    alarming: adjusted <= level and effect >= min_effect.
    """

    column: str | None
    about: Literal["values", "missing", "type", "together"]
    test: str
    statistic: Number = None
    p: Number = None
    adjusted: Number = None
    effect: Number = None
    chance: Number = None
    visible: Number = None
    listed: bool = False
    alarming: bool = False
    why: str = ""


class Difference(Finding, frozen=True, kw_only=True):
    """How a column differs, beside its tests. Shares are of all rows; `bars` pairs of counts (reference, window) with
    `labels` for people, numeric bars also with `edges` (bars + 1 finite numbers, the outermost the extremes of both).

    ks, wasserstein (over the reference's standard deviation), psi, js (Jensen-Shannon distance, base 2, 0 to 1).
    new: [value, rows] of values that the reference does not have; vanished: values that it has in 10 rows or more
    expected, and the window in none. outside: share of finite values beyond the reference's extremes. odd: share that
    is not of the column's type. mean, sd, low, high: [reference, window].
    """

    name: str
    role: str
    kind: str
    dtype: str
    rows: int
    nulls: list[float]
    odd: float = 0.0
    outside: Number = None
    ks: Number = None
    wasserstein: Number = None
    psi: Number = None
    js: Number = None
    exact_ks: list[Number] | None = None  # [statistic, p] on the rows of the samples, on request
    mean: list[Number] | None = None
    sd: list[Number] | None = None
    low: list[Any] | None = None
    high: list[Any] | None = None
    distinct: list[Number] | None = None
    new: list[list[Any]] = []
    vanished: list[str] = []
    labels: list[str] = []
    edges: list[float] = []
    bars: list[list[int]] = []


class Segment(Finding, frozen=True, kw_only=True):
    """share, reference_share: of the rows of the window and of the reference; of_shift: the part of the whole shift
    that these rows carry (0 to 1; may pass 1 where others hide it). differs: columns that differ most inside."""

    where: str
    share: float
    reference_share: float
    of_shift: float
    confirmed: bool
    p: Number = None
    differs: list[str] = []


class Joint(Finding, frozen=True, kw_only=True):
    """All columns together: how well a classifier tells held-out rows of the window from those of the reference.

    auc 0.5: not at all; low, high: 95 %; columns: [name, importance] that tell them apart, greatest first.
    """

    auc: Number
    low: Number
    high: Number
    p: Number
    rows: int
    columns: list[list[Any]] = []
    segments: list[Segment] = []
    note: str = ""


class Metric(Finding, frozen=True, kw_only=True):
    """One metric of a window. kind: 'measured' with labels, 'estimated' without. reference: the same on the
    reference. verdict: of measured ones against the margin; detectable: the loss that so many labels show."""

    name: str
    kind: Literal["measured", "estimated"]
    value: Number
    low: Number = None
    high: Number = None
    reference: Number = None
    reference_low: Number = None
    reference_high: Number = None
    difference: Number = None
    difference_low: Number = None
    difference_high: Number = None
    margin: Number = None
    verdict: Matters = "unknown"
    detectable: Number = None
    greater: bool | None = None


class Quality(Finding, frozen=True, kw_only=True):
    """Does it matter? matters, metric: the verdict on the metric that is watched. labels: rows with a label, waiting:
    rows still within `label_delay`. inside: share of rows like the reference's (an estimate's ground). coverage: how
    often the estimate's 95 % interval held the truth on chunks of the reference, with the number of chunks.
    off: estimate less measured, per metric, where both are there. segments: [where, rows, metric, value, reference,
    verdict] with labels. concept: what river's detectors say of the labelled stream."""

    matters: Matters
    metric: str | None
    told: str
    rows: int
    labels: int
    waiting: int = 0
    method: str = ""
    assumptions: list[str] = []
    inside: Number = None
    coverage: list[Number] | None = None
    metrics: list[Metric] = []
    off: dict[str, Number] = {}
    segments: list[list[Any]] = []
    concept: list[dict[str, Any]] = []
    losses: list[float] = []  # mean losses of lots of labelled rows in order, from which the detectors go on
    notes: list[str] = []


class Look(Finding, frozen=True, kw_only=True):
    """The detector's state after a window: statistic and threshold (the declared run length), what e-value this window
    brought, the column behind it. fired: the threshold was reached, and it began anew."""

    e: float
    statistic: float
    threshold: float
    fired: bool
    column: str | None = None


class Window(Finding, frozen=True, kw_only=True):
    """name: for people; begins, ends: microseconds since 1970, UTC, of a window in time or of rows with a time.

    significant: a test holds at `level` after Holm over all tests of this window. effect, column: the largest effect
    among the significant tests, else among all. verdict: 'alarm' as the rule in judge.py says, 'changed': significant
    and no alarm, 'too small': not judged, `needed` rows would be. tests and columns: all, or in a long series only the
    telling ones (columns empty for quiet windows).
    """

    name: str
    rows: int
    verdict: Verdict
    begins: int | None = None
    ends: int | None = None
    units: int | None = None
    needed: int | None = None
    significant: bool = False
    p: Number = None
    effect: Number = None
    column: str | None = None
    look: Look | None = None
    tests: list[Test] = []
    columns: list[Difference] = []
    joint: Joint | None = None
    quality: Quality | None = None
    notes: list[str] = []


class Report(Finding, frozen=True, kw_only=True):
    """One look at some data with one model.

    made: microseconds since 1970, UTC. data: as it was named. alarms: windows with the verdict alarm. run_length:
    windows to a false alarm that the detector declares (None: one window, the level alone). reference: rows, sample,
    unit, units, needed (rows of a window), private, tests (of a window). state: what `monitor` goes on from.
    """

    format: int = FORMAT
    id: str
    model: str
    version: int | None
    digest: str
    made: int
    source: Literal["check", "monitor"]
    data: str
    rows: int
    files: int
    settings: Settings
    run_length: Number
    reference: dict[str, Any]
    windows: list[Window]
    alarms: int
    notes: list[str] = []
    state: dict[str, Any] = {}


make_ready(Report)
