"""Export and import: what goes out comes in, whole, once, whatever interrupts it."""

from __future__ import annotations

import json
import os
import shutil
import threading
import zipfile
from pathlib import Path

import pytest

from mfbench.api.workbench import Workbench
from mfbench.care.deletion import delete_runs, restore_runs
from mfbench.care.exporting import export
from mfbench.care.importing import import_archive
from mfbench.core.errors import DamageError, DiskError, NotFoundError, UsageError, WorkspaceError
from mfbench.journal.ledger import read_ledger
from mfbench.journal.reader import segment_names
from mfbench.journal.sealing import seal
from mfbench.registry.models import Registry
from mfbench.tracking.run import start_run
from mfbench.workspace.workspace import Workspace
from tests.care.parcels import (
    holds,
    killed_at_each_step,
    killed_at_random,
    litter,
    log_run,
    new_workspace,
    packed,
    register,
    unpacked,
    whole_so_far,
)
from tests.children import output, start
from tests.store.model import expected, stored
from tests.support import Project


@pytest.fixture
def source(tmp_path: Path) -> Workspace:
    return new_workspace(tmp_path / "source")


@pytest.fixture
def target(tmp_path: Path) -> Workspace:
    return new_workspace(tmp_path / "target")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive.zip"


def test_a_round_trip_brings_everything(source: Workspace, target: Workspace, archive: Path) -> None:
    runs = [log_run(source, f"r{number}", number, f"content {number}".encode()) for number in range(4)]
    versions = [register(source, "m", bytes([number]) * 1000) for number in range(2)]
    done = export(source, archive, runs, ["m:1", "m:2"])
    assert done["runs"] == [*runs, versions[0].run, versions[1].run]
    assert (done["models"], done["missing"], done["alive"], done["left_out"]) == (["m:1", "m:2"], [], [], [])
    assert done["bytes"] == archive.stat().st_size
    taken = import_archive(target, archive)
    assert sorted(taken["runs"]) == sorted(done["runs"])
    assert (taken["models"], taken["renumbered"], taken["skipped"], taken["missing"]) == (["m:1", "m:2"], {}, [], [])
    assert holds(target) == holds(source)
    assert stored(target) == expected(target) == expected(source)
    assert litter(target) == []
    assert {(path.stat().st_mode & 0o777, path.stat().st_nlink) for path in target.blobs.iterdir()} == {(0o444, 1)}
    [entry] = [entry for entry in read_ledger(target.ledger) if entry.kind == "imported"]
    assert (entry.body["from"], entry.body["runs"], entry.body["models"]) == (source.id, 6, ["m:1", "m:2"])
    assert (target.ledgers / f"{source.id}.jsonl").read_bytes() == source.ledger.read_bytes()


def test_a_second_import_finds_everything_here(source: Workspace, target: Workspace, archive: Path) -> None:
    register(source)
    export(source, archive, [], ["m"])
    import_archive(target, archive)
    before, ledger = holds(target), target.ledger.read_bytes()
    again = import_archive(target, archive)
    assert (again["runs"], again["models"], again["bytes"]) == ([], [], 0)
    assert [one["what"] for one in again["skipped"]] == ["run", "model"]
    assert (holds(target), target.ledger.read_bytes()) == (before, ledger)


def test_a_dry_run_says_the_same_and_changes_nothing(source: Workspace, target: Workspace, archive: Path) -> None:
    register(source)
    export(source, archive, [], ["m"])
    foreseen = import_archive(target, archive, dry_run=True)
    assert holds(target) == {"runs": {}, "others": {}, "blobs": set(), "models": {}}
    assert (litter(target), target.ledger.exists()) == ([], False)
    assert import_archive(target, archive) == foreseen


def test_versions_are_renumbered_and_keep_where_they_come_from(
    source: Workspace, target: Workspace, archive: Path
) -> None:
    register(target, "m", b"own 1")
    register(target, "m", b"both")
    register(source, "m", b"both")
    there = register(source, "m", b"theirs")
    export(source, archive, [], ["m:1", "m:2"])
    taken = import_archive(target, archive)
    assert (taken["models"], taken["renumbered"]) == (["m:3"], {"m:2": "m:3"})
    assert {"what": "model", "name": "m:1", "reason": "it is here as m:2"} in taken["skipped"]
    model = Registry(target).model("m")
    assert model.aliases == {"champion": 1}
    found = model.versions[3]
    assert (found.digest, found.run, found.metrics) == (there.digest, there.run, {"auc": 0.7})
    origin = {"workspace": source.id, "version": 2, "registered": there.registered, "actor": there.actor}
    assert found.origin == origin


def test_a_model_unknown_here_gets_its_champion(source: Workspace, target: Workspace, archive: Path) -> None:
    for number in range(3):
        register(source, "m", bytes([number]))
    Registry(source).set_alias("m", "champion", 2)
    Registry(source).set_alias("m", "canary", 3)
    export(source, archive, [], ["m:2", "m:3"])
    import_archive(target, archive)
    assert Registry(target).find("m").digest == Registry(source).find("m").digest
    assert Registry(target).model("m").aliases == {"champion": 1}


def test_the_first_origin_travels_on(source: Workspace, target: Workspace, tmp_path: Path, archive: Path) -> None:
    register(source, "m", b"0")
    first = register(source, "m", b"1")
    export(source, archive, [], ["m:2"])
    import_archive(target, archive)
    export(target, archive, [], ["m:1"], force=True)
    third = new_workspace(tmp_path / "third")
    register(third, "m", b"2")
    import_archive(third, archive)
    origin = {"workspace": source.id, "version": 2, "registered": first.registered, "actor": first.actor}
    found = Registry(third).model("m").versions[2]
    assert (found.digest, found.origin) == (first.digest, origin)
    assert found.reason == f"m:2 of {source.id}: good"


def test_a_run_that_is_here_in_another_state_stays(source: Workspace, target: Workspace, archive: Path) -> None:
    run = start_run("open", workspace=source.root)
    run.log_metric("loss", 1.0)
    done = export(source, archive, [run.id], [])
    assert done["alive"] == [run.id]
    taken = import_archive(target, archive)
    assert (taken["runs"], taken["lost"]) == ([run.id], [run.id])
    assert stored(target)["runs"][run.id][0] == "lost"
    run.log_metric("loss", 0.5)
    run.end()
    export(source, archive, [run.id], [], force=True)
    before = holds_journals(target)
    taken = import_archive(target, archive)
    assert (taken["runs"], [one["name"] for one in taken["skipped"]]) == ([], [run.id])
    assert "stays" in taken["skipped"][0]["reason"]
    assert holds_journals(target) == before


def holds_journals(workspace: Workspace) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in workspace.runs.rglob("*.jsonl")}


def test_what_was_deleted_here_stays_deleted(source: Workspace, target: Workspace, archive: Path) -> None:
    run = log_run(source)
    export(source, archive, [run], [])
    import_archive(target, archive)
    delete_runs(target, [run])
    taken = import_archive(target, archive)
    assert taken["runs"] == []
    assert f"mfbench runs restore {run}" in taken["skipped"][0]["reason"]
    assert (stored(target)["runs"], target.run_names()) == ({}, [])
    shutil.rmtree(target.root / "trash" / run)  # as gc does in time
    assert "--restore" in import_archive(target, archive)["skipped"][0]["reason"]
    assert import_archive(target, archive, restore=True)["runs"] == [run]
    assert stored(target) == expected(source)
    delete_runs(target, [run])


def test_a_deleted_run_is_not_exported(source: Workspace, archive: Path) -> None:
    run = log_run(source)
    delete_runs(source, [run])
    with pytest.raises(NotFoundError):
        export(source, archive, [run], [])
    (source.root / "trash" / run).rename(source.run_folder(run))  # as a deletion that was killed leaves it
    with pytest.raises(UsageError, match="is deleted"):
        export(source, archive, [run], [])
    assert not archive.exists()


def test_what_was_deleted_last_is_what_comes_back(source: Workspace, archive: Path) -> None:
    """Though an earlier deletion of the same run, which an import has brought back, is still in the trash."""
    run = log_run(source)
    export(source, archive, [run], [])
    delete_runs(source, [run])
    assert import_archive(source, archive, restore=True)["runs"] == [run]
    (source.run_folder(run) / "note.txt").write_text("since then")
    delete_runs(source, [run])
    restore_runs(source, [run])
    assert (source.run_folder(run) / "note.txt").read_text() == "since then"


def test_a_journal_that_is_sealed_while_it_is_read_is_read_whole(
    source: Workspace, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = log_run(source, points=5000)
    real = segment_names

    def sealing(events: Path) -> list[str]:
        names = real(events)
        seal(events)
        return names

    monkeypatch.setattr("mfbench.care.journals.segment_names", sealing)
    assert export(source, archive, [run], [])["runs"] == [run]
    assert (source.run_folder(run) / "events" / "sealed.parquet").exists()


def test_a_sealed_journal_is_the_same_run(source: Workspace, target: Workspace, archive: Path, tmp_path: Path) -> None:
    run = log_run(source, points=5000)
    export(source, archive, [run], [])
    wanted = expected(source)
    import_archive(target, archive)
    events = source.run_folder(run) / "events"
    seal(events)
    assert [path.name for path in events.iterdir()] == ["sealed.parquet"]
    export(source, archive, [run], [], force=True)
    assert [one["reason"] for one in import_archive(target, archive)["skipped"]] == ["it is here already"]
    fresh = new_workspace(tmp_path / "fresh")
    assert import_archive(fresh, archive)["runs"] == [run]
    assert (holds(fresh), stored(fresh)) == (holds(source), wanted)
    assert [one["reason"] for one in import_archive(fresh, archive)["skipped"]] == ["it is here already"]


def test_missing_content_is_said_and_not_fatal(source: Workspace, target: Workspace, archive: Path) -> None:
    run = log_run(source, artifact=b"soon gone")
    [blob] = source.blobs.iterdir()
    blob.unlink()
    assert export(source, archive, [run], [])["missing"] == [blob.name]
    taken = import_archive(target, archive)
    assert (taken["runs"], taken["missing"]) == ([run], [blob.name])


def test_a_version_without_its_bundle_is_left_out(source: Workspace, target: Workspace, archive: Path) -> None:
    version = register(source)
    (source.blobs / version.digest).unlink()
    assert export(source, archive, [], ["m"])["missing"] == [version.digest]
    taken = import_archive(target, archive)
    assert (taken["runs"], taken["models"]) == ([version.run], [])
    assert [(one["what"], one["name"]) for one in taken["skipped"]] == [("model", "m:1")]
    assert Registry(target).models() == {}


def test_a_damaged_journal_travels_with_its_damage(source: Workspace, target: Workspace, archive: Path) -> None:
    run = log_run(source, points=20, artifact=None)
    segment = source.run_folder(run) / "events" / "main-1.jsonl"
    lines = segment.read_bytes().splitlines(keepends=True)
    lines[5] = lines[5].replace(b"m", b"n", 1)
    segment.write_bytes(b"".join(lines) + b"[99, torn")
    export(source, archive, [run], [])
    assert import_archive(target, archive)["runs"] == [run]
    arrived = target.run_folder(run) / "events" / "main-1.jsonl"
    assert arrived.read_bytes() == b"".join(lines)


def test_damaged_content_is_not_exported(source: Workspace, archive: Path) -> None:
    run = log_run(source)
    [blob] = source.blobs.iterdir()
    blob.chmod(0o644)
    blob.write_bytes(b"made by x")
    with pytest.raises(DamageError, match="damaged"):
        export(source, archive, [run], [])
    assert [path.name for path in archive.parent.iterdir() if path.is_file()] == []


def test_what_belongs_to_nobody_else_stays_at_home(source: Workspace, archive: Path) -> None:
    run = log_run(source)
    folder = source.run_folder(run)
    (folder / "work" / "train").mkdir(parents=True)
    (folder / "work" / "train" / "half.bin").write_bytes(b"half")
    (folder / ".artifact-x").write_bytes(b"staged")
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "a:b").write_bytes(b"no name on NTFS")
    (folder / "plots").mkdir()
    (folder / "plots" / "roc.png").write_bytes(b"png")
    (source.root / "config.toml").write_text('secret = "hunter2"')
    done = export(source, archive, [run], [])
    assert sorted(done["left_out"]) == [f"{run}/a:b", f"{run}/link"]
    _, entries = unpacked(archive)
    inside = {name.removeprefix(f"runs/{run}/") for name in entries if name.startswith("runs/")}
    assert inside == {"events/main-1.jsonl", "plots/roc.png", "study.log"}
    assert b"hunter2" not in b"".join(entries.values())


def test_names_that_are_taken(source: Workspace, archive: Path, tmp_path: Path) -> None:
    run = log_run(source)
    archive.write_bytes(b"mine")
    with pytest.raises(UsageError, match="already"):
        export(source, archive, [run], [])
    assert archive.read_bytes() == b"mine"
    with pytest.raises(UsageError, match="already"):
        export(source, tmp_path, [run], [], force=True)
    export(source, archive, [run], [], force=True)
    assert zipfile.is_zipfile(archive)
    with pytest.raises(UsageError, match="--all"):
        export(source, tmp_path / "b.zip", [], [])
    with pytest.raises(UsageError, match="no such folder"):
        export(source, tmp_path / "no folder" / "b.zip", [run], [])


def test_a_full_disk_leaves_nothing_behind(
    source: Workspace, target: Workspace, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(source, archive, [log_run(source, artifact=os.urandom(100_000))], [])
    usage = shutil.disk_usage(target.root)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=10_000))
    with pytest.raises(DiskError, match="do not fit"):
        import_archive(target, archive)
    monkeypatch.undo()
    code = """
import resource, signal, sys
from pathlib import Path
from mfbench.care.importing import import_archive
from mfbench.core.errors import DiskError
from mfbench.workspace.workspace import Workspace
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    import_archive(Workspace(Path(sys.argv[1])), Path(sys.argv[2]))
except DiskError as error:
    print(error)
"""
    assert "broke off" in output(start(code, target.root, archive))
    assert (litter(target), target.run_names(), list(target.blobs.iterdir())) == ([], [], [])


def test_a_read_only_workspace_gives_and_takes_nothing(
    source: Workspace, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(source, archive, [log_run(source)], [])
    monkeypatch.setattr(Workspace, "writable", False)
    export(source, archive, ["last"], [], force=True)
    with pytest.raises(WorkspaceError, match="read-only"):
        import_archive(source, archive)


def test_two_imports_at_once(source: Workspace, target: Workspace, archive: Path) -> None:
    for number in range(3):
        register(source, "m", bytes([number]))
    export(source, archive, [], ["m:1", "m:2", "m:3"])
    taken: list[dict[str, object]] = []
    threads = [threading.Thread(target=lambda: taken.append(import_archive(target, archive))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(run for one in taken for run in one["runs"]) == sorted(source.run_names())  # type: ignore[attr-defined]
    assert sorted(name for one in taken for name in one["models"]) == ["m:1", "m:2", "m:3"]  # type: ignore[attr-defined]
    assert (holds(target), litter(target)) == (holds(source), [])
    assert Registry(target).model("m").aliases == {"champion": 1}


IMPORT = """
from mfbench.care.importing import import_archive
def work(target, archive):
    import_archive(Workspace(target), archive)
"""


def test_killed_before_each_of_its_steps_and_done_again(source: Workspace, tmp_path: Path, archive: Path) -> None:
    log_run(source)
    register(source)
    export(source, archive, source.run_names(), ["m"])
    there, seen = holds(source), []
    for target in killed_at_each_step(IMPORT, tmp_path, archive):
        seen.append(whole_so_far(target, there))
        import_archive(target, archive)
        assert holds(target) == there
        assert [entry.kind for entry in read_ledger(target.ledger)].count("imported") == 1
    assert stored(target) == expected(source)
    assert set(seen) == {"nothing", "content", "runs", "all"}


def test_killed_at_random_moments_and_done_again(source: Workspace, tmp_path: Path, archive: Path) -> None:
    for number in range(40):
        log_run(source, f"r{number}", 5, os.urandom(200))
    register(source)
    export(source, archive, source.run_names(), ["m"])
    there = holds(source)
    for target in killed_at_random(IMPORT, tmp_path, archive, times=10, seed=4):
        whole_so_far(target, there)
        import_archive(target, archive)
        assert holds(target) == there
    assert stored(target) == expected(source)


def test_an_imported_model_predicts_the_same(project: Project, tmp_path: Path) -> None:
    import polars as pl

    project.json("run", "tiny.toml")
    told = project.json("export", "tiny.zip", "--model", "tiny")
    assert (told["models"], len(told["runs"])) == (["tiny:1"], 1)
    bench = Workbench.create(tmp_path / "elsewhere")
    assert bench.import_(project.folder / "tiny.zip")["models"] == ["tiny:1"]
    rows = pl.read_csv(project.folder / "tiny.csv")
    here, there = bench.model("tiny"), Workbench(project.workspace).model("tiny")
    assert here.predict(rows).equals(there.predict(rows))
    assert bench.show_run("last")["metrics"] == Workbench(project.workspace).show_run("last")["metrics"]
    assert bench.show_run("last")["artifacts"] == Workbench(project.workspace).show_run("last")["artifacts"]


def test_the_commands(project: Project) -> None:
    run = log_run(new_workspace(project.folder))
    refused = project.mfbench("export", "a.zip")
    assert (refused.returncode, "--all" in refused.stderr) == (2, True)
    assert project.mfbench("export", "a.zip", "--where", "name = 'none'").returncode == 2
    done = project.mfbench("export", "a.zip", "--where", "name = 'r'")
    assert (done.returncode, done.stdout) == (0, "a.zip\n")
    assert project.json("export", "b.zip", "--all")["runs"] == [run]
    assert project.mfbench("import", "tiny.csv").returncode == 2
    again = project.json("import", "b.zip")
    assert (again["runs"], again["skipped"][0]["name"]) == ([], run)
    other = new_workspace(project.folder / "other")
    said = project.mfbench("--workspace", "other", "import", "b.zip")
    assert (said.returncode, other.run_names()) == (0, [run])
    assert said.stdout.startswith("1 run and 0 model versions taken in")
    index, entries = unpacked(project.folder / "b.zip")
    name = next(iter(entries))
    packed(project.folder / "bad.zip", index, entries | {name: entries[name][:-1] + b"x"})
    bad = project.mfbench("import", "bad.zip", "--dry-run", "--json")
    assert (bad.returncode, json.loads(bad.stdout)["error"]["type"]) == (1, "Damage")
