"""What people log, as what JSON can hold."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from math import isfinite
from pathlib import PurePosixPath
from typing import Any

from mfbench.core.errors import UsageError

SMALLEST, LARGEST = -(2**63), 2**63 - 1  # a BIGINT in the database


def number(key: str, value: Any) -> float | str:
    """A metric's value: JSON has no NaN and no infinity, they travel as text."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"metric {key!r}: {value!r} is not a number") from None
    return found if isfinite(found) else str(found)


def step_number(key: str, step: Any) -> int:
    try:
        found = int(step) if isinstance(step, float) and step.is_integer() else operator.index(step)
    except TypeError:
        found = LARGEST + 1
    if not SMALLEST <= found <= LARGEST:
        raise UsageError(f"metric {key!r}: {step!r} is not a step", hint="a step is a whole number")
    return found


def name_of(what: str, key: Any) -> str:
    """A key as exactly `str`."""
    if not isinstance(key, str) or not key:
        raise UsageError(f"{key!r} cannot be the name of a {what}", hint="a name is a text of one letter or more")
    return str(key)


def artifact_name(name: str) -> str:
    """A relative path below the run, in any file system. Raises UsageError for one that would lead out of it."""
    pure = PurePosixPath(name_of("artifact", name))
    if pure.is_absolute() or ".." in pure.parts or not pure.parts or "\\" in name or ":" in name or "\0" in name:
        raise UsageError(f"{name!r} cannot be the name of an artifact", hint="a relative path such as plots/roc.png")
    return pure.as_posix()


def plain(value: Any) -> Any:
    """JSON's own types stay, arrays and numpy's numbers become them, anything else is told as text."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return value if SMALLEST <= value <= LARGEST else str(value)
    if kind is float:
        return value if isfinite(value) else str(value)
    if kind is list or kind is tuple:
        return [plain(item) for item in value]
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)


def dotted(params: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """(dotted key, plain value) of every leaf."""
    if not isinstance(params, Mapping):
        raise UsageError(f"{params!r} are no params", hint="a mapping: {key: value}")
    for key, value in params.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from dotted(value, f"{name}.")
        else:
            yield name_of("param", name), plain(value)
