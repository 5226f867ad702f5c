"""What a collection takes, and what it must never take."""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from mfbench.care.deletion import delete_runs, deleted_runs, restore_runs
from mfbench.care.garbage import Garbage, period
from mfbench.care.gc import collect
from mfbench.core.errors import DamageError, StoreBusyError, WorkspaceError
from mfbench.core.hashing import digest_bytes, digest_value
from mfbench.core.ids import new_id
from mfbench.engine.cache import CachedStep, StepCache
from mfbench.journal.blobs import Blobs
from mfbench.journal.ledger import open_ledger
from mfbench.journal.sealed import SEALED
from mfbench.journal.segment import SegmentWriter
from mfbench.store.store import Store
from mfbench.tracking.run import start_run
from mfbench.workspace.locks import locked
from mfbench.workspace.workspace import Workspace, create
from tests.care.histories import (
    DAY,
    age,
    assert_whole,
    contents_of,
    dies_at,
    make_run,
    plain_state,
    referred,
    register,
)
from tests.children import output, start
from tests.support import Project


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return create(tmp_path)


def _did(items: list[Garbage]) -> list[tuple[str, str, str]]:
    return sorted((item.kind, item.action, item.path) for item in items)


def _blobs(workspace: Workspace) -> set[str]:
    return {path.name for path in workspace.blobs.iterdir()}


# -- blobs and cached steps ----------------------------------------------------------------------------------------


def test_what_nothing_refers_to_goes_through_the_trash(workspace: Workspace) -> None:
    make_run(workspace, [b"kept"])
    lost = Blobs(workspace.blobs).put(b"lost")
    assert collect(workspace) == []  # too young
    age(workspace)
    [item] = collect(workspace, dry_run=True)
    assert item == Garbage("blob", f"blobs/{lost}", 4, "nothing refers to it", "trash")
    assert lost in _blobs(workspace)
    assert collect(workspace) == [item]
    assert _blobs(workspace) == {digest_bytes(b"kept")}
    assert (workspace.root / "trash" / "blobs" / lost).read_bytes() == b"lost"
    assert collect(workspace) == []
    age(workspace)
    [item] = collect(workspace)
    assert (item.kind, item.action, item.path) == ("blob", "remove", f"trash/blobs/{lost}")
    assert item.reason == "in the trash for more than 1 day"
    assert collect(workspace) == []
    assert_whole(workspace)


def test_a_deleted_run_takes_along_what_only_it_has_named(workspace: Workspace) -> None:
    run = make_run(workspace, [b"own", b"shared"], steps=["own step"])
    make_run(workspace, [b"shared"])
    delete_runs(workspace, [run])
    age(workspace, DAY / 2)
    assert collect(workspace) == []  # it could be restored
    assert_whole(workspace)
    age(workspace)
    planned = collect(workspace, dry_run=True)
    done = collect(workspace)
    assert done == planned
    assert _did(done) == [
        ("blob", "trash", f"blobs/{digest_bytes(b'own')}"),
        ("cache", "trash", f"cache/{digest_value('own step')}.json"),
        ("run", "remove", f"trash/{run}"),
    ]
    assert deleted_runs(workspace) == []
    assert_whole(workspace)
    age(workspace)
    assert {action for _, action, _ in _did(collect(workspace))} == {"remove"}
    assert list((workspace.root / "trash").rglob("*.json")) == []


def test_the_bundle_of_a_model_is_kept_by_its_manifest(workspace: Workspace) -> None:
    """Only the ledger names the manifest, and only the manifest its file."""
    register(workspace, make_run(workspace), b"the model")
    age(workspace)
    assert collect(workspace) == []
    assert digest_bytes(b"the model") in _blobs(workspace)
    assert_whole(workspace)


def test_foreign_and_damaged_ledgers_keep_what_they_name(workspace: Workspace) -> None:
    digests = [Blobs(workspace.blobs).put(content) for content in (b"one", b"two")]
    (workspace.ledgers / "foreign.jsonl").write_text(f'["{digests[0]}"]')
    (workspace.ledgers / "damaged").mkdir()
    (workspace.ledgers / "damaged" / "x.jsonl").write_text(f'\0["{digests[1]}')
    age(workspace)
    assert collect(workspace) == []


def test_a_damaged_line_still_keeps_what_it_names(workspace: Workspace) -> None:
    run = make_run(workspace, [b"content"])
    segment = workspace.run_folder(run) / "events" / "driver-1.jsonl"
    segment.write_bytes(segment.read_bytes().replace(b'"artifact"', b'"artifaXt"'))
    age(workspace)
    assert collect(workspace) == []


def test_a_job_keeps_what_it_names(workspace: Workspace) -> None:
    run = make_run(workspace, end=None)
    digest = Blobs(workspace.blobs).put(b"given")
    (workspace.run_folder(run) / "job.json").write_text(f'{{"outputs": {{"x": "{digest}"}}}}')
    age(workspace)
    assert collect(workspace) == []


def test_a_name_across_two_pieces_of_a_journal_is_found(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mfbench.care.roots._CHUNK", 50)
    make_run(workspace, [b"a", b"b", b"c"], steps=["s"])
    age(workspace)
    assert collect(workspace) == []


def test_nothing_is_taken_while_a_journal_cannot_be_read(workspace: Workspace) -> None:
    run = make_run(workspace, [b"content"])
    Blobs(workspace.blobs).put(b"lost")
    (workspace.run_folder(run) / "events" / "odd-1.jsonl").symlink_to(workspace.root / "nowhere")
    age(workspace)
    [item] = collect(workspace)
    assert (item.kind, item.action) == ("journal", "keep")
    assert item.path == f"runs/{run}/events/odd-1.jsonl"
    assert "no blob was taken away" in item.reason
    assert len(_blobs(workspace)) == 2


def test_a_pipe_among_the_segments_stops_nobody(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mfbench.care.gc._seal", _nothing)
    run = make_run(workspace)
    os.mkfifo(workspace.run_folder(run) / "events" / "pipe-1.jsonl")
    [item] = collect(workspace)
    assert (item.action, item.path) == ("keep", f"runs/{run}/events/pipe-1.jsonl")


def test_a_cached_step_without_its_output_goes(workspace: Workspace) -> None:
    make_run(workspace, [b"gone", b"stays"], steps=["s"])
    path = workspace.blobs / digest_bytes(b"gone")
    path.unlink()
    (workspace.cache / f"{digest_value('broken')}.json").write_bytes(b'{"outputs": {"\xff": ["", 1]}}')
    age(workspace)
    assert _did(collect(workspace)) == sorted(
        ("cache", "trash", f"cache/{digest_value(step)}.json") for step in ("s", "broken")
    )
    assert _blobs(workspace) == {digest_bytes(b"stays")}


def test_a_cached_step_that_stays_keeps_its_outputs(workspace: Workspace) -> None:
    """It was made anew by a run that is gone; the run that is left names its key, and other outputs."""
    make_run(workspace, [b"first"], steps=["s"])
    second = make_run(workspace, [b"second"], steps=["s"])
    delete_runs(workspace, [second])
    age(workspace)
    assert _did(collect(workspace)) == [("run", "remove", f"trash/{second}")]
    found = StepCache(workspace.cache, Blobs(workspace.blobs)).get(digest_value("s"))
    assert found is not None
    assert found.outputs["file0"][0] == digest_bytes(b"second")


def test_strange_files_among_the_blobs_are_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"outside")
    (workspace.blobs / ("a" * 64)).symlink_to(outside)
    (workspace.blobs / "notes.txt").write_text("mine")
    (workspace.blobs / ("b" * 64)).mkdir()
    age(workspace)
    assert collect(workspace) == []
    assert outside.read_bytes() == b"outside"


# -- what is used meanwhile ----------------------------------------------------------------------------------------


def test_what_is_stored_again_is_young_again(workspace: Workspace) -> None:
    digest = Blobs(workspace.blobs).put(b"content")
    age(workspace)
    Blobs(workspace.blobs).put(b"content")
    assert collect(workspace) == []
    age(workspace)
    source = workspace.root.parent / "source"
    source.write_bytes(b"content")
    os.utime(source, (1, 1))
    Blobs(workspace.blobs).take(source)
    assert collect(workspace) == []
    assert _blobs(workspace) == {digest}


def test_what_is_taken_from_an_old_file_is_young(workspace: Workspace) -> None:
    source = workspace.root.parent / "source"
    source.write_bytes(b"content")
    os.utime(source, (1, 1))
    Blobs(workspace.blobs).take(source)
    assert collect(workspace) == []


def test_a_cached_step_that_is_handed_out_is_young(workspace: Workspace) -> None:
    run = make_run(workspace, [b"content"], steps=["s"])
    shutil.rmtree(workspace.run_folder(run))
    (workspace.live / run).unlink()
    age(workspace)
    assert StepCache(workspace.cache, Blobs(workspace.blobs)).get(digest_value("s")) is not None
    assert collect(workspace) == []


def test_a_blob_that_is_claimed_while_it_is_moved_stays(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer finds it just before the rename, and refers to it just after."""
    digest = Blobs(workspace.blobs).put(b"content")
    age(workspace)
    rename = Path.rename

    def claimed(self: Path, target: Path) -> Path:
        if self.parent == workspace.blobs:
            assert Blobs(workspace.blobs).claim(digest, 7)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", claimed)
    assert collect(workspace) == []
    assert Blobs(workspace.blobs).read(digest) == b"content"


def test_what_a_killed_collection_took_comes_back(workspace: Workspace) -> None:
    """As if it was killed between the rename and the look at the time."""
    make_run(workspace, [b"content"], steps=["s"])
    digest = digest_bytes(b"content")
    (workspace.root / "trash" / "blobs").mkdir()
    (workspace.blobs / digest).rename(workspace.root / "trash" / "blobs" / digest)
    age(workspace)
    assert _did(collect(workspace, dry_run=True)) == [("blob", "restore", f"trash/blobs/{digest}")]
    assert _did(collect(workspace)) == [("blob", "restore", f"trash/blobs/{digest}")]
    assert_whole(workspace)


WRITER = """
import sys
from pathlib import Path
from mfbench.tracking.run import start_run
for number in range(40):
    with start_run("w", workspace=sys.argv[1]) as run:
        for part in range(4):
            path = Path(sys.argv[2], "file")
            path.write_bytes(b"content %d" % part)
            run.log_artifact(path)
            if part == 2:
                path.write_bytes(b"own %d" % number)
                run.log_artifact(path)
"""


def test_collections_beside_writers_lose_nothing(workspace: Workspace, tmp_path: Path) -> None:
    """The writers store the same contents again and again; all of them look old to the collections."""
    children = []
    for number in range(2):
        (tmp_path / f"w{number}").mkdir()
        children.append(start(WRITER, workspace.root, tmp_path / f"w{number}"))
    taken = 0
    while any(child.poll() is None for child in children):
        Blobs(workspace.blobs).put(b"lost %d" % taken)
        _make_old(workspace)
        taken += sum(item.kind == "blob" and item.action == "trash" for item in collect(workspace, older_than=3600.0))
    for child in children:
        output(child)
    assert taken
    assert_whole(workspace)


def _make_old(workspace: Workspace) -> None:
    """What is garbage, and what is referred to already: the next writer of the same content has to claim it."""
    named = referred(workspace)
    for path in workspace.blobs.iterdir():
        try:
            if path.name in named or path.read_bytes().startswith(b"lost"):
                os.utime(path, (1, 1))
        except FileNotFoundError:  # a name to write to, until just now
            pass


# -- leftovers -----------------------------------------------------------------------------------------------------


def test_what_killed_writers_left_goes(workspace: Workspace) -> None:
    run = make_run(workspace, end="failed")
    (workspace.cache / "sources").mkdir()
    left = [
        f"runs/{run}/.artifact-abc", f"runs/{run}/events/.sealed-abc", "blobs/.abc", "cache/.abc", "cache/sources/.abc",
        f"live/.{run}.77", ".abcdefgh", "ledger/.abc",
    ]  # fmt: skip
    for name in left:
        (workspace.root / name).write_bytes(b"12345")
    (workspace.root / ".gitignore").touch()
    assert collect(workspace) == []
    age(workspace)
    planned = collect(workspace, dry_run=True)
    done = collect(workspace)
    assert done == planned
    assert _did(done) == sorted(("staging", "remove", name) for name in left)
    assert (workspace.root / ".gitignore").exists()
    assert collect(workspace) == []


def test_scratch_folders_go_unless_their_run_is_alive(workspace: Workspace) -> None:
    runs = [make_run(workspace, end=None) for _ in range(2)]
    for run in runs:
        (workspace.run_folder(run) / "work" / "train").mkdir(parents=True)
        (workspace.run_folder(run) / "work" / "train" / "model").write_bytes(b"half")
    age(workspace)
    held = workspace.hold_run(runs[0], {"pid": os.getpid(), "host": "here"})
    assert _did(collect(workspace)) == [("work", "remove", f"runs/{runs[1]}/work")]
    assert (workspace.run_folder(runs[0]) / "work" / "train" / "model").exists()
    os.close(held)
    assert os.listdir(workspace.root / "trash") == []


def test_markers_of_runs_that_are_gone_go(workspace: Workspace) -> None:
    gone = [new_id() for _ in range(2)]
    for run in gone:
        (workspace.live / run).write_text("{}")
    age(workspace)
    held = workspace.hold_run(gone[0], {"pid": os.getpid(), "host": "here"})
    age(workspace)
    assert _did(collect(workspace)) == [("marker", "remove", f"live/{gone[1]}")]
    os.close(held)


def test_database_leftovers_and_old_backups_go(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(workspace)
    Store(workspace).update()
    for name in ("store.duckdb.new", "store.duckdb.new.wal", "store.duckdb.v1", "store.duckdb.mine"):
        (workspace.root / name).write_bytes(b"1")
    age(workspace)
    assert collect(workspace) == []  # a backup is a link: its file is old, the backup is not
    now = time.time() + 2 * DAY
    monkeypatch.setattr(time, "time", lambda: now)
    kinds = {item.path for item in collect(workspace) if item.kind == "database"}
    assert kinds == {"store.duckdb.new", "store.duckdb.new.wal", "store.duckdb.v1"}
    assert (workspace.root / "store.duckdb.mine").exists()
    assert workspace.database.exists()


def test_other_trash_goes_by_its_age(workspace: Workspace) -> None:
    trash = workspace.root / "trash"
    (trash / "broken.duckdb").write_bytes(b"x" * 10)
    (trash / "folder").mkdir()
    (trash / "folder" / "file").write_bytes(b"y")
    (trash / ".gone-abc").mkdir()
    assert _did(collect(workspace)) == [("trash", "remove", "trash/.gone-abc")]
    age(workspace)
    assert _did(collect(workspace)) == [("trash", "remove", "trash/broken.duckdb"), ("trash", "remove", "trash/folder")]
    assert os.listdir(trash) == []


def test_interrupted_deletions_are_finished(workspace: Workspace) -> None:
    run = make_run(workspace, [b"content"])
    with open_ledger(workspace.ledger) as ledger:
        ledger.append("run.deleted", {"run": run})
    age(workspace)
    planned = collect(workspace, dry_run=True)
    assert collect(workspace) == planned
    assert _did(planned) == [("run", "trash", f"runs/{run}")]
    assert restore_runs(workspace, [run]) == [run]
    assert_whole(workspace)


# -- sealing -------------------------------------------------------------------------------------------------------


def _long_run(workspace: Workspace, end: str = "finished") -> str:
    run, marker = workspace.new_run({})
    writer = SegmentWriter(workspace.run_folder(run) / "events", "main", run=run)
    writer.write("run.started", {"name": "long"})
    writer.write("artifact", "f", Blobs(workspace.blobs).put(b"of a long run"), 13, "")
    for start_ in range(0, 40_000, 10_000):
        writer.write_many("m", [("loss", start_ + i, i / 7) for i in range(10_000)])
    writer.write("run.ended", end, None, None)
    writer.close()
    os.close(marker)
    return run


def test_large_finished_journals_are_sealed_and_still_keep_what_they_name(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, failed = _long_run(workspace), _long_run(workspace, "failed")
    make_run(workspace)
    assert [item for item in collect(workspace) if item.action == "seal"] == []  # ended just now
    now = time.time() + 2 * DAY
    monkeypatch.setattr(time, "time", lambda: now)
    [planned] = collect(workspace, dry_run=True)
    [item] = collect(workspace)
    assert (item.kind, item.action, item.path) == ("journal", "seal", f"runs/{run}/events") == _key(planned)
    assert item.bytes > 0
    assert os.listdir(workspace.run_folder(run) / "events") == [SEALED]
    assert os.listdir(workspace.run_folder(failed) / "events") == ["main-1.jsonl"]
    shutil.rmtree(workspace.run_folder(failed))
    assert collect(workspace) == []
    assert_whole(workspace)
    rows = Store(workspace).rows("SELECT n FROM run_metrics WHERE run = ?", [run])
    assert rows == [{"n": 40_000}]


def test_a_damaged_sealed_journal_keeps_every_blob(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    run = _long_run(workspace)
    now = time.time() + 2 * DAY
    monkeypatch.setattr(time, "time", lambda: now)
    collect(workspace)
    sealed = workspace.run_folder(run) / "events" / SEALED
    content = bytearray(sealed.read_bytes())
    content[len(content) // 2] ^= 4
    sealed.write_bytes(content)
    Blobs(workspace.blobs).put(b"lost")
    found = {_key(item) for item in collect(workspace)}
    assert ("journal", "keep", f"runs/{run}/events/{SEALED}") in found
    assert len(_blobs(workspace)) == 2


def _nothing(*_: object) -> None:
    pass


def _key(item: Garbage) -> tuple[str, str, str]:
    return item.kind, item.action, item.path


# -- histories -----------------------------------------------------------------------------------------------------


def _play(workspace: Workspace, rng: random.Random, moves: int) -> None:
    blobs = Blobs(workspace.blobs)
    for _ in range(moves):
        names = workspace.run_names()
        away = [row["run"] for row in deleted_runs(workspace)]
        move = rng.choice(("run", "run", "lost", "model", "delete", "restore", "age", "gc", "entry"))
        if move == "run":
            steps = [f"step {rng.randrange(12)}" for _ in range(rng.randrange(2))]
            make_run(workspace, contents_of(rng), steps=steps, end=rng.choice(("finished", "failed", None)))
        elif move == "lost":
            blobs.put(b"lost %d" % rng.randrange(20))
        elif move == "model" and names:
            register(workspace, rng.choice(names), b"model %d" % rng.randrange(5), f"m{rng.randrange(2)}")
        elif move == "delete" and names:
            try:
                delete_runs(workspace, rng.sample(names, rng.randint(1, min(2, len(names)))))
            except Exception as error:
                assert "came from" in str(error)  # noqa: PT017
        elif move == "restore" and away:
            restore_runs(workspace, [rng.choice(away)])
        elif move == "age":
            age(workspace, rng.choice((0.3, 0.7, 2.0)) * DAY)
        elif move == "gc":
            planned = collect(workspace, dry_run=True)
            assert collect(workspace) == planned
            assert collect(workspace) == []
        elif move == "entry":
            outputs = {"x": (blobs.put(b"unnamed"), 7)}
            key = digest_value(rng.random())
            StepCache(workspace.cache, blobs).put(
                key, CachedStep(step="s", run="r", seconds=0, outputs=outputs, events=[])
            )


@pytest.mark.parametrize("seed", range(60))
def test_any_history(workspace: Workspace, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After any past, what is referred to is whole, and after two collections and time nothing else is left."""
    monkeypatch.setattr("mfbench.care.gc._seal", _nothing)  # has its own tests, and takes most of the time
    rng = random.Random(seed)
    _play(workspace, rng, 30)
    assert_whole(workspace)
    for _ in range(3):
        age(workspace)
        collect(workspace)
        assert_whole(workspace)
        assert collect(workspace) == []
    named = referred(workspace)
    kept_by_steps = {
        digest for path in workspace.cache.glob("*.json") for digest, _ in _step(workspace, path.stem).outputs.values()
    }
    assert _blobs(workspace) == named | kept_by_steps
    assert deleted_runs(workspace) == []
    assert [path for path in (workspace.root / "trash").rglob("*") if path.is_file()] == []


def _step(workspace: Workspace, key: str) -> CachedStep:
    found = StepCache(workspace.cache, Blobs(workspace.blobs)).get(key)
    assert found is not None
    return found


def test_kill_after_every_single_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed collection has taken nothing that is referred to, and the next one does the rest."""
    monkeypatch.setattr("mfbench.care.gc._seal", _nothing)
    rng = random.Random(3)
    past = create(tmp_path / "past")
    runs = [make_run(past, contents_of(rng), steps=[f"step {i}"]) for i in range(6)]
    register(past, runs[0], b"model")
    for number in range(4):
        Blobs(past.blobs).put(b"lost %d" % number)
    delete_runs(past, runs[3:5])
    age(past)
    with open_ledger(past.ledger) as ledger:
        ledger.append("run.deleted", {"run": runs[5]})
    (past.run_folder(runs[1]) / "work").mkdir()
    for name in ("blobs/.abc", "live/.abc.7"):
        (past.root / name).touch()
    os.replace(past.blobs / digest_bytes(b"model"), past.root / "trash" / "model")  # noqa: PTH105
    (past.root / "trash" / "blobs").mkdir()
    (past.root / "trash" / "model").rename(past.root / "trash" / "blobs" / digest_bytes(b"model"))
    age(past)
    steps, killed = 0, True
    while killed:
        steps += 1
        workspace = Workspace(Path(shutil.copytree(past.root, tmp_path / f"{steps}" / ".mfbench")))
        killed = dies_at(steps, lambda home=workspace: collect(home))  # type: ignore[misc]
        collect(workspace)
        assert_whole(workspace)
        assert collect(workspace) == []
        assert sorted(workspace.run_names()) == sorted(runs[:3])
        assert [row["run"] for row in deleted_runs(workspace)] == [runs[5]]
        shutil.rmtree(workspace.root)
    assert steps > 30


# -- beside others -------------------------------------------------------------------------------------------------


def test_two_collections_exclude_each_other(workspace: Workspace) -> None:
    with locked(workspace.root / "gc.lock"):
        with pytest.raises(StoreBusyError, match="another gc"):
            collect(workspace)
        collect(workspace, dry_run=True)


def test_a_dry_run_touches_nothing(workspace: Workspace) -> None:
    run = make_run(workspace, [b"a"], steps=["s"])
    make_run(workspace, [b"b"])
    Blobs(workspace.blobs).put(b"lost")
    delete_runs(workspace, [run])
    (workspace.blobs / ".staged").touch()
    age(workspace)
    Store(workspace).update()
    before = plain_state(workspace)
    assert len(collect(workspace, dry_run=True)) == 5
    assert plain_state(workspace) == before


def test_a_read_only_workspace(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workspace, "writable", False)
    with pytest.raises(WorkspaceError, match="read-only"):
        collect(workspace)


def test_a_damaged_ledger_stops_it(workspace: Workspace) -> None:
    """It says which runs are deleted."""
    register(workspace, make_run(workspace), b"model")
    workspace.ledger.write_bytes(workspace.ledger.read_bytes().replace(b'"m"', b'"n"'))
    with pytest.raises(DamageError):
        collect(workspace)


def test_missing_folders_are_no_reason_to_fail(workspace: Workspace) -> None:
    for name in ("live", "cache", "blobs", "ledger", "trash", "runs"):
        (workspace.root / name).rmdir()
    assert collect(workspace) == []


def test_a_run_that_is_alive_is_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"of a living run")
    with start_run("alive", workspace=workspace.root) as run:
        run.log_artifact(path)
        age(workspace)
        assert collect(workspace) == []
        run.log_metric("loss", 1.0)
    assert_whole(workspace)


def test_what_cannot_be_moved_is_said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = Blobs(workspace.blobs).put(b"lost")
    age(workspace)

    def refused(self: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refused)
    [item] = collect(workspace)
    assert (item.action, item.path, item.bytes) == ("keep", f"blobs/{lost}", 0)
    assert "Permission denied" in item.reason


def test_the_command(project: Project) -> None:
    home = create(project.folder)
    make_run(home, [b"kept"])
    for number in range(3):
        Blobs(home.blobs).put(b"lost %d" % number)
    nothing = project.mfbench("gc")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "nothing to do" in nothing.stderr
    age(home)
    plan: dict[str, Any] = project.json("gc", "--dry-run")
    assert (len(plan["items"]), plan["bytes"]) == (3, 18)
    done = project.mfbench("gc")
    assert done.stdout.splitlines()[1].split("\t") == ["blob", "3", "18 B", "to the trash", "nothing refers to it"]
    assert "in all: 18 B to the trash" in done.stderr
    wrong = project.mfbench("gc", "--older-than", "soon")
    assert wrong.returncode == 2
    assert "is not a duration" in wrong.stderr


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(86_400.0, "1 day"), (172_800.0, "2 days"), (5400.0, "1.5 hours"), (60.0, "1 minute"), (0.0, "0 seconds")],
)
def test_periods_are_told_as_people_give_them(seconds: float, words: str) -> None:
    assert period(seconds) == words


def test_a_recipe_is_still_cached_and_its_model_kept(project: Project) -> None:
    first = project.json("run", "tiny.toml")
    home = project.workspace
    age(home)
    assert project.json("gc") == {"items": [], "bytes": 0}
    assert project.mfbench("models", "export", "tiny", "bundle").returncode == 0
    again = project.json("run", "tiny.toml")
    assert all(step["cached"] for step in again["steps"] if step["name"] != "register")
    refused = project.mfbench("runs", "delete", first["run"], "--yes")
    assert (refused.returncode, "tiny:1 came from run" in refused.stderr) == (2, True)
    assert project.json("runs", "delete", again["run"], "--yes") == {"deleted": [again["run"]]}
    age(home)
    assert {item["kind"] for item in project.json("gc")["items"]} <= {"run", "blob"}
    assert project.mfbench("models", "export", "tiny", "bundle2").returncode == 0
    third = project.json("run", "tiny.toml")
    assert all(step["cached"] for step in third["steps"] if step["name"] != "register")
