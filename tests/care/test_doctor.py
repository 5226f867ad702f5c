"""Every kind of damage has a name and a place, and what is whole is called whole."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from mfbench.care.doctor import examine, locate
from mfbench.care.findings import Finding
from mfbench.care.scan import scan
from mfbench.journal.blobs import Blobs
from mfbench.journal.ledger import open_ledger
from mfbench.journal.line import encode_line
from mfbench.journal.sealed import SEALED
from mfbench.journal.sealing import seal
from mfbench.journal.segment import SegmentWriter
from mfbench.store.engine import attached
from mfbench.store.runs import list_runs
from mfbench.store.store import Store
from mfbench.tracking.run import start_run
from mfbench.workspace import disk
from mfbench.workspace.workspace import Workspace, create
from tests.care import damage
from tests.care.histories import age, make_run, register
from tests.children import start


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr("mfbench.care.examine_home.LITTLE", 0)  # not this machine's disk is looked at
    return create(tmp_path)


def codes(workspace: Workspace, fast: bool = False) -> list[str]:
    return sorted(one.code for one in examine(workspace, fast=fast))


def only(workspace: Workspace) -> Finding:
    [finding] = examine(workspace)
    return finding


def _segment(workspace: Workspace, run: str) -> Path:
    [path] = damage.segments(workspace, run)
    return path


def test_nothing_is_wrong_with_a_whole_workspace(workspace: Workspace) -> None:
    run = make_run(workspace, [b"a", b"b"], steps=["train"])
    register(workspace, run, b"weights")
    with start_run("script", workspace=workspace.root) as script:
        script.log_metrics({"loss": 1.0, "auc": float("nan")})
        assert examine(workspace) == []  # one of them is still running
        script.log_metric("loss", 0.5)
    assert examine(workspace) == []
    assert examine(workspace) == []


def test_an_empty_workspace_is_whole_and_a_missing_database_is_no_damage(workspace: Workspace) -> None:
    assert examine(workspace) == []
    make_run(workspace)
    list_runs(workspace)
    workspace.database.unlink()
    assert examine(workspace) == []


# -- journals


@pytest.mark.parametrize("folded", [True, False])
def test_a_flipped_byte_is_told_with_file_byte_and_gap(workspace: Workspace, folded: bool) -> None:
    run = make_run(workspace, [b"a", b"b"])
    if folded:
        list_runs(workspace)
    path = _segment(workspace, run)
    lines = path.read_bytes().splitlines(keepends=True)
    damage.flip_line(path, random.Random(1), 2)
    finding = only(workspace)
    assert (finding.code, finding.where) == ("journal.damaged", f"runs/{run}/events/{path.name}")
    assert finding.what.startswith(f"byte {sum(map(len, lines[:2]))}: ")
    assert "event 2 is missing" in finding.what
    assert ("the database" in finding.what) == folded
    assert not finding.mendable


def test_every_bit_of_a_line_is_guarded(workspace: Workspace) -> None:
    run = make_run(workspace)
    path = _segment(workspace, run)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    start_ = len(lines[0])
    for at in range(start_, start_ + len(lines[1])):
        damage.flip(path, at, at % 8)
        journal = scan(workspace, run)
        assert journal.segments[0].damages, at
        path.write_bytes(whole)
    assert scan(workspace, run).segments[0].damages == []


def test_a_torn_tail_and_a_refused_write_are_no_damage(workspace: Workspace) -> None:
    run = start_run("r", workspace=workspace.root)
    path = _segment(workspace, run.id)
    damage.tear(path, b'[2,9,"m","los')
    with path.open("ab") as stream:  # the disk was full for a moment: the writer was told, and went on
        stream.write(b"\n" + encode_line((2, 9, "m", "loss", 0, 1.0)))
    run._writer._seq = 3
    run.end()
    damage.tear(path)
    assert examine(workspace) == []


def test_what_is_gone_from_a_journal_is_told(workspace: Workspace) -> None:
    cut, gone, replaced = (make_run(workspace, [b"a"]) for _ in range(3))
    list_runs(workspace)
    damage.cut_lines(_segment(workspace, cut), 2)
    _segment(workspace, gone).unlink()
    path = _segment(workspace, replaced)
    last = path.read_bytes().splitlines(keepends=True)[-1]
    other = encode_line([3, 1, "run.ended", "finished", None, None])
    damage.overwrite(path, path.read_bytes().removesuffix(last) + other + b"\n" * (len(last) - len(other)))
    found = {(one.code, one.name) for one in examine(workspace)}
    assert ("journal.cut", "driver-1.jsonl") in found
    assert ("run.lost", cut) in found
    assert ("run.empty", gone) in found
    assert ("journal.replaced", "driver-1.jsonl") in found
    assert ("database.differs", "store.duckdb") in found


def test_a_line_that_was_taken_out_is_a_gap(workspace: Workspace) -> None:
    run = make_run(workspace, [b"a", b"b"])
    damage.remove_line(_segment(workspace, run), 2)
    assert "a gap in the sequence; event 2 is missing" in only(workspace).what


def test_missing_and_strange_segments(workspace: Workspace) -> None:
    run = make_run(workspace)
    folder = workspace.run_folder(run) / "events"
    SegmentWriter(folder, "driver", run=run).close()
    SegmentWriter(folder, "worker", run="20260101-000000000-aaaaa").close()
    (folder / "notes.txt").write_text("mine")
    (folder / "worker-2 (copy).jsonl").write_bytes((folder / "driver-1.jsonl").read_bytes())
    (folder / "late-1.jsonl").write_bytes(encode_line((0, 1, "m", "loss", 0, 1.0)))
    (folder / "driver-1.jsonl").unlink()
    found = [(one.code, one.name) for one in examine(workspace) if one.code.startswith("journal")]
    assert sorted(found) == [
        ("journal.foreign", "worker-1.jsonl"),
        ("journal.header", "late-1.jsonl"),
        ("journal.missing", "driver-2.jsonl"),
        ("journal.stray", "notes.txt"),
        ("journal.stray", "worker-2 (copy).jsonl"),
    ]


def test_a_damaged_header_is_told_once(workspace: Workspace) -> None:
    run = make_run(workspace)
    damage.flip_line(_segment(workspace, run), random.Random(2), 0)
    assert "byte 0" in only(workspace).what


def test_the_first_segment_is_missed_though_nothing_names_it(workspace: Workspace) -> None:
    run = make_run(workspace)
    folder = workspace.run_folder(run) / "events"
    worker = SegmentWriter(folder, "worker", run=run)
    worker.write("m", "loss", 0, 1.0)
    worker.close()
    (folder / "driver-1.jsonl").unlink()
    assert codes(workspace) == ["journal.missing", "run.lost"]


def test_a_newer_segment_and_events_that_nobody_understands(workspace: Workspace) -> None:
    run = make_run(workspace)
    folder = workspace.run_folder(run) / "events"
    header = {"format": 99, "run": run, "writer": "later", "previous": None}
    lines = [(0, 1, "header", header), (1, 2, "m", "loss", "first", 1.0), (2, 3, "unheard.of", 1)]
    (folder / "later-1.jsonl").write_bytes(b"".join(map(encode_line, lines)))
    found = {one.code: one for one in examine(workspace)}
    assert set(found) == {"journal.newer", "journal.odd"}
    assert "event 1 (m) cannot be understood" in found["journal.odd"].what


def test_a_sealed_journal_is_read_and_its_damage_told(workspace: Workspace) -> None:
    run = make_run(workspace, [b"a"])
    folder = workspace.run_folder(run) / "events"
    driver = SegmentWriter(folder, "more", run=run)
    driver.write_many("m", [("loss", step, step / 7) for step in range(5000)])
    driver.close()
    assert seal(folder) >= 0
    assert (folder / SEALED).exists()
    assert examine(workspace) == []
    damage.drop_blob(workspace, next(workspace.blobs.iterdir()).name)
    assert codes(workspace) == ["blob.missing"]
    damage.flip(folder / SEALED, (folder / SEALED).stat().st_size // 2)
    assert "journal.sealed" in codes(workspace)


def test_a_file_that_cannot_be_read_is_told(workspace: Workspace) -> None:
    run = make_run(workspace)
    path = _segment(workspace, run)
    path.unlink()
    path.mkdir()  # even the superuser cannot read that as a file
    assert "journal.unreadable" in codes(workspace)


def test_a_folder_that_cannot_be_read_hides_no_other_run(workspace: Workspace) -> None:
    closed, other = make_run(workspace), make_run(workspace)
    events = workspace.run_folder(closed) / "events"
    events.rename(workspace.root / "aside")
    events.write_text("not even the superuser can list this")
    assert {row["run"]: row["status"] for row in list_runs(workspace)[0]} == {closed: "lost", other: "finished"}
    (finding,) = [one for one in examine(workspace) if one.name == "events"]
    assert (finding.code, finding.what) == ("journal.unreadable", "Not a directory")
    events.unlink()
    (workspace.root / "aside").rename(events)
    make_run(workspace)  # the next fold
    assert {row["status"] for row in list_runs(workspace)[0]} == {"finished"}
    assert examine(workspace) == []


def test_a_folder_that_can_no_longer_be_read_takes_nothing_away(workspace: Workspace) -> None:
    closed = make_run(workspace)
    before = list_runs(workspace)
    events = workspace.run_folder(closed) / "events"
    events.rename(workspace.root / "aside")
    events.write_text("")
    workspace.touch_runs()
    assert list_runs(workspace) == before


# -- runs


def test_a_run_without_an_end_is_lost_only_when_its_leader_is_dead(workspace: Workspace) -> None:
    lost = damage.lose_run(workspace)
    alive = start_run("alive", workspace=workspace.root)
    finding = only(workspace)
    assert (finding.code, finding.where, finding.mendable) == ("run.lost", f"runs/{lost}", True)
    alive.end()


def test_a_damaged_end_is_no_lost_run_while_the_database_knows_it(workspace: Workspace) -> None:
    run = make_run(workspace)
    list_runs(workspace)
    damage.flip_line(_segment(workspace, run), random.Random(3), 2)
    assert codes(workspace) == ["journal.damaged"]
    workspace.database.unlink()
    assert codes(workspace) == ["journal.damaged", "run.lost"]


def test_folders_and_markers_that_are_no_runs(workspace: Workspace) -> None:
    (workspace.runs / "my backup").mkdir()
    run, marker = workspace.new_run({})
    os.close(marker)
    (workspace.live / "20260101-000000000-aaaaa").write_text("{}")
    found = {(one.code, one.name) for one in examine(workspace) if not one.code.startswith("database")}
    assert found == {("run.stray", "my backup"), ("run.empty", run), ("run.marker", "20260101-000000000-aaaaa")}


def test_deletions_that_were_broken_off(workspace: Workspace) -> None:
    deleted, trashed = make_run(workspace), make_run(workspace)
    list_runs(workspace)
    damage.delete_halfway(workspace, deleted)
    workspace.run_folder(trashed).rename(workspace.root / "trash" / trashed)
    assert [(one.code, one.where) for one in examine(workspace)] == [
        ("run.deleted", f"runs/{deleted}"),
        ("trash.unknown", f"trash/{trashed}"),
    ]


# -- blobs


def test_what_a_missing_blob_costs_is_told(workspace: Workspace) -> None:
    run = make_run(workspace, [b"a"], steps=["train"])
    digest = register(workspace, run, b"weights")
    blobs = Blobs(workspace.blobs)
    artifact, weights = blobs.put(b"a"), blobs.put(b"weights")
    damage.drop_blob(workspace, artifact)
    damage.drop_blob(workspace, weights)
    found = {one.code: one for one in examine(workspace)}
    assert set(found) == {"blob.missing", "model.missing", "cache.useless"}
    assert f"file0 of run {run}" in found["blob.missing"].what
    assert "model/file of model m:1" in found["model.missing"].what
    damage.drop_blob(workspace, digest)
    told = [one.what for one in examine(workspace) if one.code == "model.missing"]
    assert told == [f"the bundle of model m:1 (run {run}): its content is missing"]


def test_wrong_blobs_are_found_by_content_and_by_size(workspace: Workspace) -> None:
    run = make_run(workspace, [b"first", b"second"])
    first, second = (Blobs(workspace.blobs).put(content) for content in (b"first", b"second"))
    damage.swap_blob(workspace, first)
    assert (only(workspace).code, only(workspace).name) == ("blob.damaged", first)
    assert codes(workspace, fast=True) == []
    damage.overwrite(workspace.blobs / second, b"sec")
    assert codes(workspace, fast=True) == ["blob.damaged"]
    assert run in only_named(workspace, second).what


def test_a_blob_that_cannot_be_read_is_not_called_damaged(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(workspace, [b"first"])

    def closed(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("mfbench.care.examine_blobs.is_right", closed)
    assert (only(workspace).code, only(workspace).mendable) == ("blob.unreadable", False)


def only_named(workspace: Workspace, name: str) -> Finding:
    [finding] = [one for one in examine(workspace) if one.name == name]
    return finding


def test_writable_blobs_are_one_finding(workspace: Workspace) -> None:
    make_run(workspace, [b"a", b"b", b"c", b"d"])
    for path in workspace.blobs.iterdir():
        path.chmod(0o644)
    assert only(workspace).what.startswith("4 blobs can be written to: ")


def test_a_broken_cache_entry(workspace: Workspace) -> None:
    (workspace.cache / ("a" * 64 + ".json")).write_text("{")
    assert only(workspace).code == "cache.useless"


# -- ledger


def test_a_ledger_that_is_gone_is_missed(workspace: Workspace) -> None:
    assert codes(workspace) == []  # there was never one
    _ledger(workspace)
    assert codes(workspace) == []
    workspace.ledger.unlink()
    assert codes(workspace) == ["ledger.missing"]


def _ledger(workspace: Workspace, entries: int = 4) -> None:
    with open_ledger(workspace.ledger) as ledger:
        for number in range(entries):
            ledger.append("run.noted", {"run": "r", "note": number})


def test_a_damaged_line_and_a_broken_chain_in_the_ledger(workspace: Workspace) -> None:
    _ledger(workspace)
    whole = workspace.ledger.read_bytes()
    damage.flip_line(workspace.ledger, random.Random(4), 1)
    assert (only(workspace).code, "line 2" in only(workspace).what) == ("ledger.damaged", True)
    workspace.ledger.write_bytes(whole)
    damage.remove_line(workspace.ledger, 1)
    assert (only(workspace).code, "line 2" in only(workspace).what) == ("ledger.broken", True)
    workspace.ledger.write_bytes(whole)
    damage.tear(workspace.ledger)
    assert examine(workspace) == []


def test_entries_that_nobody_could_use(workspace: Workspace) -> None:
    with open_ledger(workspace.ledger) as ledger:
        ledger.append("model.version", {"model": "m"})
        ledger.append("something.new", {"any": 1})
        ledger.append("model.alias", {"model": "m", "alias": "champion", "version": 3})
    found = {one.code: one for one in examine(workspace)}
    assert set(found) == {"ledger.odd", "ledger.alias"}
    assert "line 1" in found["ledger.odd"].what
    assert "m@champion points to version 3" in found["ledger.alias"].what


def test_ledgers_of_others_are_looked_at_too(workspace: Workspace) -> None:
    other = workspace.ledgers / "20260101-000000000-aaaaa.jsonl"
    with open_ledger(other) as ledger:
        ledger.append("run.noted", {"run": "r"})
        ledger.append("run.noted", {"run": "r"})
    assert examine(workspace) == []
    damage.flip_line(other, random.Random(5), 0)
    (workspace.ledgers / "notes.txt").write_text("mine")
    assert codes(workspace) == ["ledger.damaged", "ledger.stray"]
    assert not any(one.mendable for one in examine(workspace))


# -- database


@pytest.mark.parametrize("size", [0, 1, 5000, 100_000])
def test_a_cut_database(workspace: Workspace, size: int) -> None:
    make_run(workspace)
    list_runs(workspace)
    damage.chop(workspace.database, size)
    assert (only(workspace).code, only(workspace).mendable) == ("database.damaged", True)


def test_flipped_bits_in_the_database_are_found_or_hit_nothing(workspace: Workspace) -> None:
    """Whatever is not found is in a block that holds nothing: all that can be read is as it was."""
    for number in range(3):
        make_run(workspace, [b"%d" % number])
    good = list_runs(workspace)
    content = workspace.database.read_bytes()
    chance = random.Random(6)
    found = 0
    for _ in range(30):
        damage.flip_database(workspace, chance)
        if told := codes(workspace):
            assert told == ["database.damaged"]
            found += 1
        else:
            assert list_runs(workspace) == good
        workspace.database.write_bytes(content)
    assert found > 3


def test_a_newer_database_is_no_damage_but_cannot_be_used(workspace: Workspace) -> None:
    make_run(workspace)
    list_runs(workspace)
    with attached(workspace.database, read_only=False) as con:
        con.execute("UPDATE meta SET value = '99 new' WHERE key = 'schema'")
    before = workspace.database.read_bytes()
    finding = only(workspace)
    assert (finding.code, finding.mendable) == ("database.newer", False)
    assert "--rebuild" in finding.remedy
    assert workspace.database.read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM t_params",
        "DELETE FROM t_metrics",
        "DELETE FROM run_rows",
        "DELETE FROM run_base",
        'UPDATE segments SET "offset" = "offset" - 1',
        "INSERT INTO t_events SELECT * FROM t_events LIMIT 1",
        "INSERT INTO run_base (run, ended, whole) VALUES ('20260101-000000000-aaaaa', 1, true)",
    ],
)
def test_a_database_that_says_other_things_than_the_journals(workspace: Workspace, change: str) -> None:
    with start_run("r", workspace=workspace.root) as run:
        run.log_params({"lr": 1})
        run.log_metric("loss", 1.0)
    list_runs(workspace)
    with attached(workspace.database, read_only=False) as con:
        con.execute(change)
    assert only(workspace).code == "database.differs"


def test_a_database_without_one_of_its_views(workspace: Workspace) -> None:
    make_run(workspace)
    list_runs(workspace)
    with attached(workspace.database, read_only=False) as con:
        con.execute("DROP VIEW gates")
    assert only(workspace).code == "database.damaged"


def test_events_after_the_end_that_no_fold_has_seen(workspace: Workspace) -> None:
    """A run that is over is not read again; another program may have given it a segment all the same."""
    run = make_run(workspace)
    list_runs(workspace)
    late = SegmentWriter(workspace.run_folder(run) / "events", "late", run=run)
    late.write("m", "loss", 0, 1.0)
    late.close()
    finding = only(workspace)
    assert (finding.code, run in finding.what) == ("database.differs", True)


def test_a_program_that_holds_the_database_is_told(workspace: Workspace) -> None:
    make_run(workspace)
    list_runs(workspace)
    child = start(
        "import sys, duckdb; con = duckdb.connect(sys.argv[1]); print(1, flush=True); sys.stdin.read()",
        workspace.database,
    )
    assert child.stdout is not None
    child.stdout.readline()
    assert codes(workspace) == ["database.busy"]
    child.communicate()
    assert examine(workspace) == []


# -- the workspace itself


def test_the_marker(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workspace.root / "workspace.json"
    for content, code in ((b"{", "workspace.marker"), (b'{"format":99,"id":"x"}', "workspace.newer")):
        path.write_bytes(content)
        assert codes(Workspace(workspace.root)) == [code]
    path.unlink()
    assert codes(Workspace(workspace.root)) == ["workspace.marker"]
    assert locate(workspace.root.parent) == locate(workspace.root) == Workspace(workspace.root)
    monkeypatch.chdir(workspace.runs)
    assert locate() == Workspace(workspace.root)
    assert locate(workspace.runs) is None


def test_configuration_folders_and_disk(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace.root / "config.toml").write_text("[trust\n")
    (workspace.root / "trash").rmdir()
    workspace.cache.rmdir()
    workspace.cache.write_text("a file")
    monkeypatch.setattr("mfbench.care.examine_home.LITTLE", 1 << 62)
    found = {one.code: one.mendable for one in examine(Workspace(workspace.root)) if one.where != "cache"}
    assert found == {"workspace.config": False, "workspace.folder": True, "workspace.disk": False}


def test_a_workspace_that_can_only_be_read_is_looked_at_like_any_other(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(workspace, [b"a"])
    lost = damage.lose_run(workspace)
    damage.drop_blob(workspace, Blobs(workspace.blobs).put(b"a"))
    before = sorted(path for path in workspace.root.rglob("*"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(disk, "is_writable", lambda _: False)
    found = {one.code: one for one in examine(Workspace(workspace.root))}
    assert set(found) == {"run.lost", "blob.missing"}
    assert lost in found["run.lost"].where
    assert run in found["blob.missing"].what
    assert sorted(path for path in workspace.root.rglob("*")) == before


def test_looking_changes_nothing_but_the_database(workspace: Workspace) -> None:
    run = make_run(workspace, [b"a"], steps=["train"])
    damage.lose_run(workspace)
    damage.delete_halfway(workspace, run)
    damage.swap_blob(workspace, Blobs(workspace.blobs).put(b"a"))
    age(workspace)
    Store(workspace).update()

    def state() -> dict[str, bytes]:
        files = (path for path in workspace.root.rglob("*") if path.is_file() and not path.name.startswith("store."))
        return {str(path): path.read_bytes() for path in files}

    before = state()
    assert examine(workspace)
    assert state() == before


def test_a_ledger_that_lost_its_last_entries_is_found_until_it_is_back_or_accepted(workspace: Workspace) -> None:
    """Its chain is whole: only who has read more before can know."""
    for number in range(5):
        with open_ledger(workspace.ledger) as ledger:
            ledger.append("some.kind", {"n": number})
    assert examine(workspace) == []
    whole = workspace.ledger.read_bytes()
    workspace.ledger.write_bytes(b"".join(whole.splitlines(keepends=True)[:3]))
    for _ in range(2):
        assert [finding.code for finding in examine(workspace)] == ["ledger.cut"]
    workspace.ledger.write_bytes(whole)
    assert examine(workspace) == []
    workspace.ledger.write_bytes(b"".join(whole.splitlines(keepends=True)[:3]))
    assert [finding.code for finding in examine(workspace)] == ["ledger.cut"]
    Store(workspace).rebuild()
    assert examine(workspace) == []
