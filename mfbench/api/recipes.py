"""The part of the Workbench that knows the recipes beside a workspace: which there are, what is wrong, new ones."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfbench.core.errors import MfbenchError, UsageError
from mfbench.workspace.workspace import Workspace

if TYPE_CHECKING:
    from mfbench.steps.precheck import Report

PathLike = str | os.PathLike[str]
FOLDERS = (".", "recipes")  # beside the workspace
_PLACE = re.compile(r"(.*):(\d+):(\d+)")
_LAST = """
SELECT recipe, arg_max(run, started) AS run, arg_max(status, started) AS status, max(started) AS started,
       arg_max(metrics, started) AS metrics
FROM runs WHERE recipe IN (SELECT unnest($names)) GROUP BY recipe
"""


class Recipes:
    """A recipe is a TOML file with a table [recipe], in the workspace's folder or in `recipes` in there."""

    workspace: Workspace

    @property
    def folder(self) -> Path:
        """The folder that the workspace belongs to."""
        return self.workspace.root.parent

    def recipe_files(self) -> list[tuple[str, int, int]]:
        """(path, time of change in ns, bytes) of every TOML file where recipes lie: cheap, to be compared."""
        found = []
        for folder in FOLDERS:
            try:
                with os.scandir(self.folder / folder) as entries:
                    for entry in entries:
                        if entry.name.endswith(".toml") and entry.is_file():
                            about = entry.stat()
                            found.append((os.path.normpath(entry.path), about.st_mtime_ns, about.st_size))
            except OSError:  # no such folder, or one that is not ours to read
                continue
        return sorted(found)

    def recipes(self) -> list[dict[str, Any]]:
        """Every recipe by path: {path, file, name, task, model, problem, run, status, started, metric, value}.

        file: relative to the workspace's folder. problem: what is wrong with it, {message, line, column, hint}, or
        None; the data is not looked at. run, status, started: of its last run. metric, value: what that is judged by.
        """
        found = [about for stamp in self.recipe_files() if (about := _summary(stamp)) is not None]
        names = [about["name"] for about in found if about["name"]]
        last = self._last_runs(names) if names else {}
        return [{**about, "file": os.path.relpath(about["path"], self.folder), **_told(last.get(about["name"]), about)}
                for about in found]  # fmt: skip

    def read_recipe(self, path: PathLike, overrides: Sequence[str] = ()) -> dict[str, Any]:
        """{text, problem}: what stands in the file, and as in `recipes` what is wrong with it."""
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            from mfbench.core.errors import from_os

            raise from_os(error, "the recipe cannot be read") from None
        return {"text": text, "problem": _problem(path, tuple(overrides))}

    def problem_of(self, error: MfbenchError) -> dict[str, Any]:
        """An error of a recipe as `recipes` tells it."""
        return problem_of(error)

    def check_changes(self, path: PathLike, overrides: Sequence[str]) -> None:
        """Raises RecipeError for `--set` words that this recipe does not take. The data is not looked at."""
        from mfbench.recipe.load import load_recipe

        load_recipe(Path(path), tuple(overrides))

    def check(self, path: PathLike, overrides: Sequence[str] = ()) -> Report:
        """Checks a recipe against its data without running it. Raises RecipeError that points to the place."""
        from mfbench.api.running import check_recipe

        return check_recipe(path, overrides)

    def templates(self) -> list[dict[str, Any]]:
        """{name, task, description} of each recipe that comes with mfbench."""
        from mfbench.api.demo import templates

        return templates()

    def new_recipe(self, name: str, template: str) -> Path:
        """A recipe of one's own, made from a shipped one, with its data. Raises UsageError where there is one."""
        from mfbench.api.demo import copy_template

        path = self._new_path(name)
        copy_template(template, path, name)
        return path

    def recipe_from_data(self, name: str, data: PathLike, target: str, task: str | None = None) -> Path:
        """A recipe for a data file: one of CSV, Parquet or JSON lines, and the column to be predicted.

        task: 'classification' or 'regression', by default what the target looks like. Raises UsageError.
        """
        from mfbench.api.recipe_making import text_for

        path = self._new_path(name)
        from mfbench.api.demo import write_new

        write_new(path, text_for(name, self.folder, data, target, task))
        return path

    def _new_path(self, name: str) -> Path:
        from mfbench.recipe.load import NAME

        self.workspace.require_writable("take a new recipe")
        if not NAME.fullmatch(name):
            told = "letters, digits, '-', '_' and '.', at most 63, beginning with a letter or digit"
            raise UsageError(f"{name!r} cannot be a recipe's name", hint=f"expected {told}")
        return self.folder / f"{name}.toml"

    def _last_runs(self, names: list[str]) -> dict[str, Any]:
        from mfbench.store.store import Store, as_rows

        with Store(self.workspace).reading() as con:
            return {row["recipe"]: row for row in as_rows(con.execute(_LAST, {"names": names}))}


@lru_cache(maxsize=512)
def _summary(stamp: tuple[str, int, int]) -> dict[str, Any] | None:
    """What the file says of itself; None where it is no recipe. Remembered until the file changes."""
    import tomllib

    path = stamp[0]
    try:
        tree = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        tree = None
    info = tree.get("recipe") if tree else None
    if tree is not None and not isinstance(info, dict):
        return None  # pyproject.toml and its like
    judged = _table(tree, "tune").get("metric") or next(iter(_list(_table(tree, "evaluate").get("metrics"))), None)
    return {"path": path, "name": _word(_table(tree, "recipe").get("name")),
            "task": _word(_table(tree, "recipe").get("task")),
            "model": _word(_table(tree, "model").get("estimator")), "metric": _word(judged),
            "problem": _problem(Path(path), ())}  # fmt: skip


def _told(run: dict[str, Any] | None, about: dict[str, Any]) -> dict[str, Any]:
    if run is None:
        return {"run": None, "status": None, "started": None, "value": None}
    metrics = run["metrics"] or {}
    metric = about["metric"] if about["metric"] in metrics else next(iter(metrics), about["metric"])
    return {"run": run["run"], "status": run["status"], "started": run["started"], "metric": metric,
            "value": metrics.get(metric)}  # fmt: skip


def _problem(path: Path, overrides: tuple[str, ...]) -> dict[str, Any] | None:
    from mfbench.recipe.load import load_recipe

    try:
        load_recipe(path, overrides)
    except MfbenchError as error:
        return problem_of(error)
    return None


def problem_of(error: MfbenchError) -> dict[str, Any]:
    """{message, line, column, hint, where} of a recipe's error; line and column are None where it names no place."""
    place = _PLACE.fullmatch(error.where or "")
    line, column = (int(place[2]), int(place[3])) if place else (None, None)
    return {"message": error.message, "line": line, "column": column, "hint": error.hint, "where": error.where}


def _table(tree: Any, key: str) -> dict[str, Any]:
    found = tree.get(key) if isinstance(tree, dict) else None
    return found if isinstance(found, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) else None
