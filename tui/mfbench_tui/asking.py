"""Asking in a thread, showing on the event loop: what panes, screens and dialogs with data have in common.

A thread only posts a message. What it raises is shown with its remedy and never takes the screen down.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

from mfbench_tui.errors import told

if TYPE_CHECKING:
    from mfbench_tui.app import MfbenchApp
    from mfbench_tui.desk import Desk

T = TypeVar("T")


class Answer(Message, bubble=False):
    """What a thread has found: `show` is called with it, unless a later question of its group was asked meanwhile."""

    def __init__(self, group: str, number: int, show: Callable[[Any], object], value: Any) -> None:
        super().__init__()
        self.group, self.number, self.show, self.value = group, number, show, value


class Asking(Widget):
    """Mixed into panes and screens."""

    @property
    def desk(self) -> Desk:
        return self.workbench_app.desk

    @property
    def workbench_app(self) -> MfbenchApp:
        return cast("MfbenchApp", self.app)

    def ask(
        self,
        question: Callable[[], T],
        show: Callable[[T], object],
        *,
        group: str = "ask",
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        """Calls `question` in a thread and `show` with its answer; only the latest question of a group is answered.

        failed: what to do with an error instead of showing it in a dialog.
        """
        numbers = _numbers(self)
        numbers[group] = numbers.get(group, 0) + 1
        work = partial(self._in_thread, question, show, failed or self.workbench_app.show_error, group, numbers[group])
        self.run_worker(work, group=group, thread=True, exclusive=True, exit_on_error=False)

    def do(
        self,
        action: Callable[[], T],
        then: Callable[[T], object],
        *command: str,
        alone: bool = True,
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        """As `ask`, for what changes something: one after another, and kept as a command line once it is done.

        The same once more, while it is on its way, is one key too many. Who asked may have gone when it is done: an
        error is shown all the same. alone: False for what may take minutes and is in nobody's way.
        """
        desk, app = self.desk, self.workbench_app
        if command in desk.doing:
            return
        desk.doing.add(command)

        def done(value: T) -> None:
            if command:
                desk.did(*command)
            if self.is_attached:
                then(value)

        def act() -> None:
            show: Callable[[Any], object] = done
            try:
                with desk.acts if alone else nullcontext():
                    value: Any = action()
            except Exception as error:
                value, show = error, failed or app.show_error
            if app.is_running:
                app.post_message(Answer("", 0, show, value))
            elif isinstance(value, Exception):  # the screen was left, and its process waits for this
                print(told(value)[1], file=sys.stderr)
            desk.doing.discard(command)

        app.run_worker(act, group="do", thread=True, exit_on_error=False)

    def _in_thread(
        self,
        question: Callable[[], T],
        show: Callable[[T], object],
        failed: Callable[[Exception], object],
        group: str,
        number: int,
    ) -> None:
        worker = get_current_worker()
        try:
            value: Any = question()
        except Exception as error:
            value, show = error, cast("Callable[[Any], object]", failed)
        if not worker.is_cancelled and self.is_attached:
            self.post_message(Answer(group, number, show, value))

    def on_answer(self, message: Answer) -> None:
        if not message.group or message.number == _numbers(self).get(message.group):
            shown(self.workbench_app, message)


def shown(app: MfbenchApp, answer: Answer) -> None:
    """What cannot be shown is told as mfbench's own mistake; it does not end the screen."""
    try:
        answer.show(answer.value)
    except Exception as error:
        app.show_error(error)


def _numbers(widget: Widget) -> dict[str, int]:
    found: dict[str, int] = widget.__dict__.setdefault("_questions", {})
    return found
