"""Mending: what can be mended is whole afterwards, what was lost is said, and a second repair finds nothing to do."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from mfbench.api.workbench import Workbench
from mfbench.care import deletion, mend_content, mend_ledger
from mfbench.care.doctor import examine
from mfbench.care.examine_home import examine_home
from mfbench.care.findings import Look, Mended
from mfbench.care.mend_home import write_marker
from mfbench.care.repair import mend
from mfbench.core import files
from mfbench.core.errors import WorkspaceError
from mfbench.core.hashing import digest_bytes
from mfbench.journal.blobs import Blobs
from mfbench.journal.ledger import open_ledger, read_ledger
from mfbench.journal.reader import read_events
from mfbench.registry.models import Registry
from mfbench.store.engine import attached
from mfbench.store.runs import list_runs
from mfbench.store.store import Store
from mfbench.tracking.run import start_run
from mfbench.workspace import disk
from mfbench.workspace.workspace import Workspace, create
from tests.care import damage
from tests.care.histories import make_run, register
from tests.children import kill, start
from tests.support import Project


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr("mfbench.care.examine_home.LITTLE", 0)
    return create(tmp_path)


def mended(workspace: Workspace) -> list[Mended]:
    """One repair; after it a second finds nothing to do."""
    found = mend(workspace)
    assert not any(one.failed for one in found)
    assert mend(Workspace(workspace.root)) == []
    return found


def left(workspace: Workspace) -> list[str]:
    return [one.code for one in examine(Workspace(workspace.root))]


def _status(workspace: Workspace) -> dict[str, str]:
    return {row["run"]: row["status"] for row in list_runs(workspace, limit=None)[0]}


def test_a_whole_workspace_is_left_alone(workspace: Workspace) -> None:
    register(workspace, make_run(workspace, [b"a"], steps=["train"]), b"weights")
    alive = start_run("alive", workspace=workspace.root)
    assert mended(workspace) == []
    alive.end()


# -- runs


def test_a_lost_run_is_ended_and_stays_ended_in_a_new_database(workspace: Workspace) -> None:
    run = damage.lose_run(workspace)
    before = damage.segments(workspace, run)[0].read_bytes()
    [done] = mended(workspace)
    assert (done.code, done.where, done.lost) == ("run.lost", f"runs/{run}", "")
    assert done.what == "ended as failed"  # a script's run cannot be resumed
    assert damage.segments(workspace, run)[1].read_bytes() == before  # nobody writes to a segment of another
    ((row,), _) = list_runs(workspace)
    assert (row["status"], row["metrics"]) == ("failed", {"loss": 1.0})
    assert "died without an end" in row["error"]
    assert os.listdir(workspace.live) == []
    workspace.database.unlink()
    assert _status(workspace) == {run: "failed"}
    assert left(workspace) == []


def test_a_lost_run_of_a_recipe_can_still_be_resumed(project: Project) -> None:
    face, run = project.slow_run()
    holder = msgspec.json.decode((project.workspace.live / run).read_bytes())
    os.kill(holder["pid"], 9)
    face.wait(timeout=60)
    done = project.mfbench("doctor", "--repair")
    assert "ended as failed; it can still be resumed" in done.stdout
    assert done.returncode == 0, done.stdout + done.stderr
    assert _status(project.workspace) == {run: "failed"}
    resumed = project.mfbench("runs", "resume", run, SLOW_SECONDS="0")
    assert resumed.returncode == 0, resumed.stderr
    assert _status(project.workspace) == {run: "finished"}
    project.workspace.database.unlink()
    assert _status(project.workspace) == {run: "finished"}
    assert project.mfbench("doctor").returncode == 0


def test_a_run_that_never_said_a_word_is_ended_too(workspace: Workspace) -> None:
    run, marker = workspace.new_run({})
    os.close(marker)
    other, marker = workspace.new_run({})
    os.close(marker)
    (workspace.run_folder(other) / "events").rmdir()
    assert [(one.code, one.where) for one in mended(workspace)] == [
        ("run.empty", f"runs/{run}"),
        ("run.empty", f"runs/{other}"),
    ]
    assert _status(workspace) == {run: "failed", other: "failed"}
    assert left(workspace) == []


def test_nobody_ends_a_run_that_is_taken_up_meanwhile(workspace: Workspace) -> None:
    from mfbench.care.findings import Look
    from mfbench.care.mend_runs import end_lost

    run = damage.lose_run(workspace)
    [finding] = examine(workspace)
    marker = workspace.hold_run(run, {"pid": os.getpid(), "host": "here", "leader": "driver"})
    assert end_lost(Look(workspace), finding) is None
    os.close(marker)
    assert len(damage.segments(workspace, run)) == 1


def test_deletions_markers_and_moves_are_finished(workspace: Workspace) -> None:
    gone, back = make_run(workspace), make_run(workspace)
    damage.delete_halfway(workspace, gone)
    deletion.delete_runs(workspace, [back])
    with open_ledger(workspace.ledger) as ledger:
        ledger.append("run.deleted", {"run": gone})
        ledger.append("run.restored", {"run": back})
    (workspace.live / "20260101-000000000-aaaaa").write_text("{}")
    found = {one.code: one.where for one in mended(workspace)}
    assert found.keys() <= {"run.marker", "run.deleted", "run.restored"}
    assert "run.marker" in found
    assert (workspace.root / "trash" / gone).is_dir()
    assert _status(workspace) == {back: "finished"}
    assert left(workspace) == []


# -- the database


@pytest.mark.parametrize("size", [0, 100, 20_000])
def test_a_damaged_database_is_made_anew_and_the_old_one_kept(workspace: Workspace, size: int) -> None:
    runs = {make_run(workspace, [b"a"]) for _ in range(3)}
    good = list_runs(workspace)
    damage.chop(workspace.database, size)
    content = workspace.database.read_bytes()
    [done] = mended(workspace)
    assert (done.code, done.lost) == ("database.damaged", "")
    [kept] = (workspace.root / "trash").iterdir()
    assert kept.name in done.what
    assert kept.read_bytes() == content
    assert time.time() - kept.stat().st_mtime < 60
    assert list_runs(workspace) == good
    assert set(_status(workspace)) == runs
    assert left(workspace) == []


def test_a_flipped_database_is_whole_after_a_repair(workspace: Workspace) -> None:
    for number in range(3):
        make_run(workspace, [b"%d" % number])
    good = list_runs(workspace)
    content = workspace.database.read_bytes()
    chance = random.Random(7)
    for _ in range(10):
        damage.flip_database(workspace, chance)
        mend(workspace)
        assert list_runs(workspace) == good
        workspace.database.write_bytes(content)


def test_a_database_that_differs_is_made_anew(workspace: Workspace) -> None:
    run = make_run(workspace, [b"a"])
    list_runs(workspace)
    with attached(workspace.database, read_only=False) as con:
        con.execute("DELETE FROM t_artifacts; UPDATE run_rows SET status = 'failed'")
    [done] = mended(workspace)
    assert done.code == "database.differs"
    assert _status(workspace) == {run: "finished"}
    assert Store(workspace).rows("SELECT path FROM artifacts") == [{"path": "file0"}]


def test_a_journal_that_lost_its_end_is_ended_in_the_same_repair(workspace: Workspace) -> None:
    """The database is made anew from what is left; the old one, which knew more, is kept."""
    run = make_run(workspace, [b"a"])
    list_runs(workspace)
    damage.cut_lines(damage.segments(workspace, run)[0], 2)
    assert {one.code for one in mended(workspace)} == {"run.lost", "database.differs"}
    assert _status(workspace) == {run: "failed"}
    assert left(workspace) == []


def test_nothing_deleted_comes_back_with_a_new_database(workspace: Workspace) -> None:
    gone, stays = make_run(workspace), make_run(workspace)
    deletion.delete_runs(workspace, [gone])
    assert Workbench(workspace).rebuild() == 1
    assert _status(workspace) == {stays: "finished"}
    damage.chop(workspace.database, 100)
    mended(workspace)
    assert _status(workspace) == {stays: "finished"}


def test_a_newer_database_is_made_anew_only_when_asked(workspace: Workspace) -> None:
    make_run(workspace)
    list_runs(workspace)
    with attached(workspace.database, read_only=False) as con:
        con.execute("UPDATE meta SET value = '99 new' WHERE key = 'schema'")
    assert mended(workspace) == []
    assert left(workspace) == ["database.newer"]
    assert Workbench(workspace).rebuild() == 1
    assert left(workspace) == []


# -- the ledger


def test_a_broken_ledger_is_written_anew(workspace: Workspace) -> None:
    run = make_run(workspace, [b"a"])
    for number in range(4):
        register(workspace, run, b"weights %d" % number)
    damage.flip_line(workspace.ledger, random.Random(8), 2)  # the second version
    content = workspace.ledger.read_bytes()
    [done] = mended(workspace)
    assert "line 3" in done.lost
    assert "proof" in done.lost
    kept = workspace.ledgers / "damaged" / f"{digest_bytes(content)}.jsonl"
    assert kept.read_bytes() == content
    assert kept.relative_to(workspace.root).as_posix() in done.what
    entries = read_ledger(workspace.ledger)  # its chain holds
    assert entries[-1].kind == "ledger.repaired"
    assert entries[-1].body["lost"] == [3]
    assert entries[-1].body["was"] == digest_bytes(content)
    assert entries[-1].body["head"] == digest_bytes(content.splitlines(keepends=True)[-1])
    assert [entry.seq for entry in entries] == list(range(len(entries)))
    assert sorted(Registry(workspace).model("m").versions) == [1, 3, 4]
    register(workspace, run, b"after")
    assert sorted(Registry(workspace).model("m").versions) == [1, 3, 4, 5]
    assert {row["version"] for row in Store(workspace).rows("SELECT version FROM models")} == {1, 3, 4, 5}
    assert left(workspace) == []


@pytest.mark.parametrize("line", range(3))
def test_whatever_line_is_damaged_the_rest_is_taken_over(workspace: Workspace, line: int) -> None:
    with open_ledger(workspace.ledger) as ledger:
        for number in range(3):
            ledger.append("run.noted", {"run": "r", "note": number}, reason=f"n{number}")
    before = read_ledger(workspace.ledger)
    damage.flip_line(workspace.ledger, random.Random(line), line)
    mended(workspace)
    after = read_ledger(workspace.ledger)[:-1]
    told = [(entry.time, entry.kind, entry.actor, entry.reason, entry.body) for entry in after]
    assert told == [(e.time, e.kind, e.actor, e.reason, e.body) for e in before if e.seq != line]


def test_an_alias_of_a_version_that_was_lost_is_taken_away(workspace: Workspace) -> None:
    run = make_run(workspace)
    register(workspace, run, b"weights")
    damage.flip_line(workspace.ledger, random.Random(9), 0)
    found = mended(workspace)
    assert [one.code for one in found] == ["ledger.damaged", "ledger.alias"]
    assert "m@champion" in found[1].lost
    assert Registry(workspace).models() == {}
    register(workspace, run, b"weights")
    assert Registry(workspace).model("m").aliases == {"champion": 1}
    assert left(workspace) == []


def test_entries_that_nobody_could_use_are_put_aside(workspace: Workspace) -> None:
    register(workspace, make_run(workspace), b"weights")
    with open_ledger(workspace.ledger) as ledger:
        ledger.append("model.version", {"model": "m"})
    [done] = mended(workspace)
    assert done.code == "ledger.odd"
    assert sorted(Registry(workspace).model("m").versions) == [1]


# -- blobs and cache


def test_a_wrong_blob_is_restored_from_what_a_step_left(workspace: Workspace) -> None:
    content = b"weights" * 100
    run = make_run(workspace, [content])
    digest = digest_bytes(content)
    made = workspace.run_folder(run) / "work" / "train"
    made.mkdir(parents=True)
    (made / "model.bin").write_bytes(content)
    (made / "other.bin").write_bytes(b"x" * len(content))
    damage.swap_blob(workspace, digest)
    [done] = mended(workspace)
    assert (done.code, done.lost) == ("blob.damaged", "")
    assert "work/train/model.bin" in done.what
    assert Blobs(workspace.blobs).read(digest) == content
    assert not (workspace.blobs / digest).stat().st_mode & 0o222
    assert left(workspace) == []


def test_a_missing_blob_is_taken_from_the_trash_if_it_is_right(workspace: Workspace) -> None:
    run = make_run(workspace, [b"one", b"two"])
    one, two = digest_bytes(b"one"), digest_bytes(b"two")
    trash = workspace.root / "trash" / "blobs"
    trash.mkdir()
    (trash / one).write_bytes(damage.drop_blob(workspace, one))
    (trash / two).write_bytes(damage.drop_blob(workspace, two) + b"!")
    assert {one.name: one.mendable for one in examine(workspace)} == {one: True, two: False}
    [done] = mended(workspace)
    assert done.where == f"blobs/{one}"
    assert Blobs(workspace.blobs).read(one) == b"one"
    [finding] = examine(workspace)
    assert (finding.code, finding.name) == ("blob.missing", two)
    assert run in finding.what


def test_a_wrong_blob_that_is_nowhere_else_makes_its_step_run_again(project: Project) -> None:
    project.json("run", "tiny.toml")
    [version] = Registry(project.workspace).model("tiny").versions.values()
    model = next(
        event[1]
        for event in _artifacts(project, version.run)
        if event[0].endswith("model.skops") and "package" in event[0]
    )
    damage.swap_blob(project.workspace, model)
    blob, *steps = mend(project.workspace)
    assert blob.code == "model.damaged"
    assert "model tiny:1" in blob.lost
    assert {one.code for one in steps} == {"cache.useless"}
    assert [one.code for one in examine(project.workspace)] == ["model.missing"]
    assert project.json("run", "tiny.toml")["status"] == "finished"
    assert examine(project.workspace) == []


def _artifacts(project: Project, run: str) -> list[list[str]]:
    return project.events(run, "artifact")


def test_modes_cache_and_folders(workspace: Workspace) -> None:
    make_run(workspace, [b"a"], steps=["train"])
    damage.drop_blob(workspace, digest_bytes(b"a"))
    (workspace.blobs / Blobs(workspace.blobs).put(b"free")).chmod(0o666)
    for name in ("capture", "trash", "live"):
        shutil.rmtree(workspace.root / name)
    found = [one.code for one in mended(workspace)]
    assert sorted(found) == ["blob.mode", "cache.useless", "workspace.folder", "workspace.folder"]
    assert not any((workspace.cache).glob("*.json"))
    assert left(workspace) == ["blob.missing"]


def test_a_workspace_without_its_marker_gets_it_back(workspace: Workspace) -> None:
    run = make_run(workspace)
    register(workspace, run, b"weights")
    before, path = workspace.id, workspace.root / "workspace.json"
    path.write_bytes(b"{")
    broken = Workspace(workspace.root)
    assert [one.code for one in mended(broken)] == ["workspace.marker"]
    again = Workspace(workspace.root)
    assert again.id == before
    assert Registry(again).model("m").versions
    path.unlink()
    shutil.rmtree(workspace.ledgers)
    [folder, marker] = mend(Workspace(workspace.root))
    assert {folder.code, marker.code} == {"workspace.folder", "workspace.marker"}
    assert _status(Workspace(workspace.root)) == {run: "finished"}
    assert left(workspace) == []


def test_a_marker_that_another_repair_has_written_stays(workspace: Workspace) -> None:
    path = workspace.root / "workspace.json"
    path.unlink()
    shutil.rmtree(workspace.ledgers)
    look = Look(Workspace(workspace.root))
    [finding] = [one for one in examine_home(look) if one.code == "workspace.marker"]
    mend(Workspace(workspace.root))
    before = path.read_bytes()
    assert write_marker(look, finding) is None
    assert path.read_bytes() == before


# -- promises


def test_a_read_only_workspace_is_not_repaired(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    damage.lose_run(workspace)
    monkeypatch.setattr(disk, "is_writable", lambda _: False)
    with pytest.raises(WorkspaceError, match="read-only: it cannot be repaired"):
        mend(Workspace(workspace.root))


def test_a_full_disk_leaves_the_ledger_as_it_was(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    register(workspace, make_run(workspace), b"weights")
    damage.flip_line(workspace.ledger, random.Random(10), 0)
    before = workspace.ledger.read_bytes()

    def full(path: Path, content: bytes, mode: int = 0o644) -> None:
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(mend_ledger, "write_whole", full)
        told, *_ = mend(workspace)
    assert (told.code, told.failed, "No space left" in told.what) == ("ledger.damaged", True, True)
    assert workspace.ledger.read_bytes() == before
    assert mended(workspace)


def test_a_repair_that_broke_off_between_two_files_is_finished(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(workspace, [b"a"])
    register(workspace, run, b"weights")
    damage.flip_line(workspace.ledger, random.Random(11), 1)
    damage.swap_blob(workspace, digest_bytes(b"a"))
    real: Callable[..., None] = files.write_whole
    calls: list[Path] = []

    def second(path: Path, content: bytes, mode: int = 0o644) -> None:
        calls.append(path)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(path, content, mode)

    with monkeypatch.context() as patch:
        patch.setattr(mend_ledger, "write_whole", second)
        with pytest.raises(KeyboardInterrupt):
            mend(workspace)
    with monkeypatch.context() as patch:  # the wrong blob is in the trash, and no more than that was done
        patch.setattr(mend_content, "Elsewhere", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            mend(workspace)
    mended(workspace)
    assert read_ledger(workspace.ledger)[-1].kind == "ledger.repaired"
    assert left(workspace) == ["blob.missing"]


REPAIRS = """
import sys
from pathlib import Path
from mfbench.care.repair import mend
from mfbench.workspace.workspace import Workspace
print("go", flush=True)
mend(Workspace(Path(sys.argv[1])))
"""


def test_a_repair_may_be_killed_at_any_moment(workspace: Workspace) -> None:
    """Whatever it had done until then, the next one gets to the same end."""
    run = make_run(workspace, [b"a", b"b"])
    for number in range(3):
        register(workspace, run, b"weights %d" % number)
    lost = [damage.lose_run(workspace) for _ in range(3)]
    list_runs(workspace)
    damage.flip_line(workspace.ledger, random.Random(12), 2)
    damage.chop(workspace.database, 30_000)
    damage.swap_blob(workspace, digest_bytes(b"a"))
    chance = random.Random(13)
    for _ in range(12):
        child = start(REPAIRS, workspace.root)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.random() * 0.25)
        kill(child)
    mended(workspace)
    assert left(workspace) == ["blob.missing"]
    assert _status(workspace) == {run: "finished"} | dict.fromkeys(lost, "failed")
    ends = [event for event in read_events(workspace.run_folder(lost[0]) / "events") if event[2] == "run.ended"]
    assert len(ends) == 1
    assert sorted(Registry(workspace).model("m").versions) == [1, 3]


def test_two_repairs_at_once_beside_a_running_run(workspace: Workspace) -> None:
    run = make_run(workspace, [b"a"])
    register(workspace, run, b"weights")
    lost = [damage.lose_run(workspace) for _ in range(5)]
    damage.flip_line(workspace.ledger, random.Random(14), 1)
    list_runs(workspace)
    damage.chop(workspace.database, 100)
    with start_run("beside", workspace=workspace.root) as beside:
        children = [start(REPAIRS, workspace.root) for _ in range(3)]
        for step in range(200):
            beside.log_metric("loss", step)
        for child in children:
            _, err = child.communicate(timeout=60)
            assert child.returncode == 0, err
    assert _status(workspace) == {run: "finished", beside.id: "finished"} | dict.fromkeys(lost, "failed")
    for one in lost:
        assert len(damage.segments(workspace, one)) == 2
    assert Store(workspace).rows(f"SELECT count(*) AS n FROM metrics WHERE run = '{beside.id}'") == [{"n": 200}]
    assert left(workspace) == []


def test_whatever_happens_to_files_the_second_repair_finds_nothing_to_do(workspace: Workspace, tmp_path: Path) -> None:
    for number in range(3):
        run = make_run(workspace, [b"%d" % number, b"shared"], steps=[f"step{number}"])
        register(workspace, run, b"weights %d" % number)
    damage.lose_run(workspace)
    deletion.delete_runs(workspace, [make_run(workspace)])
    list_runs(workspace)
    for seed in range(8):
        chance = random.Random(seed)
        copy = Workspace(tmp_path / f"copy{seed}" / ".mfbench")
        shutil.copytree(workspace.root, copy.root)
        told = [damage.anything(copy, chance) for _ in range(chance.choice([1, 2, 4]))]
        mend(Workspace(copy.root))
        assert [one for one in examine(Workspace(copy.root)) if one.mendable] == [], told
        assert mend(Workspace(copy.root)) == [], told


# -- the command


def test_the_command_tells_finds_mends_and_ends_rightly(project: Project) -> None:
    create(project.folder)
    run = damage.lose_run(project.workspace)
    done = project.mfbench("doctor")
    assert done.returncode == 1
    assert f"problem: run.lost\n  runs/{run}: the run has no end" in done.stdout
    assert "mend what can be mended: mfbench doctor --repair" in done.stderr
    told = project.mfbench("doctor", "--repair")
    assert (told.returncode, "mended: run.lost" in told.stdout) == (0, True)
    report = project.json("doctor", "--repair", "--rebuild", "--fast")
    assert (report["problems"], report["repaired"], report["rebuilt"], report["writable"]) == ([], [], 1, True)
    assert project.mfbench("doctor", "--workspace", str(project.folder / "nowhere"), "--repair").returncode == 2


def test_long_lists_are_shortened_and_names_do_not_steer_the_terminal(project: Project) -> None:
    workspace = create(project.folder)
    for number in range(30):
        (workspace.runs / f"stray \x1b[31m{number}").mkdir()
    done = project.mfbench("doctor")
    assert "problem: run.stray (30)" in done.stdout
    assert "… and 20 more (--json has all)" in done.stdout
    assert "\x1b" not in done.stdout
    [line] = [line for line in project.mfbench("doctor", "--json").stdout.splitlines() if line]
    assert len(msgspec.json.decode(line)["problems"]) == 30
