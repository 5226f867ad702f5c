"""Checking a recipe in the process that will run it, before anything is written."""

from __future__ import annotations

import os
from typing import Any

import msgspec

from mfbench.core import errors
from mfbench.core.errors import FitError, MfbenchError
from mfbench.executors.warm import WarmWorker
from mfbench.recipe.loaded import LoadedRecipe


class ToldError(MfbenchError):
    """An error that another process has met, with all that it said."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(told["message"], where=told["where"], hint=told["hint"])
        self.kind = told["type"]
        self.exit_code = told["code"]
        self.title = getattr(errors, f"{self.kind}Error", MfbenchError).title

    def as_dict(self) -> dict[str, str | None]:
        return {**super().as_dict(), "type": self.kind}


def told(error: MfbenchError) -> dict[str, Any]:
    """The error as plain values, for another process or the journal."""
    return {**error.as_dict(), "code": error.exit_code}


def rehearse(loaded: LoadedRecipe, cpus: int) -> WarmWorker:
    """A worker that has checked the recipe against its data. Raises what the check raised."""

    def check() -> bytes:
        from mfbench.steps.precheck import precheck

        try:
            precheck(loaded.recipe, loaded.folder)
        except FitError as error:
            return msgspec.json.encode(told(loaded.error(error.key, error.message, error.hint)))
        except MfbenchError as error:
            return msgspec.json.encode(told(error))
        return b"{}"

    warm = WarmWorker(check, cpus)
    answer = warm.answer()
    if not answer:
        printed = os.read(warm.printed, 1 << 20).decode(errors="replace").strip()
        warm.dismiss()
        raise MfbenchError("the check of the recipe broke off", hint=printed[-2000:] or "its process was killed")
    problem = msgspec.json.decode(answer)
    if problem:
        warm.dismiss()
        raise ToldError(problem)
    return warm
