"""`${NAME}` in a recipe's strings: replaced from the environment where it is written, and kept out of records.

What is stored (params, job.json, the recipe's copy) keeps the placeholder; the value is put in at the last
moment, and texts that reach a journal have it taken out again. The same holds for secrets, which a worker in a place
of its own finds as files: they are in no process's environment there.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

from mfbench.core.errors import UsageError

SECRETS = "MFBENCH_SECRETS"  # the folder with a file for each secret, where an executor has made one
_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class UnsetVariableError(KeyError):
    """A placeholder names a variable that is not set."""


def expand(value: Any) -> Any:
    """`value` with every placeholder in its strings replaced. Raises UnsetVariableError."""
    if isinstance(value, str):
        return _PLACEHOLDER.sub(_lookup, value) if "${" in value else value
    if isinstance(value, dict):
        return {key: expand(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [expand(item) for item in value]
    return value


def names(value: Any) -> set[str]:
    """The variables that placeholders in `value` name."""
    if isinstance(value, str):
        return set(_PLACEHOLDER.findall(value))
    if isinstance(value, dict):
        value = list(value.values())
    return {name for item in value for name in names(item)} if isinstance(value, list | tuple) else set()


def redact(text: str, variables: set[str]) -> str:
    """`text` with the values of these variables turned back into placeholders (short values are left)."""
    for name in variables:
        value = _value(name) or ""
        for part in {value, *value.splitlines()}:  # texts are journaled line by line
            if len(part) >= 4:
                text = text.replace(part, f"${{{name}}}")
    return text


def secret(name: str) -> str:
    """The value of a secret that the recipe names in [run] secrets. Raises UsageError where there is none.

    An executor that keeps the recipe's code to itself hands it over as a file; elsewhere it is a variable.
    """
    value = _value(name)
    if value is None:
        hint = f'name it in the recipe: [run] secrets = ["{name}"], and set the variable {name} where you run it'
        raise UsageError(f"there is no secret {name!r}", hint=hint)
    return value


def _value(name: str) -> str | None:
    folder = os.environ.get(SECRETS)
    found = _read(f"{folder}/{name}") if folder and name.isidentifier() else None
    return os.environ.get(name) if found is None else found


@cache
def _read(path: str) -> str | None:
    """A secret's file, read once: every text that reaches a journal is compared with it."""
    try:
        return Path(path).read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None


def _lookup(match: re.Match[str]) -> str:
    value = _value(match[1])
    if value is None:
        raise UnsetVariableError(match[1])
    return value
