"""Finished steps, as far as care goes: an entry is of use where all that it names is there. The engine has the rest."""

from __future__ import annotations

import msgspec

from mfbench.core.structs import make_ready


class _Entry(msgspec.Struct):
    outputs: dict[str, tuple[str, int]]


def outputs(content: bytes) -> dict[str, tuple[str, int]]:
    """The step's outputs: name to (digest, bytes). Raises ValueError for what is no entry of the cache."""
    try:
        return msgspec.json.decode(content, type=_Entry).outputs
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None


make_ready(_Entry)
