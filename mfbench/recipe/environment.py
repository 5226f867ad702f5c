"""`${NAME}` in a recipe's strings: replaced from the environment where it is written, and kept out of records.

What is stored (params, job.json, the recipe's copy) keeps the placeholder; the value is put in at the last
moment, and texts that reach a journal have it taken out again.
"""

from __future__ import annotations

import os
import re
from typing import Any

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
        value = os.environ.get(name, "")
        for part in {value, *value.splitlines()}:  # texts are journaled line by line
            if len(part) >= 4:
                text = text.replace(part, f"${{{name}}}")
    return text


def _lookup(match: re.Match[str]) -> str:
    try:
        return os.environ[match[1]]
    except KeyError:
        raise UnsetVariableError(match[1]) from None
