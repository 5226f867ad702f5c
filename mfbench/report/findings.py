"""The shape of what gates, search, profile and leakage checks write; see `parts`."""

# ruff: noqa: RUF012 - a Struct copies its defaults, which ruff only knows of direct children
from __future__ import annotations

from typing import Any

from mfbench.report.parts import Estimate, Number, Part


class GateSegment(Part, frozen=True):
    value: Any = None
    rows: int | None = None
    units: int | None = None
    observed: Number = None
    difference: Number = None
    low: Number = None
    high: Number = None
    p: Number = None
    verdict: str = ""
    detectable: Number = None


class Gate(Part, frozen=True):
    name: str = ""
    verdict: str = ""
    passed: bool = False
    observed: Number = None
    bound: Number = None
    against: str | None = None
    note: str | None = None
    difference: Number = None
    low: Number = None
    high: Number = None
    rows: int | None = None
    units: int | None = None
    method: str | None = None
    detectable: Number = None
    segments: list[GateSegment] | None = None


class Gates(Part, frozen=True):
    rows: int | None = None
    excluded: int | None = None
    excluded_known: bool | None = None
    against: str | None = None
    confidence: float | None = None
    used: int | None = None
    champion_metrics: dict[str, Estimate] | None = None
    gates: list[Gate] = []


class Histogram(Part, frozen=True):
    edges: list[Number] = []
    train: list[float] = []
    test: list[float] = []


class Numeric(Part, frozen=True):
    min: Number = None
    max: Number = None
    mean: Number = None
    sd: Number = None
    quantiles: list[Number] = []


class ProfileColumn(Part, frozen=True):
    name: str = ""
    dtype: str = ""
    kind: str = ""
    missing: dict[str, Number] = {}
    distinct: int | None = None
    numeric: Numeric | None = None
    histogram: Histogram | None = None
    top: list[list[Any]] | None = None


class Profile(Part, frozen=True):
    rows: dict[str, int] = {}
    columns: list[ProfileColumn] = []


class Objective(Part, frozen=True):
    name: str = ""
    greater: bool = True


class Trial(Part, frozen=True):
    number: int = 0
    state: str = ""
    values: list[Number] | None = None
    params: dict[str, Any] = {}
    seconds: Number = None
    scores: list[Any] | None = None
    error: str | None = None


class Search(Part, frozen=True):
    objectives: list[Objective] = []
    sampler: str = ""
    pruner: str = ""
    folds: int | None = None
    best: int | None = None
    front: list[int] = []
    importance: dict[str, Number] | None = None
    trials: list[Trial] = []


class Leak(Part, frozen=True):
    name: str = ""
    level: str = ""
    column: str | None = None
    rows: int | None = None
    told: str = ""
    examples: list[Any] = []
