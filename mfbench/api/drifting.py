"""The part of the Workbench that compares what models meet with what they were tested on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import msgspec

from mfbench.core import progress
from mfbench.core.progress import Progress
from mfbench.workspace.workspace import Workspace, find

if TYPE_CHECKING:
    import polars as pl

    from mfbench.drift.audited import Audit
    from mfbench.drift.findings import Report
    from mfbench.drift.settings import Settings
    from mfbench.monitoring.watch import Pass
    from mfbench.registry.models import Registry, Version

PathLike = str | os.PathLike[str]
Data = Union[PathLike, Sequence[PathLike], "pl.DataFrame"]
SETTINGS = ("window", "level", "min_effect", "false_alarms", "margin", "metric")
NOT_KEPT = "not kept: the workspace is read-only"


class Drifting:
    """Drift reports of registered models."""

    workspace: Workspace

    if TYPE_CHECKING:

        @property
        def registry(self) -> Registry: ...

    def drift_check(
        self,
        model: str,
        data: Data,
        *,
        window: str | int | None = None,
        level: float | None = None,
        min_effect: float | None = None,
        false_alarms: str | None = None,
        margin: float | None = None,
        metric: str | None = None,
        time: str | None = None,
        label: str | None = None,
        labels: PathLike | None = None,
        separator: str | None = None,
        exact: bool = False,
        joint: bool | None = None,
        seed: int = 0,
        keep: bool = True,
        tell: Progress | None = None,
    ) -> Report:
        """Compares data with the held-out rows of a model: significant? how large? does it matter?

        model: `name`, `name@alias` or `name:version`. data: a file, glob, folder, folder of captured requests, several
        of them, or a data frame. window: '1d', 5000 rows, or 'all' for one window; the other settings are those of
        drift.settings. What is not given here is as config.toml says, then as the recipe says. time, label: columns of
        the data; labels: a file with labels that came later. exact: the KS test on rows instead of on cells. joint:
        also all columns together; by default of one window, and of alarms. keep: in the ledger, where the workspace can
        be written to. tell: hears how far it is.

        Raises NotFoundError, UsageError for data or settings that do not fit, and DamageError.
        """
        from mfbench.drift.check import check
        from mfbench.monitoring import keeping

        given = (window, level, min_effect, false_alarms, margin, metric)
        with _checked_out(self, model) as (folder, version):
            chosen = _settings(self.workspace, folder, dict(zip(SETTINGS, given, strict=True)), version.model)
            with telling(tell):
                report = check(
                    folder,
                    data,
                    chosen,
                    model=version.model,
                    version=version.number,
                    labels=None if labels is None else os.fspath(labels),
                    label=label,
                    time=time,
                    separator=separator,
                    exact=exact,
                    joint=joint,
                    seed=seed,
                    trusted=self.workspace.trusted_types,
                )
        if not keep:
            return report
        if not self.workspace.writable:
            return msgspec.structs.replace(report, notes=[*report.notes, NOT_KEPT])
        keeping.keep(self.workspace, report)
        return report

    def drift_reports(
        self, model: str | None = None, *, limit: int | None = None, alarms: bool = False
    ) -> list[dict[str, Any]]:
        """The kept reports, newest first: id, model, version, digest, made, actor, source, data, rows, windows, alarms,
        significant, effect, column, matters, metric, value, begins, ends.

        model: `name`, `name@alias` or `name:version`. alarms: only those that have one. Times are datetimes, UTC;
        windows, alarms and significant count windows; version: None for one that this workspace does not have.
        """
        from mfbench.monitoring import keeping

        return keeping.reports(self.workspace, model, limit=limit, alarms=alarms)

    def drift_report(self, id: str = "last") -> Report:
        """A kept report by its id, a unique beginning or end of it, or 'last'. Raises NotFoundError."""
        from mfbench.monitoring import keeping

        return keeping.find(self.workspace, id)

    def drift_audit(
        self,
        model: str,
        *,
        windows: int = 1000,
        sizes: Sequence[int] = (),
        seed: int = 0,
        tell: Progress | None = None,
        **settings: Any,
    ) -> Audit:
        """How often this configuration raises a false alarm on this model's own held-out rows, and what it can see.

        settings: window, level, min_effect, false_alarms, margin and metric, as of `drift_check`.
        """
        from mfbench.drift.audit import audit
        from mfbench.drift.reference import Reference

        with _checked_out(self, model) as (folder, version):
            chosen = _settings(self.workspace, folder, settings, version.model)
            reference = Reference.load(folder)
        return audit(reference, chosen, windows=windows, sizes=tuple(sizes), seed=seed, tell=tell)

    def monitor(
        self,
        model: str,
        data: PathLike | Sequence[PathLike] | None = None,
        *,
        tell: Callable[[str], None] | None = None,
        **options: Any,
    ) -> Pass:
        """One pass over what has newly arrived for a model: complete windows are judged, alerts go out.

        data: a folder, glob or files; by default what config.toml says, else the model's captured requests. options:
        the settings of `drift_check`, and time, label, labels, separator. Raises UsageError where another monitor of
        the model is running, and for an option that there is not.
        """
        from mfbench.monitoring.subject import READING
        from mfbench.monitoring.watch import Monitor

        _refuse_others(options, (*SETTINGS, *READING))
        with Monitor(self.workspace, model, data, options, tell) as watching:
            return watching.once()


def check_bundle(folder: PathLike, data: Data, **options: Any) -> Report:
    """As `Workbench.drift_check`, of a bundle's folder. It needs no workspace, and nothing is kept."""
    from mfbench.bundle.manifest import read_manifest
    from mfbench.drift.check import check

    given = {name: options.pop(name, None) for name in SETTINGS}
    options.pop("keep", None)
    found, path = find(), Path(folder)
    name = read_manifest(path)[0].name
    with telling(options.pop("tell", None)):
        return check(
            path, data, _settings(found, path, given, name), model=name,
            trusted=found.trusted_types if found else (), **options,
        )  # fmt: skip


def audit_bundle(
    folder: PathLike,
    *,
    windows: int = 1000,
    sizes: Sequence[int] = (),
    seed: int = 0,
    tell: Progress | None = None,
    **settings: Any,
) -> Audit:
    """As `Workbench.drift_audit`, of a bundle's folder."""
    from mfbench.bundle.manifest import read_manifest
    from mfbench.drift.audit import audit
    from mfbench.drift.reference import Reference

    path = Path(folder)
    chosen = _settings(find(), path, settings, read_manifest(path)[0].name)
    return audit(Reference.load(path), chosen, windows=windows, sizes=tuple(sizes), seed=seed, tell=tell)


@contextmanager
def telling(tell: Progress | None) -> Iterator[None]:
    """`tell` hears how far long work is, where it is given; else whoever hears it anyway."""
    before = progress.listener
    progress.listener = tell or before
    try:
        yield
    finally:
        progress.listener = before


@contextmanager
def _checked_out(bench: Drifting, model: str) -> Iterator[tuple[Path, Version]]:
    """A private copy of a version's bundle for a while: (folder, version)."""
    import tempfile

    registry = bench.registry
    version = registry.find(model)
    with tempfile.TemporaryDirectory(prefix="mfbench-") as folder:
        yield registry.checkout(version, Path(folder)), version


def _settings(workspace: Workspace | None, folder: Path, given: dict[str, Any], model: str) -> Settings:
    """Of a bundle: arguments before config.toml before the recipe."""
    from mfbench.bundle.manifest import read_manifest
    from mfbench.monitoring.settings import settings_for

    _refuse_others(given, SETTINGS)
    config = workspace.config if workspace else {}
    where = str(workspace.root / "config.toml") if workspace else "config.toml"
    return settings_for(read_manifest(folder)[0], config, given, where, model)


def _refuse_others(given: dict[str, Any], known: Sequence[str]) -> None:
    from mfbench.core.errors import UsageError
    from mfbench.core.text import did_you_mean

    for name in given:
        if name not in known:
            raise UsageError(f"there is no setting {name!r}", hint=did_you_mean(name, known))
