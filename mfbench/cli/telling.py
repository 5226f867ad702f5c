"""How far long upkeep is, on one line of a terminal that goes away again."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

_EVERY = 0.1  # seconds


@contextmanager
def telling() -> Iterator[Callable[[str, int, int], None] | None]:
    """A function to call with what is being done, how many are done, of how many; None where nobody is looking."""
    if not sys.stderr.isatty():
        yield None
        return
    last = 0.0

    def tell(what: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > _EVERY:
            last = time.monotonic()
            click.echo(f"\r\033[K{what}: {done:,} of {total:,}", err=True, nl=False)

    try:
        yield tell
    finally:
        if last:
            click.echo("\r\033[K", err=True, nl=False)
