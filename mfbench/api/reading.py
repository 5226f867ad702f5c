"""The part of the Workbench that asks what was recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from mfbench.workspace.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl


class Reading:
    """Everything here reads: what was logged before the call is in the answer. Nothing is held open afterwards."""

    workspace: Workspace

    def runs(
        self,
        where: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """One row a run: its columns, then `params.KEY` (text), `metrics.KEY` (Float64) and `tags.KEY` (text) by name.

        where: as after `--where`, e.g. "metrics.roc_auc > 0.7 and params.model.estimator = 'Ridge'".
        sort: a column, with '-' in front for descending; newest first by default.
        columns: only these, e.g. ["name", "metrics.roc_auc"]; wise where runs have thousands of different keys.
        """
        from mfbench.store.table import run_table

        return run_table(self.workspace, where, sort, limit, columns)

    def list_runs(
        self, where: str | None = None, sort: str | None = None, limit: int | None = None, offset: int = 0
    ) -> tuple[list[dict[str, Any]], int]:
        """(a page of runs as dictionaries, how many there are in all)."""
        from mfbench.store.runs import list_runs

        return list_runs(self.workspace, where, sort, limit, offset)

    def show_run(self, run: str) -> dict[str, Any]:
        """One run with its steps, gates, checks, data, artifacts, metrics and what it took."""
        from mfbench.store.runs import show_run

        return show_run(self.workspace, self.workspace.find_run(run))

    def usage(self, run: str) -> dict[str, Any] | None:
        """What a run has taken: {peak_memory, mean_cpu, steps, samples}; None where nothing was sampled.

        steps: [{step, mean_cpu, peak_memory}], samples: [{time, cpu, memory}]. Memory in bytes, cpu in cores: of a
        sample the mean, and the most memory, since the sample before. Runs of less than a second have no samples.
        """
        from mfbench.store.usage import run_usage

        found = run_usage(self.workspace, self.workspace.find_run(run))
        return found.as_dict() if found else None

    def trials(self, run: str, *, front: bool = False) -> dict[str, Any]:
        """The search of a run: {objectives, greater, trials}, the trials best first, then those that have no value.

        front: only the trials that no other is at least as good as in every objective and better in one.
        """
        from mfbench.api.searches import trials

        return trials(self.workspace, self.workspace.find_run(run), front)

    def metric_keys(self, run: str) -> list[dict[str, Any]]:
        """The metrics that a run has logged: key, n, last, min, max, best."""
        from mfbench.store.points import summaries

        return summaries(self.workspace, self.workspace.find_run(run))

    def metrics(self, runs: str | Sequence[str], key: str | None = None) -> pl.DataFrame:
        """Every point of one run or several: run, trial, key, step, time (UTC), value, in that order.

        A trial's points have its number, the run's own have null. A step that was logged twice, as in a resumed run,
        has two rows, the later one last.
        """
        from mfbench.store.points import points

        return points(self.workspace, self._found(runs), key)

    def curve(
        self,
        runs: str | Sequence[str],
        keys: str | Sequence[str],
        points: int = 1000,
        x: Literal["step", "time", "relative"] = "step",
    ) -> pl.DataFrame:
        """Histories reduced to what a plot shows: at most `points` rows for each run and metric.

        Columns run, key, x, step_min, step_max, first, last, min, max, mean, n, nan, inf. x is the least step of the
        part, its time, or the seconds since the curve's first point; min, max and mean are of finite values, n counts
        all, nan and inf those that are not. A curve of no more than `points` points comes as it is. Trials' points are
        left out. Raises NotFoundError for a metric that none of the runs has.
        """
        from mfbench.store.curves import curve

        return curve(self.workspace, self._found(runs), [keys] if isinstance(keys, str) else keys, points, x)

    def curves(
        self,
        runs: Sequence[str],
        key: str,
        points: int = 1000,
        x: Literal["step", "time", "relative"] = "step",
    ) -> pl.DataFrame:
        """One metric of several runs side by side: x, and for each run that has it a column named by its id.

        A value is the last one before the next x; null where the run has none there.
        """
        from mfbench.store.curves import compare_curves

        return compare_curves(self.workspace, self._found(runs), key, points, x)

    def sql(self, query: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> pl.DataFrame:
        """A read-only query on the documented views (runs, params, metrics, steps, gates, models, …).

        parameters: what stands for each `?`, or by name for `$name`. Raises UsageError for what is no SELECT, fails,
        or would read anything but the workspace.
        """
        from mfbench.store.sql import read_only

        with read_only(self.workspace, query, parameters) as result:
            return result.frame()

    def _found(self, runs: str | Sequence[str]) -> list[str]:
        """Ids, each once."""
        asked = [runs] if isinstance(runs, str) else runs
        return list(dict.fromkeys(self.workspace.find_run(run) for run in asked))
