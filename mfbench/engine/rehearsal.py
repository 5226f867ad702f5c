"""Checking a recipe in the process that will run it, before anything is written."""

from __future__ import annotations

from typing import Any

import msgspec

from mfbench.core import errors
from mfbench.core.errors import FitError, MfbenchError
from mfbench.executors.warm import WarmWorker
from mfbench.recipe.loaded import LoadedRecipe


def told(error: MfbenchError) -> dict[str, Any]:
    """The error as plain values, for another process or the journal."""
    return {**error.as_dict(), "code": error.exit_code}


def restored(answer: dict[str, Any]) -> MfbenchError:
    """The error that `told` was made from, of the same class, so that a caller can catch it by its kind."""
    kind = getattr(errors, f"{answer['type']}Error", MfbenchError)
    error: MfbenchError = kind.__new__(kind)
    MfbenchError.__init__(error, answer["message"], where=answer["where"], hint=answer["hint"])
    error.exit_code = answer["code"]
    return error


def rehearse(loaded: LoadedRecipe, cpus: int, *, elsewhere: bool = False) -> WarmWorker:
    """A worker that has checked the recipe against its data. Raises what the check raised.

    elsewhere: the run's libraries are others than these. What these say of the model does not count then.
    """

    def check() -> bytes:
        from mfbench.steps.precheck import precheck

        try:
            precheck(loaded.recipe, loaded.folder)
        except FitError as error:
            if elsewhere and error.key[0] in ("model", "tune"):
                return b"{}"
            return msgspec.json.encode(told(loaded.error(error.key, error.message, error.hint)))
        except MfbenchError as error:
            return msgspec.json.encode(told(error))
        return b"{}"

    warm = WarmWorker(check, cpus)
    answer = warm.answer()
    if not answer:
        printed = warm.early.decode(errors="replace").strip()
        warm.dismiss()
        raise MfbenchError("the check of the recipe broke off", hint=printed[-2000:] or "its process was killed")
    problem = msgspec.json.decode(answer)
    if problem:
        warm.dismiss()
        raise restored(problem)
    return warm
