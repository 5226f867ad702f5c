"""What the types of [run] cannot say."""

from __future__ import annotations

import os
import re

from mfbench.core.text import parse_size, size
from mfbench.recipe.loaded import Source
from mfbench.recipe.rules_data import duration
from mfbench.recipe.schema import Recipe

KEY = ("run",)
LEAST = 100_000_000  # bytes: less than the libraries take by themselves
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9.+:~-]+)?")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")


def check_run(recipe: Recipe, source: Source) -> None:
    """Raises RecipeError for the first rule that is broken."""
    run = recipe.run
    duration(run.timeout, (*KEY, "timeout"), source)
    if run.cpus is not None and run.cpus < 1:
        raise source.error((*KEY, "cpus"), f"cpus: expected at least 1, found {run.cpus}")
    if not 0 <= run.seed < 2**32:
        raise source.error((*KEY, "seed"), f"seed: expected a number from 0 to 2**32 - 1, found {run.seed}")
    _memory(run.memory, source)
    for i, name in enumerate(run.secrets):
        if not _VARIABLE.fullmatch(name):
            raise source.error((*KEY, "secrets", i), f"{name!r} cannot be the name of an environment variable")
        if name not in os.environ:
            hint = f"set it before: export {name}=…"
            raise source.error((*KEY, "secrets", i), f"the environment variable {name} is not set", hint)
    for i, name in enumerate(run.env.apt):
        if not _PACKAGE.fullmatch(name):
            raise source.error((*KEY, "env", "apt", i), f"{name!r} cannot be the name of a Debian package")
    if run.env.base is not None and not _IMAGE.fullmatch(run.env.base):
        hint = 'for example base = "python:3.11-slim"'
        raise source.error((*KEY, "env", "base"), f"{run.env.base!r} cannot be the name of an image", hint)


def _memory(text: str | None, source: Source) -> None:
    if text is None:
        return
    try:
        limit = parse_size(text)
    except ValueError as error:
        raise source.error((*KEY, "memory"), f"memory: {error}") from None
    if limit < LEAST:
        told = f"memory: the libraries alone need more than {text}"
        raise source.error((*KEY, "memory"), told, f"at least {size(LEAST)}")
