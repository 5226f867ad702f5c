"""What the projection needs of the events that it knows: the fields after `[seq, time, kind, …]`, in order.

Fields are only ever appended: a later one that is missing has its default, one that is not named here is left
alone.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from mfbench.core.structs import make_ready

Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]  # a BIGINT
Small = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]  # an INTEGER


class Place(msgspec.Struct):
    host: str | None = None


class About(msgspec.Struct):
    name: str | None = None
    recipe: str | None = None
    executor: str | None = None
    host: str | None = None
    tags: dict[str, Any] = {}


class Told(msgspec.Struct):
    message: str


class ModelVersion(msgspec.Struct):
    name: str
    version: Small


class Header(msgspec.Struct, array_like=True):
    about: Place


class RunStarted(msgspec.Struct, array_like=True):
    about: About


class RunEnded(msgspec.Struct, array_like=True):
    status: str
    error: Told | None = None
    model: ModelVersion | None = None


class StepEnded(msgspec.Struct, array_like=True):
    step: str
    key: str | None
    status: str
    cached: bool = False
    seconds: float | None = None
    outputs: Any = None
    error: Told | None = None


class Param(msgspec.Struct, array_like=True):
    key: str
    value: Any


class Metric(msgspec.Struct, array_like=True):
    key: str
    step: Whole
    value: float | str | None
    trial: Whole | None = None


class Artifact(msgspec.Struct, array_like=True):
    path: str
    digest: str
    bytes: Whole
    type: str | None = None


class Data(msgspec.Struct, array_like=True):
    name: str
    digest: str | None
    rows: Whole | None = None
    schema: Any = None


class Verdict(msgspec.Struct, array_like=True):
    """A check of the data or a gate. `verdict` and what follows is a gate's alone: passed, refused or unknown, and how
    much more of its metric the model has than the champion, with bounds."""

    name: str
    passed: bool
    observed: Any = None
    bound: Any = None
    against: str | None = None
    note: str | None = None
    verdict: str | None = None
    difference: Any = None
    low: Any = None
    high: Any = None


make_ready(Header, RunStarted, RunEnded, StepEnded, Param, Metric, Artifact, Data, Verdict)
