"""Workbench: one workspace and everything one can do in it, for the command line and for Python alike.

Every method imports what it needs when it is called, so that a listing never loads a framework.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfbench.core.errors import MfbenchError, RunFailedError
from mfbench.workspace.workspace import Workspace, create, find, find_or_create, require

if TYPE_CHECKING:
    import polars as pl

    from mfbench.bundle.model import Model
    from mfbench.engine.launch import Launched
    from mfbench.engine.result import RunResult
    from mfbench.registry.models import Registry
    from mfbench.steps.precheck import Report

PathLike = str | os.PathLike[str]


class Workbench:
    """A workspace. Holds no file open; safe to use from several threads.

    >>> bench = Workbench.open()  # doctest: +SKIP
    >>> bench.run("recipes/flight-delay.toml")["metrics"]["roc_auc"]  # doctest: +SKIP
    0.708
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    @classmethod
    def open(cls, workspace: PathLike | None = None) -> Workbench:
        """The workspace that is named, or found upwards from here. Raises WorkspaceError when there is none."""
        return cls(require(workspace))

    @classmethod
    def create(cls, folder: PathLike = ".") -> Workbench:
        """The workspace in `folder`, made when missing."""
        return cls(create(Path(folder).absolute()))

    # -- running ---------------------------------------------------------------------------------------------

    def run(
        self,
        recipe: PathLike,
        *,
        overrides: Sequence[str] = (),
        executor: str | None = None,
        name: str | None = None,
        on_event: Callable[[RunResult, list[Any]], None] | None = None,
    ) -> dict[str, Any]:
        """Runs a recipe to its end: {run, recipe, status, executor, seconds, metrics, gates, model, steps}.

        overrides: 'key.path=value' words as after `--set`. on_event: called with the state so far and each new
        event. A refused model is a result like any other (`model` is None, a gate has `passed` False).
        Raises RecipeError, and RunFailedError when the run failed, was stopped, timed out or was lost.
        """
        result, _ = run_and_follow(recipe, self.workspace.root, overrides, executor, name, on_event)
        if result.status != "finished":
            told = (result.error or {}).get("message") or f"the run ended as {result.status}"
            hint = (result.error or {}).get("hint") or f"see: mfbench runs logs {result.run}"
            raise RunFailedError(told, where=f"run {result.run}", hint=hint)
        return result.as_json()

    def stop(self, run: str) -> bool:
        """Asks the driver of a run to stop it; False when the run is over already."""
        import signal

        import msgspec

        run = self.workspace.find_run(run)
        if not self.workspace.is_alive(run):
            return False
        holder = msgspec.json.decode((self.workspace.live / run).read_bytes())
        if holder["host"] != os.uname().nodename:
            raise MfbenchError(f"run {run} is led from {holder['host']}: stop it there")
        os.kill(holder["pid"], signal.SIGTERM)
        return True

    # -- reading ---------------------------------------------------------------------------------------------

    def runs(self, where: str | None = None, sort: str | None = None, limit: int | None = None) -> pl.DataFrame:
        """One row a run; params and metrics are columns named `params.KEY` and `metrics.KEY`.

        where: as after `--where`, e.g. "metrics.roc_auc > 0.7 and params.model.estimator = 'Ridge'".
        sort: a column, with '-' in front for descending; newest first by default.
        """
        import polars as pl

        rows, _ = self.list_runs(where, sort, limit)
        maps = ("params", "metrics", "tags")
        flat = [
            {k: v for k, v in row.items() if k not in maps} | {f"{m}.{k}": v for m in maps for k, v in row[m].items()}
            for row in rows
        ]
        return pl.DataFrame(flat, infer_schema_length=None)

    def list_runs(
        self, where: str | None = None, sort: str | None = None, limit: int | None = None, offset: int = 0
    ) -> tuple[list[dict[str, Any]], int]:
        """(a page of runs as dictionaries, how many there are in all)."""
        from mfbench.store.runs import list_runs

        return list_runs(self.workspace, where, sort, limit, offset)

    def show_run(self, run: str) -> dict[str, Any]:
        """One run with its steps, gates, checks, data, artifacts and metrics."""
        from mfbench.store.runs import show_run

        return show_run(self.workspace, self.workspace.find_run(run))

    def metrics(self, run: str, key: str | None = None) -> pl.DataFrame:
        """The points of a run's curves: key, step, time (UTC), value."""
        query = "SELECT key, step, time, value FROM metrics WHERE run = ? AND (? IS NULL OR key = ?) ORDER BY key, step"
        return self._frame(query, [self.workspace.find_run(run), key, key])

    def sql(self, query: str) -> pl.DataFrame:
        """A read-only query on the documented views (runs, params, metrics, steps, gates, models, …)."""
        from mfbench.store.sql import frame_of, read_only

        with read_only(self.workspace, query) as result:
            return frame_of(result)

    def _frame(self, query: str, parameters: list[Any]) -> pl.DataFrame:
        from mfbench.store.sql import frame_of
        from mfbench.store.store import Store

        with Store(self.workspace).reading() as con:
            return frame_of(con.sql(query, params=parameters))

    # -- models ----------------------------------------------------------------------------------------------

    @property
    def registry(self) -> Registry:
        from mfbench.registry.models import Registry

        return Registry(self.workspace)

    def models(self) -> list[dict[str, Any]]:
        """Every version: name, version, digest, aliases, run, registered, actor, reason, metrics; newest first."""
        from mfbench.registry.describe import describe

        return describe(self.registry.models())

    def model(self, reference: str) -> Model:
        """The loaded model that `name`, `name@alias` or `name:version` means, its files verified.

        Its `predict` takes a pl.DataFrame of raw rows. Raises NotFoundError, DamageError, or UsageError for a
        type that the workspace's configuration does not trust.
        """
        import tempfile

        from mfbench.bundle.model import Model

        version = self.registry.find(reference)
        with tempfile.TemporaryDirectory(prefix="mfbench-") as folder:
            return Model.load(self.registry.checkout(version, Path(folder)), self.workspace.trusted_types)


def load_model(reference: PathLike, workspace: PathLike | None = None) -> Model:
    """The model in a bundle's folder, which needs no workspace, or one that a workspace has registered.

    Types beyond mfbench's own list have to stand in the configuration of the workspace, where there is one.
    """
    folder = Path(reference)
    if (folder / "manifest.json").is_file():
        from mfbench.bundle.model import Model

        found = find(named=workspace)
        return Model.load(folder, found.trusted_types if found else [])
    return Workbench.open(workspace).model(os.fspath(reference))


def check_recipe(recipe: PathLike, overrides: Sequence[str] = ()) -> Report:
    """Checks a recipe and its data without running it. Raises RecipeError that points to the place."""
    from mfbench.core.errors import FitError
    from mfbench.engine.plan import check_names
    from mfbench.recipe.load import load_recipe
    from mfbench.steps.precheck import precheck

    loaded = load_recipe(Path(recipe), tuple(overrides))
    try:
        check_names(loaded)
        return precheck(loaded.recipe, loaded.folder)
    except FitError as error:
        raise loaded.error(error.key, error.message, error.hint) from None


def start(
    recipe: PathLike,
    workspace: PathLike | None,
    overrides: Sequence[str] = (),
    executor: str | None = None,
    name: str | None = None,
) -> tuple[Launched, Workspace]:
    """Starts a run that outlives this process. The workspace is made only once the recipe has been found right."""
    from mfbench.engine.driver import Request
    from mfbench.engine.launch import launch

    found = find(named=workspace)
    folder = found.root if found else Path(workspace or os.environ.get("MFBENCH_WORKSPACE") or Path.cwd()).absolute()
    request = Request(
        recipe=os.fspath(Path(recipe)), workspace=str(folder), overrides=tuple(overrides), executor=executor, name=name
    )
    launched = launch(request)
    return launched, find_or_create(folder)


def run_and_follow(
    recipe: PathLike,
    workspace: PathLike | None,
    overrides: Sequence[str] = (),
    executor: str | None = None,
    name: str | None = None,
    on_event: Callable[[RunResult, list[Any]], None] | None = None,
) -> tuple[RunResult, Workspace]:
    """Runs a recipe and follows it to its end. Ctrl-C stops the run and returns its end."""
    launched, made = start(recipe, workspace, overrides, executor, name)
    try:
        return follow_to_end(made, launched.run, on_event, launched), made
    finally:
        launched.close()


def follow_to_end(
    workspace: Workspace,
    run: str,
    on_event: Callable[[RunResult, list[Any]], None] | None = None,
    launched: Launched | None = None,
) -> RunResult:
    """The result of a run once it is over. Ctrl-C stops a run that this process has launched."""
    from mfbench.engine.follow import follow
    from mfbench.engine.result import RunResult

    result = RunResult(run)
    batches = follow(workspace, run, launched)
    while True:
        try:
            events = next(batches, None)
        except KeyboardInterrupt:
            if launched is None:
                raise
            launched.stop()
            batches = follow(workspace, run, launched)
            result = RunResult(run)
            on_event = None
            continue
        if events is None:
            break
        for event in events:
            result.take(event)
            if on_event:
                on_event(result, event)
        if on_event and not events:
            on_event(result, [])
    if result.status == "running":
        result.status = "lost"
        hint = "its driver was killed; run the recipe again: what had finished is cached"
        result.error = {"type": "Lost", "message": "the driver of the run is dead", "where": None, "hint": hint}
    return result
