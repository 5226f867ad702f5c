"""Reports that are kept: found again, summed up, brought along by merges and archives, left by gc."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest

from mfbench.care.doctor import examine
from mfbench.care.merging import merge
from mfbench.core.errors import DamageError, NotFoundError, WorkspaceError
from mfbench.core.hashing import digest_bytes
from mfbench.drift.findings import Report
from mfbench.journal.blobs import Blobs
from mfbench.journal.ledger import open_ledger, read_ledger
from mfbench.monitoring import keeping
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace, create
from tests.monitoring.samples import alarming, quality, report, window


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return create(tmp_path / "here")


def register(workspace: Workspace, digest: str = "d" * 64, number: int = 1, name: str = "tiny") -> None:
    with open_ledger(workspace.ledger) as ledger:
        body = {"model": name, "version": number, "digest": digest, "run": "r", "metrics": {}}
        ledger.append("model.version", body)


def test_a_report_comes_back_as_it_was_with_nan_as_nothing(workspace: Workspace) -> None:
    made = report([window(effect=math.nan, p=0.5), alarming("2")], state={"files": {"a": [1, 2]}})
    keeping.keep(workspace, made)
    found = keeping.find(workspace, made.id)
    assert found.windows[0].effect is None
    assert found.windows[1] == made.windows[1]
    assert found.state == made.state
    assert found.settings == made.settings


def test_it_is_summed_up_in_the_ledger_and_in_sql(workspace: Workspace) -> None:
    register(workspace)
    windows = [
        window("0", effect=0.9, column="noise"),
        alarming("1", 0.3),
        window("2", quality=quality("worse", 0.7)),
        window("3", quality=quality("equivalent", 0.9)),
    ]
    made = report(windows, rows=4000)
    keeping.keep(workspace, made)
    (row,) = keeping.reports(workspace)
    told = {"alarms": 1, "significant": 1, "windows": 4, "effect": 0.3, "column": "carrier", "matters": "worse",
            "metric": "roc_auc", "value": 0.7, "version": 1, "rows": 4000, "data": "new.csv"}  # fmt: skip
    assert {key: row[key] for key in told} == told
    assert row["made"].timestamp() == made.made / 1e6
    (kept,) = Store(workspace).rows("SELECT * EXCLUDE (time, actor) FROM drift_reports")
    assert kept == {**{key: row[key] for key in kept}, "id": made.id}
    (entry,) = [entry for entry in read_ledger(workspace.ledger) if entry.kind == "drift.report"]
    assert Blobs(workspace.blobs).has(entry.body["report"])


def test_newest_first_of_a_model_or_only_alarms(workspace: Workspace) -> None:
    register(workspace)
    register(workspace, "e" * 64, 2)
    first, second = report([window()]), report([alarming()], digest="e" * 64)
    third = report([window()], model="other")
    for each in (first, second, third):
        keeping.keep(workspace, each)
    assert [row["id"] for row in keeping.reports(workspace)] == [third.id, second.id, first.id]
    assert [row["id"] for row in keeping.reports(workspace, "tiny")] == [second.id, first.id]
    assert [row["id"] for row in keeping.reports(workspace, "tiny:1")] == [first.id]
    assert [row["id"] for row in keeping.reports(workspace, alarms=True)] == [second.id]
    assert [row["id"] for row in keeping.reports(workspace, limit=1)] == [third.id]
    with pytest.raises(NotFoundError, match="no model 'tinny'"):
        keeping.reports(workspace, "tinny")


def test_a_report_is_found_by_parts_of_its_id_and_as_the_last(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="no drift report yet"):
        keeping.find(workspace)
    first, second = report([window("a")], id="20260101-a-one"), report([window("b")], id="20260102-b-two")
    keeping.keep(workspace, first)
    keeping.keep(workspace, second)
    assert keeping.find(workspace).id == second.id
    assert keeping.find(workspace, "20260101").id == first.id
    assert keeping.find(workspace, "one").id == first.id
    with pytest.raises(NotFoundError, match="means 2"):
        keeping.find(workspace, "2026")
    with pytest.raises(NotFoundError, match="no drift report 'zzz'"):
        keeping.find(workspace, "zzz")


def test_what_a_later_version_adds_is_left_out_and_a_later_format_refused(workspace: Workspace) -> None:
    plain = msgspec.to_builtins(report([window()]))
    later = {**plain, "colour": "red", "windows": [{**plain["windows"][0], "mood": {"a": 1}}]}
    assert isinstance(keeping.decode(msgspec.json.encode(later), "x"), Report)
    with pytest.raises(DamageError, match="format 99"):
        keeping.decode(msgspec.json.encode({**plain, "format": 99}), "x")
    with pytest.raises(DamageError, match="cannot be read"):
        keeping.decode(b"{" * 100_000, "x")


def test_a_monitor_that_was_overtaken_keeps_nothing(workspace: Workspace) -> None:
    first = report([window()], source="monitor")
    keeping.keep(workspace, first, after=None)
    with pytest.raises(keeping.OvertakenError):
        keeping.keep(workspace, report([window()], source="monitor"), after=None)
    keeping.keep(workspace, report([window()]))  # a check is no pass
    keeping.keep(workspace, report([window()], source="monitor"), after=first.id)
    assert len(keeping.reports(workspace)) == 3


def test_a_read_only_workspace_keeps_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mfbench.workspace.disk.is_writable", lambda _: False)
    with pytest.raises(WorkspaceError, match="read-only"):
        keeping.keep(Workspace(workspace.root), report([window()]))


def test_hostile_entries_of_other_ledgers_are_left_out(workspace: Workspace) -> None:
    other = create(workspace.root.parent.parent / "there")
    register(other)
    made = report([window()])
    keeping.keep(other, made)
    with open_ledger(other.ledger) as ledger:
        ledger.append("drift.report", {"id": 7})
        ledger.append("drift.report", {"id": "zzz", "model": "tiny", "made": 10**30, "report": "../../etc/passwd"})
    merge(workspace, other)
    (bad, row) = keeping.reports(workspace)
    assert (bad["id"], bad["made"], bad["version"]) == ("zzz", None, None)
    assert row["id"] == made.id
    assert row["version"] is None  # its bundle did not come along
    with pytest.raises(DamageError, match="names no content"):
        keeping.find(workspace, "zzz")
    assert keeping.find(workspace, made.id) == made
    own = report([window()])
    keeping.keep(workspace, own)
    assert keeping.find(workspace) == own  # no other workspace says what the last one here is


def test_a_merge_brings_the_reports_and_a_missing_one_is_told(workspace: Workspace) -> None:
    other = create(workspace.root.parent.parent / "there")
    made = report([alarming()])
    keeping.keep(other, made)
    merge(workspace, other)
    merge(workspace, other)
    assert keeping.find(workspace, made.id) == made
    assert [row["alarms"] for row in keeping.reports(workspace)] == [1]
    (row,) = Store(workspace).rows("SELECT id, version, alarms FROM drift_reports")
    assert row == {"id": made.id, "version": None, "alarms": 1}
    own = report([window()])
    digest = keeping.keep(workspace, own).body["report"]
    assert not [one for one in examine(workspace) if one.code == "blob.missing"]
    Blobs(workspace.blobs).path(digest).unlink()
    (missing,) = [one for one in examine(workspace) if one.code == "blob.missing"]
    assert own.id in missing.what
    with pytest.raises(DamageError, match="missing"):
        keeping.find(workspace)


def test_what_is_no_longer_what_was_written_is_told(workspace: Workspace) -> None:
    digest = keeping.keep(workspace, report([window()])).body["report"]
    path = Blobs(workspace.blobs).path(digest)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b" ")
    assert digest_bytes(path.read_bytes()) != digest
    with pytest.raises(DamageError, match="not what was written"):
        keeping.find(workspace)
