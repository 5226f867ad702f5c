"""The shape of what the steps of a run write for people, with a default for all that an older run may lack.

A part of another shape is no part: the report says so and goes on. Numbers may be None or NaN (not defined).
"""

from __future__ import annotations

from typing import Any

import msgspec

Number = float | None
Points = list[list[Number]]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Base: unknown keys are left out."""


class Estimate(Part, frozen=True):
    """A number with its interval, where there is one."""

    value: Number = None
    low: Number = None
    high: Number = None


class MetricValue(Estimate, frozen=True):
    """`baseline`: what a dummy scores on the same rows. `greater`: more is better; None as the metric's name says,
    which may be neither."""

    greater: bool | None = None
    baseline: Number = None


class Threshold(Part, frozen=True):
    value: Number = None
    source: str = "default"
    costs: dict[str, Number] | None = None
    cost_per_row: Number = None
    curve: Points = []


class Confusion(Part, frozen=True):
    """Rows are the truth, columns the prediction."""

    classes: list[Any] = []
    counts: list[list[float]] = []


class Curves(Part, frozen=True):
    roc: dict[str, Points] = {}
    pr: dict[str, Points] = {}


class Bin(Part, frozen=True):
    mean: Number = None
    observed: Number = None
    low: Number = None
    high: Number = None
    rows: int = 0


class Residuals(Part, frozen=True):
    edges: list[Number] = []
    counts: list[float] = []
    sample: Points = []


class Slice(Part, frozen=True):
    value: Any = None
    rows: int = 0
    metrics: dict[str, Estimate] = {}


class Segment(Part, frozen=True):
    where: str = ""
    rows: int = 0
    share: Number = None
    value: Number = None
    rest: Number = None
    difference: Number = None
    low: Number = None
    high: Number = None
    p: Number = None
    confirmed: bool = False


class Weak(Part, frozen=True):
    metric: str = ""
    looked_at: int = 0
    found: list[Segment] = []


class Horizon(Part, frozen=True):
    horizon: int = 0
    rows: int = 0
    metrics: dict[str, Estimate] = {}


class Evaluation(Part, frozen=True):
    task: str = ""
    classes: list[Any] = []
    positive: Any = None
    rows: int | None = None
    unit: str | None = None
    units: int | None = None
    confidence: float = 0.95
    resamples: int | None = None
    metrics: dict[str, MetricValue] = {}
    notes: list[str] = []
    threshold: Threshold | None = None
    confusion: Confusion | None = None
    curves: Curves | None = None
    calibration: list[Bin] | None = None
    residuals: Residuals | None = None
    slices: dict[str, list[Slice]] | None = None
    weak: Weak | None = None
    horizons: list[Horizon] | None = None


class Importance(Part, frozen=True):
    feature: str = ""
    mean: Number = None
    low: Number = None
    high: Number = None


class Partial(Part, frozen=True):
    feature: str = ""
    kind: str = "numeric"
    grid: list[Any] = []
    mean: list[Number] = []
    share: list[Number] | None = None
    of: str | None = None


class Explain(Part, frozen=True):
    metric: str = ""
    notes: list[str] = []
    importance: list[Importance] = []
    partial: list[Partial] = []


class Spread(Part, frozen=True):
    mean: Number = None
    sd: Number = None


class Repeats(Part, frozen=True):
    seeds: list[Any] = []
    metrics: dict[str, list[Number]] = {}
    spread: dict[str, Spread] = {}
