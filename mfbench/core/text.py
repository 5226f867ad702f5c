"""Small helps for messages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
YEAR = 365.25 * 86400  # seconds
_PERIODS = {"hour": 3600.0, "day": 86400.0, "week": 7 * 86400.0, "month": YEAR / 12, "quarter": YEAR / 4, "year": YEAR}


def nearest(name: str, options: Iterable[str]) -> str | None:
    """The option that `name` most likely meant, or None."""
    from difflib import get_close_matches

    by_lower = {option.lower(): option for option in options}
    found = get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, options: Iterable[str], *, limit: int = 12) -> str:
    """A sentence: the nearest right name, else the names there are."""
    names = sorted(options)
    close = nearest(name, names)
    if close:
        return f"did you mean {close!r}?"
    shown = ", ".join(names[:limit]) + (f" … ({len(names)} in all)" if len(names) > limit else "")
    return f"known: {shown}" if names else "there are none"


def parse_duration(text: str) -> float:
    """Seconds from '90s', '30m', '1.5h', '28d', '4w'. Raises ValueError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)\s*", text)
    if not match:
        raise ValueError(f"{text!r} is not a duration such as '90s', '30m', '1.5h' or '28d'")
    return float(match[1]) * UNITS[match[2]]


def parse_rate(text: str) -> tuple[int, int, float | None]:
    """'1/year' as (1, 1, seconds of a year), '2/1000' or '2/1000 windows' as (2, 1000, None). Raises ValueError."""
    match = re.fullmatch(r"\s*(\d+)\s*(?:/|per)\s*(\d*)\s*([a-z]*?)s?\s*", text.lower())
    told = f"{text!r} is not a rate such as '1/year', '2/month' or '1/1000' (windows)"
    if not match or not int(match[1]):
        raise ValueError(told)
    count, word = int(match[2] or 1), match[3]
    if word in ("", "window", "look") and match[2] and count >= int(match[1]):
        return int(match[1]), count, None
    if word not in _PERIODS or not count:
        raise ValueError(told)
    return int(match[1]), count, _PERIODS[word]


def parse_size(text: str) -> int:
    """Bytes from '512MB', '4GB', '1.5 GiB'. Raises ValueError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kKMGT])(i?)B?\s*", text)
    if not match:
        raise ValueError(f"{text!r} is not a size such as '512MB', '4GB' or '1.5GiB'")
    return int(float(match[1]) * (1024 if match[3] else 1000) ** ("KMGT".index(match[2].upper()) + 1))


def plural(count: int, noun: str) -> str:
    """'1 row', '1,204 rows'."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def seconds(value: float) -> str:
    """A duration for people: '12 ms', '3.4 s', '2m 05s'."""
    if value < 0.1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value // 60)}m {int(value % 60):02d}s"


def size(value: int) -> str:
    """Bytes for people: '512 B', '3.4 MB'."""
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (1000, "kB")):
        if value >= unit:
            return f"{value / unit:.1f} {name}"
    return f"{value} B"


def taken(cpu: Any, memory: Any, *, cpus: Any = None, limit: Any = None) -> str:
    """'412.0 MB of 4.0 GB, 1.7 of 2 cores', as far as these are known: what journals say may be no number."""
    told = []
    if isinstance(memory, int | float):
        told.append(size(int(memory)) + (f" of {size(int(limit))}" if isinstance(limit, int | float) else ""))
    if isinstance(cpu, int | float):
        told.append(f"{cpu:.1f} of {cpus} cores" if isinstance(cpus, int) else f"{cpu:.1f} cores")
    return ", ".join(told)


def environment_words(environment: Any) -> str:
    """'mfbench-env:… on python:3.11-slim, Python 3.11.2, linux-x86_64'; nothing for this interpreter's own."""
    if not isinstance(environment, dict) or not environment.get("told"):
        return ""
    return f"{environment['told']}, Python {environment.get('python')}, {environment.get('platform')}"
