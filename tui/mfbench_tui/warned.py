"""Warnings of the threads, such as that what is shown may be old: told on the screen, where nobody sees stderr."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mfbench.core.errors import StaleWarning
from mfbench_tui.text import safe

if TYPE_CHECKING:
    from mfbench_tui.app import MfbenchApp

AGAIN = 20.0  # seconds after which the same is told again


@contextmanager
def told_on(app: MfbenchApp) -> Iterator[None]:
    """While this lasts, what warns of old data is a notice of the app."""
    last: dict[str, float] = {}

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if not issubclass(category, StaleWarning):
            before(message, category, *place, **more)
            return
        text, now = safe(message), time.monotonic()
        if now - last.get(text, -AGAIN) >= AGAIN:
            last[text] = now
            app.notify(text, severity="warning", timeout=8, markup=False)

    with warnings.catch_warnings():
        before = warnings.showwarning
        warnings.filterwarnings("always", category=StaleWarning)
        warnings.showwarning = show
        yield
