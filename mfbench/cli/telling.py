"""How far long work is, on one line of a terminal that goes away again."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from mfbench.core.progress import Progress

_EVERY = 0.1  # seconds
_last = 0.0


def show(what: str, done: int, total: int) -> None:
    """For work that nobody foresaw: the line goes away once all is done."""
    global _last
    if done >= total:
        click.echo("\r\033[K", err=True, nl=False)
    elif time.monotonic() - _last > _EVERY:
        _last = time.monotonic()
        click.echo(f"\r\033[K{what}: {done:,} of {total:,}", err=True, nl=False)


@contextmanager
def telling() -> Iterator[Progress | None]:
    """`show`, for a block at whose end the line goes away in any case; None where nobody is looking."""
    if not sys.stderr.isatty():
        yield None
        return
    try:
        yield show
    finally:
        show("", 0, 0)
