"""A recipe as a person reads it: numbered lines, TOML in a few colours, what is wrong below the line where it is."""

from __future__ import annotations

import re
from typing import Any

from rich.console import Console
from rich.text import Text

from mfbench_tui.text import safe

LINES = 3_000  # more are not drawn
_SIGNS = re.compile(
    r"""(?P<comment>\#.*)|(?P<text>\"(?:[^"\\]|\\.)*\"|'[^']*')|(?P<key>^\s*[\w."'-]+(?=\s*=))
      |(?P<table>^\s*\[\[?[^\]]*\]\]?)|(?P<number>\b(?:true|false|[-+]?\d[\d_.]*(?:[eE][-+]?\d+)?)\b)""",
    re.VERBOSE,
)
STYLES = {"comment": "dim", "text": "green", "key": "cyan", "table": "bold", "number": "yellow"}


def recipe_text(text: str, width: int, problem: dict[str, Any] | None = None) -> Text:
    """Wrapped to `width` signs. `problem`: {message, line, hint, where}; one without a line stands above the text."""
    lines = text.splitlines()
    shown, console = Text(no_wrap=True), Console(width=max(width, 20))
    if problem and not _within(problem, lines):
        where = f"{safe(problem['where'])}: " if problem.get("where") else ""
        _say(shown, problem, 0, console, where)
        shown.append("\n")
    wide = len(str(min(len(lines), LINES)))
    for number, line in enumerate(lines[:LINES], 1):
        wrong = bool(problem and problem["line"] == number)
        head = Text(f"{'✗' if wrong else ' '}{number:>{wide}} ", "bold red" if wrong else "dim")
        _wrapped(shown, coloured(safe(line)), head, console)
        if wrong and problem:
            _say(shown, problem, wide + 2, console)
    if len(lines) > LINES:
        shown.append(f"… {len(lines) - LINES:,} more lines", style="dim")
    return shown


def coloured(line: str) -> Text:
    text = Text(line)
    for match in _SIGNS.finditer(line):
        text.stylize(STYLES[str(match.lastgroup)], match.start(), match.end())
    return text


def line_of(problem: dict[str, Any] | None) -> int | None:
    return problem["line"] if problem else None


def _within(problem: dict[str, Any], lines: list[str]) -> bool:
    return problem["line"] is not None and problem["line"] <= min(len(lines), LINES)


def _say(shown: Text, problem: dict[str, Any], margin: int, console: Console, where: str = "") -> None:
    space = Text(" " * margin)
    _wrapped(shown, Text(where + safe(problem["message"]), "bold red"), space, console)
    for line in (problem.get("hint") or "").splitlines():
        _wrapped(shown, Text(f"→ {safe(line)}", "yellow"), space, console)


def _wrapped(shown: Text, line: Text, head: Text, console: Console) -> None:
    """A line behind its head; what goes on below stands below the line, not below the head."""
    for place, part in enumerate(line.wrap(console, console.width - len(head)) or [Text()]):
        shown.append_text(head if place == 0 else Text(" " * len(head)))
        shown.append_text(part)
        shown.append("\n")
