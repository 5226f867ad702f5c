"""Who wants to know how far long work is. Nobody by default; a face sets `listener` for its own process."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]  # what is being done, how many are done, of how many

listener: Progress | None = None


def tell(what: str, done: int, total: int) -> None:
    if listener is not None:
        listener(what, done, total)
