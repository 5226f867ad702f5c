"""An error as the screen tells it: what happened, where, what to do."""

from __future__ import annotations

import traceback

from mfbench.core.errors import MfbenchError, from_os
from mfbench_tui.text import safe


def told(error: BaseException) -> tuple[str, str]:
    """(title, text of several lines) of an error; one that nobody expected comes with its traceback."""
    if isinstance(error, OSError):
        error = from_os(error, "the system refused")
    if isinstance(error, MfbenchError):
        lines = [_lines(error.message)]
        if error.where:
            lines.append(f"where: {safe(error.where)}")
        if error.hint:
            lines.append(f"what to do: {_lines(error.hint)}")
        return "That did not work", "\n\n".join(lines)
    trace = "".join(traceback.format_exception(error))
    return "mfbench itself failed", f"{safe(error)}\n\nThe work goes on; please report this:\n\n{_lines(trace)}"


def _lines(text: str) -> str:
    return "\n".join(safe(line) for line in text.splitlines())
