"""What can be done to a recipe itself: check it, edit it, make a new one."""

from __future__ import annotations

import os
import shlex
import subprocess
from functools import partial
from typing import Any

from textual.app import SuspendNotSupported

from mfbench.core.errors import RecipeError
from mfbench_tui.asking import Asking
from mfbench_tui.dialogs.ask import Field
from mfbench_tui.dialogs.choose import Choose
from mfbench_tui.dialogs.form import Form
from mfbench_tui.dialogs.reader import Reader
from mfbench_tui.panes.recipe_words import findings_text, path_from_here
from mfbench_tui.text import safe

FROM_DATA = ""  # no template has this name


class RecipeMaking(Asking):
    """`current` is the recipe under the cursor."""

    def current(self) -> dict[str, Any] | None:
        """As `bench.recipes()` tells it."""
        raise NotImplementedError

    def refresh_data(self) -> None:
        raise NotImplementedError

    def point_out(self, path: str, problem: Any) -> None:
        """Shows in the recipe's text what is wrong."""
        raise NotImplementedError

    def go_to(self, path: str) -> None:
        """Puts the cursor on a recipe once the list knows it."""
        raise NotImplementedError

    def action_check(self) -> None:
        about = self.current()
        if about is None:
            self._none()
            return
        path, file = about["path"], about["file"]
        self.notify(f"checking {safe(file, 60)} against its data …", timeout=2, markup=False)
        self.ask(lambda: self.desk.bench.check(path), partial(self._checked, path, file), group="check",
                 failed=partial(self._wrong, path))  # fmt: skip

    def _checked(self, path: str, file: str, report: Any) -> None:
        self.desk.did("check", path_from_here(path))
        title, text = findings_text(report)
        self.app.push_screen(Reader(f"{file}: {title}", text))

    def _wrong(self, path: str, error: Exception) -> None:
        """A recipe's own mistake is shown where it stands, anything else in a dialog."""
        if isinstance(error, RecipeError) and (error.where or "").startswith(path):
            self.point_out(path, error)
            self.notify(safe(error.message), title="The recipe is wrong", severity="error", markup=False)
        else:
            self.workbench_app.show_error(error)

    def action_edit(self) -> None:
        about = self.current()
        if about is None:
            self._none()
            return
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        try:
            with self.app.suspend():
                code = subprocess.run([*shlex.split(editor), about["path"]]).returncode
        except SuspendNotSupported:
            self.notify("this terminal cannot be lent to an editor", severity="warning", markup=False)
            return
        except (OSError, ValueError) as error:
            told = f"the editor {safe(editor)!r} cannot be started ({error}): set EDITOR to one that is there"
            self.notify(told, severity="error", markup=False)
            code = 0
        if code:
            self.notify(f"the editor left with exit code {code}", severity="warning", markup=False)
        self.app.refresh(layout=True)
        self.refresh_data()

    def action_new(self) -> None:
        self.ask(self.desk.bench.templates, self._choose, group="new")

    def _choose(self, templates: list[dict[str, Any]]) -> None:
        options = [(FROM_DATA, "from a data file of yours")]
        options += [(one["name"], f"{one['name']}: {one['task']}. {one['description']}") for one in templates]
        self.app.push_screen(Choose("A new recipe", options), self._chosen)

    def _chosen(self, template: str | None) -> None:
        if template is None:
            return
        name = Field("name", "" if template == FROM_DATA else f"my-{template}", required=True)
        if template == FROM_DATA:
            fields = [Field("data file", "", "sales.csv", True), Field("column to predict", "", "", True),
                      Field("task", "", "classification or regression; empty: as the column looks"), name]  # fmt: skip
            form = Form("A recipe for a data file", fields, "Make", lambda texts: self._from_data(*texts))
        else:
            form = Form(f"A recipe like {template}", [name], "Make", lambda texts: self._like(template, texts[0]))
        self.app.push_screen(form, self._made)

    def _from_data(self, data: str, target: str, task: str, name: str) -> Any:
        return self.desk.bench.recipe_from_data(name, data, target, task or None)

    def _like(self, template: str, name: str) -> Any:
        return self.desk.bench.new_recipe(name, template)

    def _made(self, path: Any) -> None:
        if path is not None:
            self.go_to(str(path))
            self.refresh_data()

    def _none(self, told: str | None = None) -> None:
        self.notify(told or "there is no recipe under the cursor: n makes one", markup=False)
