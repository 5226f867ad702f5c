"""Making msgspec's types ready before threads use them.

What msgspec knows of a Struct is made when it is first decoded or converted to, and another thread that comes in
between finds it half made and crashes the process (msgspec 0.22). Modules whose structs are read by programs with
threads make them ready while they are imported: until then no other thread has them.
"""

from __future__ import annotations

import threading
from typing import Any

import msgspec

_lock = threading.Lock()  # two modules may hold the same struct in theirs


def make_ready(*kinds: Any) -> None:
    """Makes what msgspec knows of these types, and of all that stand in them. Cheap the second time."""
    with _lock:
        for kind in kinds:
            msgspec.json.Decoder(kind)
