"""Words and numbers as the screen shows them. Whatever comes from a run, a file or a person goes through `safe`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from rich.text import Text

from mfbench.core.text import seconds, size

__all__ = ["ago", "clock", "glyph", "number", "safe", "seconds", "shortened", "size", "status_text", "styled"]

LONGEST = 2_000  # signs of one cell or line
# A glyph beside each colour: sixteen colours, none, and eyes that cannot tell them apart.
STATUS = {
    "running": ("▶", "cyan"),
    "finished": ("✓", "green"),
    "passed": ("✓", "green"),
    "refused": ("✗", "yellow"),
    "failed": ("✗", "red"),
    "oom": ("✗", "red"),
    "timeout": ("✗", "red"),
    "lost": ("?", "red"),
    "stopped": ("■", "yellow"),
    "waiting": ("…", "blue"),
    "quiet": ("·", "green"),
    "changed": ("~", "yellow"),
    "alarm": ("!", "red"),
}


def safe(value: Any, most: int = LONGEST) -> str:
    """One line without control characters: a name must not steer the terminal."""
    text = "" if value is None else value if isinstance(value, str) else str(value)
    text = text[: most + 1]
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else " " if sign.isspace() else "\N{REPLACEMENT CHARACTER}"
                       for sign in text)  # fmt: skip
    return shortened(text, most)


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def styled(value: Any, style: str = "", right: bool = False) -> Text:
    """A cell: never read as markup. Without colours (NO_COLOR) they would be shades that nobody can read."""
    style = "" if os.environ.get("NO_COLOR") else style
    return Text(safe(value), style=style, justify="right" if right else "left", no_wrap=True, end="")


def glyph(status: str | None) -> str:
    return STATUS.get(status or "", ("·", ""))[0]


def status_text(status: str | None) -> Text:
    sign, colour = STATUS.get(status or "", ("·", ""))
    return styled(f"{sign} {status or ''}", colour)


def number(value: Any) -> str:
    """A metric or a param's value, short: four significant digits, whole numbers whole."""
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}" if value == value else "nan"
    return safe(value)


def utc(moment: Any) -> datetime | None:
    """A datetime with its zone from what the API gives: a datetime of UTC with or without zone, or ISO text."""
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            return None
    if not isinstance(moment, datetime):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def clock(moment: Any) -> str:
    """Local time, to the second."""
    found = utc(moment)
    return f"{found.astimezone():%Y-%m-%d %H:%M:%S}" if found else ""


def ago(moment: Any, now: datetime) -> str:
    """How long before `now`, in two signs or three: 5s, 12m, 3h, 40d; 'in 5m' by a clock that goes before ours."""
    found = utc(moment)
    if found is None:
        return ""
    passed = (now - found).total_seconds()
    before, passed = ("in " if passed <= -2 else ""), abs(passed)
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if passed >= length:
            return f"{before}{int(passed // length)}{unit}"
    return f"{before}{int(passed)}s"
