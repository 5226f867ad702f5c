"""What can be done with a recipe: run it, with changes or without, now or when there is a place."""

from __future__ import annotations

from functools import partial
from typing import Any

from textual.binding import Binding

from mfbench_tui.dialogs.ask import Field
from mfbench_tui.dialogs.form import Form
from mfbench_tui.panes.recipe_making import RecipeMaking
from mfbench_tui.panes.recipe_words import path_from_here, words_to_run
from mfbench_tui.text import safe

BINDINGS = [
    Binding("r", "run", "Run"),
    Binding("w", "run_changed", "Run with changes", show=False),
    Binding("Q", "queue", "Put into the queue", show=False),
    Binding("W", "open_queue", "Show the queue", show=False),
    Binding("C", "check", "Check"),
    Binding("n", "new", "New"),
    Binding("e", "edit", "Edit in $EDITOR", show=False),
]
WRITES = frozenset({"run", "run_changed", "queue", "new", "edit"})


class RecipeActs(RecipeMaking):
    """Those that start something."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._typed: dict[str, list[str]] = {}  # what was asked for last, by recipe

    # -- running -------------------------------------------------------------------------------------------------

    def action_run(self) -> None:
        about = self.current()
        if about is None:
            self._none()
            return
        path, words = about["path"], ["run", path_from_here(about["path"]), "--detach"]
        self.notify(f"starting {safe(about['file'], 60)} …", timeout=2, markup=False)
        self.do(lambda: self.desk.bench.start(path), partial(self._began, words), *words,
                alone=False, failed=partial(self._wrong, path))  # fmt: skip

    def action_run_changed(self) -> None:
        self._ask_changes("Run", "Run", self._start)

    def action_queue(self) -> None:
        self._ask_changes("Put into the queue", "Queue", self._enqueue)

    def _ask_changes(self, title: str, verb: str, act: Any) -> None:
        about = self.current()
        if about is None:
            self._none()
            return
        lines, executor, name = self._typed.get(about["path"], ["", "", ""])
        form = Form(
            f"{title}: {about['file']}",
            [Field("executor (empty: as the recipe says)", executor, "local, venv or docker"), Field("name", name)],
            verb,
            partial(act, about),
            lines=Field("changes, one KEY=VALUE a line as after --set", lines, "model.max_iter=200"),
        )
        self.app.push_screen(form, lambda done: done and done())

    def _start(self, about: dict[str, Any], texts: list[str]) -> Any:
        """In a thread: raises what is wrong, into the form."""
        overrides, executor, name = self._asked(about, texts)
        run = self.desk.bench.start(about["path"], overrides=overrides, executor=executor, name=name)
        words = words_to_run(path_from_here(about["path"]), overrides, executor, name)
        return partial(self._began, [*words, "--detach"], run)

    def _enqueue(self, about: dict[str, Any], texts: list[str]) -> Any:
        overrides, executor, name = self._asked(about, texts)
        self.desk.bench.enqueue(about["path"], overrides=overrides, executor=executor, name=name)
        words = words_to_run(path_from_here(about["path"]), overrides, executor, name)
        return partial(self._waits, [*words, "--queue"])

    def _asked(self, about: dict[str, Any], texts: list[str]) -> tuple[list[str], str | None, str | None]:
        self._typed[about["path"]] = texts
        overrides = [line.strip() for line in texts[0].splitlines() if line.strip()]
        self.desk.bench.check_changes(about["path"], overrides)
        return overrides, texts[1] or None, texts[2] or None

    def _began(self, words: list[str], run: str) -> None:
        self.desk.did(*words)
        if self.app.screen is not self.screen or not self.display:  # somebody has gone on
            self.notify(f"started as {run}", markup=False)
            return
        self.workbench_app.main.open_pane("runs")
        from mfbench_tui.screens.run import RunScreen

        self.app.push_screen(RunScreen(run))

    def _waits(self, words: list[str]) -> None:
        self.desk.did(*words)
        self.notify("it waits in the queue; W shows it", markup=False)
        self.refresh_data()

    def action_open_queue(self) -> None:
        from mfbench_tui.screens.queue import QueueScreen

        self.app.push_screen(QueueScreen())
