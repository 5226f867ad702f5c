"""Strict JSON for values that may hold infinities: `C = inf` in a recipe has to survive being written down."""

from __future__ import annotations

import math
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(order="deterministic")


def dumps(value: Any) -> bytes:
    """One byte string for one value: sorted keys, no spaces, UTF-8, NaN and infinities as {"$float": …}."""
    return _encoder.encode(_pack(msgspec.to_builtins(value)))


def pretty(value: Any) -> bytes:
    return msgspec.json.format(dumps(value), indent=1) + b"\n"


def loads(content: bytes) -> Any:
    """Raises msgspec.DecodeError."""
    return _unpack(msgspec.json.decode(content))


def _pack(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": str(value)}
    if isinstance(value, dict):
        return {key: _pack(item) for key, item in value.items()}
    return [_pack(item) for item in value] if isinstance(value, list | tuple) else value


def _unpack(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"$float"}:
            return float(value["$float"])
        return {key: _unpack(item) for key, item in value.items()}
    return [_unpack(item) for item in value] if isinstance(value, list) else value
