"""The facade: a check of a registered model, kept with it; of a bundle's folder, kept nowhere."""

from __future__ import annotations

import msgspec
import pytest

from mfbench.api.drifting import check_bundle
from mfbench.api.workbench import Workbench
from mfbench.care.exporting import export
from mfbench.care.gc import collect
from mfbench.care.importing import import_archive
from mfbench.core.errors import NotFoundError, UsageError
from mfbench.monitoring import keeping
from mfbench.registry.models import Registry
from mfbench.workspace.workspace import create
from tests.monitoring.conftest import rows
from tests.support import Project


@pytest.fixture
def bench(project: Project) -> Workbench:
    return Workbench(project.workspace)


def test_a_check_is_kept_with_its_model(bench: Workbench) -> None:
    frame = rows(2000, 3, shift=1.0)
    report = bench.drift_check("shop", frame, window="all", min_effect=0.12, joint=False)
    assert (report.model, report.version, report.source, report.alarms) == ("shop", 1, "check", 1)
    assert (report.settings.window, report.settings.min_effect) == (None, 0.12)
    assert report.digest == Registry(bench.workspace).find("shop").digest
    series = bench.drift_check("shop@champion", frame, joint=False, keep=False)
    assert series.settings.window == "800"  # the recipe's
    assert [row["id"] for row in bench.drift_reports("shop:1", alarms=True)] == [report.id]
    assert bench.drift_report() == bench.drift_report(report.id) == report
    with pytest.raises(NotFoundError):
        bench.drift_check("shap", frame)
    with pytest.raises(UsageError, match="level"):
        bench.drift_check("shop", frame, level=2)


def test_a_read_only_workspace_is_checked_with_and_keeps_nothing(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mfbench.workspace.disk.is_writable", lambda _: False)
    report = Workbench(type(bench.workspace)(bench.workspace.root)).drift_check("shop", rows(2000, 3), joint=False)
    assert report.notes[-1] == "not kept: the workspace is read-only"
    assert keeping.reports(bench.workspace) == []


def test_a_bundle_of_its_own_is_checked_by_its_folder(project: Project, bench: Workbench) -> None:
    registry = bench.registry
    folder = registry.checkout(registry.find("shop"), project.folder / "bundle")
    report = check_bundle(folder, rows(2000, 3), window="all", joint=False)
    assert (report.model, report.version, len(report.windows)) == ("shop", None, 1)
    assert bench.drift_reports() == []
    with pytest.raises(UsageError, match=r"no setting .windw."):
        bench.drift_audit("shop", windw=3)


def test_reports_go_with_their_model_and_stay_through_gc(project: Project, bench: Workbench) -> None:
    report = bench.drift_check("shop", rows(2000, 3), joint=False)
    other = bench.drift_check("shop", rows(2000, 4), joint=False, keep=False)
    keeping.keep(project.workspace, msgspec.structs.replace(other, digest="e" * 64))
    collect(project.workspace, older_than=0)
    assert bench.drift_report(report.id) == report
    told = export(project.workspace, project.folder / "shop.mfb", [], ["shop:1"])
    assert told["missing"] == []
    there = create(project.folder / "there")
    import_archive(there, project.folder / "shop.mfb")
    assert keeping.find(there, report.id) == report
    assert {row["id"]: row["version"] for row in keeping.reports(there)} == {report.id: 1, other.id: None}


def test_an_option_that_there_is_not_is_refused(project: Project, bench: Workbench) -> None:
    with pytest.raises(UsageError, match="no setting 'windw'") as refused:
        bench.monitor("shop", project.folder / "incoming", windw="1d")
    assert "window" in (refused.value.hint or "")
