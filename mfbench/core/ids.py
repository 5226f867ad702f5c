"""Identifiers that sort by time and are safe as a file name anywhere."""

from __future__ import annotations

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u


def random_text(length: int) -> str:
    return "".join(_ALPHABET[byte & 31] for byte in os.urandom(length))


def new_id(now: float | None = None) -> str:
    """'20261123-071512123-k3f9a': UTC to the millisecond, then 25 random bits."""
    stamp = time.time() if now is None else now
    milliseconds = int(stamp * 1000) % 1000
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(stamp))}{milliseconds:03d}-{random_text(5)}"
