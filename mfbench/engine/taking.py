"""What a worker tells of a step that has ended, checked: it may be anybody's code that wrote it."""

from __future__ import annotations

from typing import Any

import msgspec

from mfbench.core.errors import DamageError


class StepEnded(msgspec.Struct, frozen=True, array_like=True):
    """The fields of a `step.ended`. outputs: name to bytes. error: None where it has finished."""

    name: str
    key: str
    status: str
    cached: bool
    seconds: float
    outputs: dict[str, int]
    error: dict[str, Any] | None = None


class StepError(msgspec.Struct, frozen=True):
    type: str
    message: str
    where: str | None = None
    hint: str | None = None
    code: int = 1


def step_ended(fields: list[Any]) -> StepEnded:
    """Raises DamageError for what no step ends with."""
    try:
        ended = msgspec.convert(fields, StepEnded)
        msgspec.convert(ended.error, StepError | None)
    except msgspec.ValidationError as error:
        raise DamageError(f"the worker tells of a step's end what cannot be: {error}") from None
    if ended.status != "finished" and ended.error is None:
        raise DamageError(f"the worker tells that step {ended.name} has {ended.status}, and not why")
    return ended
