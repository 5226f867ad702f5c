"""Finished steps by key: `cache/<key>.json` names the outputs' digests and the events to tell again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from mfbench.core.ids import random_text
from mfbench.core.structs import make_ready
from mfbench.journal.blobs import Blobs

TOLD_AGAIN = ("m", "param", "data", "check", "gate", "log", "search", "trial.started", "trial.ended")


class CachedStep(msgspec.Struct, frozen=True, kw_only=True):
    """`events` are (kind, *fields) of the step's first run; `outputs` name to (digest, bytes)."""

    step: str
    run: str
    seconds: float
    outputs: dict[str, tuple[str, int]]
    events: list[list[Any]]


class StepCache:
    def __init__(self, folder: Path, blobs: Blobs) -> None:
        self.folder = folder
        self.blobs = blobs

    def get(self, key: str) -> CachedStep | None:
        """The finished step, if every one of its outputs is still there; gc then leaves all of it to the caller."""
        path = self.folder / f"{key}.json"
        try:
            found = msgspec.json.decode(path.read_bytes(), type=CachedStep)
        except (OSError, msgspec.MsgspecError, ValueError):  # the last: text that is no UTF-8
            return None
        try:
            os.utime(path)
        except OSError:  # another user's, or a read-only disk: at worst the step runs again
            pass
        return found if all(self.blobs.claim(digest, size) for digest, size in found.outputs.values()) else None

    def put(self, key: str, step: CachedStep) -> None:
        staged = self.folder / f".{random_text(12)}"
        staged.write_bytes(msgspec.json.encode(step))
        staged.replace(self.folder / f"{key}.json")


make_ready(CachedStep)
