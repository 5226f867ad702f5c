"""Questions that are asked again and again: what changes faster than it can be asked is asked as fast as it can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from mfbench_tui.asking import Asking

T = TypeVar("T")


class Steady(Asking):
    """`ask_again` lets an open question end and then asks the latest that came meanwhile; `ask` would give it up."""

    _open = False
    _next: tuple[Any, ...] | None = None

    def ask_again(
        self,
        question: Callable[[], T],
        show: Callable[[T], object],
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        """failed: as for `ask`."""
        failed = failed or self.workbench_app.show_error
        if self._open:
            self._next = (question, show, failed)
            return
        self._open = True
        self.ask(question, lambda value: self._answered(show, value), group="steady",
                 failed=lambda error: self._answered(failed, error))  # fmt: skip

    def _answered(self, show: Callable[[Any], object], value: Any) -> None:
        self._open = False
        following, self._next = self._next, None
        try:
            show(value)
        finally:
            if following:
                self.ask_again(*following)
