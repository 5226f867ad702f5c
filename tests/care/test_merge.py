"""Merge: everything of another workspace comes, once; the other one is only read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from mfbench.care.deletion import delete_runs
from mfbench.care.merging import merge
from mfbench.core.errors import DamageError, UsageError, WorkspaceError
from mfbench.journal.ledger import Entry, read_ledger
from mfbench.registry.models import Registry
from mfbench.tracking.run import start_run
from mfbench.workspace.workspace import Workspace, require
from tests.care.parcels import (
    holds,
    killed_at_each_step,
    killed_at_random,
    litter,
    log_run,
    new_workspace,
    register,
    whole_so_far,
)
from tests.store.model import expected, stored
from tests.support import Project

MERGE = """
from mfbench.care.merging import merge
def work(target, other):
    merge(Workspace(target), Workspace(other))
"""


@pytest.fixture
def here(tmp_path: Path) -> Workspace:
    return new_workspace(tmp_path / "here")


@pytest.fixture
def other(tmp_path: Path) -> Workspace:
    return new_workspace(tmp_path / "other")


def merges(workspace: Workspace) -> list[Entry]:
    return [entry for entry in read_ledger(workspace.ledger) if entry.kind == "merged"]


def snapshot(workspace: Workspace) -> dict[str, Any]:
    """Every file with its content and its times."""
    files = [path for path in sorted(workspace.root.rglob("*")) if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_nlink) for path in files}


def test_everything_comes_and_the_other_is_only_read(here: Workspace, other: Workspace) -> None:
    own = log_run(here, "own")
    runs = [log_run(other, f"r{number}", number, f"content {number}".encode()) for number in range(5)]
    register(other, "m", b"1")
    before, wanted = snapshot(other), holds(other)
    taken = merge(here, other)
    assert snapshot(other) == before
    assert set(runs) < set(taken["runs"])
    assert (taken["models"], taken["skipped"], taken["missing"]) == (["m:1"], [], [])
    found = holds(here)
    assert found["models"] == wanted["models"]
    assert wanted["runs"].items() <= found["runs"].items()
    assert set(found["runs"]) == {*wanted["runs"], own}
    assert wanted["blobs"] <= found["blobs"]
    assert stored(here) == expected(here)
    assert (here.ledgers / f"{other.id}.jsonl").read_bytes() == other.ledger.read_bytes()
    assert {path.stat().st_nlink for path in here.blobs.iterdir()} == {1}
    assert litter(here) == []
    [entry] = merges(here)
    assert taken["heads"] == {"here": entry.body["previous"], "there": entry.body["head"]}
    assert (entry.body["from"], entry.body["runs"], entry.body["models"]) == (other.id, 6, ["m:1"])


def test_a_dry_run_says_the_same_and_changes_nothing(here: Workspace, other: Workspace) -> None:
    register(other)
    log_run(other)
    before = snapshot(here)
    foreseen = merge(here, other, dry_run=True)
    assert (snapshot(here), litter(here)) == (before, [])
    assert merge(here, other) == foreseen


def test_again_brings_only_what_is_new(here: Workspace, other: Workspace) -> None:
    register(other, "m", b"1")
    merge(here, other)
    ledger = here.ledger.read_bytes()
    again = merge(here, other)
    assert (again["runs"], again["models"], again["bytes"], here.ledger.read_bytes()) == ([], [], 0, ledger)
    run = log_run(other, "later")
    later = register(other, "m", b"2")
    taken = merge(here, other)
    assert (sorted(taken["runs"]), taken["models"]) == (sorted([run, later.run]), ["m:2"])
    assert (holds(here), len(merges(here))) == (holds(other), 2)
    assert (here.ledgers / f"{other.id}.jsonl").read_bytes() == other.ledger.read_bytes()
    Registry(other).set_alias("m", "canary", 2)  # decided there: nothing to take in, but the evidence has grown
    merge(here, other)
    assert (here.ledgers / f"{other.id}.jsonl").read_bytes() == other.ledger.read_bytes()
    assert [entry.body["runs"] for entry in merges(here)] == [1, 2, 0]


def test_numbers_that_collide(here: Workspace, other: Workspace) -> None:
    register(here, "m", b"1")
    register(here, "m", b"both")
    register(other, "m", b"both")
    theirs = [register(other, "m", bytes([number])) for number in range(2)]
    register(other, "n", b"n")
    taken = merge(here, other)
    assert taken["renumbered"] == {"m:2": "m:3", "m:3": "m:4"}
    assert taken["models"] == ["m:3", "m:4", "n:1"]
    model = Registry(here).model("m")
    assert model.aliases == {"champion": 1}
    assert [model.versions[number].digest for number in (3, 4)] == [version.digest for version in theirs]
    assert model.versions[3].origin == {
        "workspace": other.id, "version": 2, "registered": theirs[0].registered, "actor": theirs[0].actor,
    }  # fmt: skip
    assert Registry(here).model("n").aliases == {"champion": 1}


def test_both_ways_and_around(here: Workspace, other: Workspace, tmp_path: Path) -> None:
    """A ring of merges ends: each has everything, each version its first origin, nobody a copy of itself."""
    third = new_workspace(tmp_path / "third")
    ring = [here, other, third]
    for number, workspace in enumerate(ring):
        register(workspace, "m", bytes([number]))
    for _ in range(2):
        for number, workspace in enumerate(ring):
            merge(workspace, ring[number - 1])
    assert holds(here) == holds(other) == holds(third)
    for workspace in ring:
        versions = Registry(workspace).model("m").versions
        assert len(versions) == 3
        origins = {version.origin["workspace"] if version.origin else workspace.id for version in versions.values()}
        assert origins == {one.id for one in ring}
        names = {path.name for path in workspace.ledgers.glob("*.jsonl")}
        assert names == {f"{one.id}.jsonl" for one in ring}


def test_what_is_left_out(here: Workspace, other: Workspace) -> None:
    deleted, gone, kept = (log_run(other, name) for name in ("deleted", "gone", "kept"))
    alive = start_run("alive", workspace=other.root)
    merge(here, other)
    delete_runs(other, [deleted])
    delete_runs(here, [gone])
    shutil.rmtree(here.run_folder(deleted))
    segment = here.run_folder(kept) / "events" / "main-1.jsonl"
    segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:-1]))
    (other.runs / "not-a-run").mkdir()
    taken = merge(here, other)
    reasons = {one["name"]: one["reason"] for one in taken["skipped"]}
    assert taken["runs"] == []
    assert "running there" in reasons[alive.id]
    assert "deleted here" in reasons[gone]
    assert "stays" in reasons[kept]
    assert deleted not in here.run_names()
    assert reasons["not-a-run"] == "no run has such an id"
    alive.end()
    assert merge(here, other)["runs"] == [alive.id]


def test_damage_there_is_said_and_stays_there(here: Workspace, other: Workspace) -> None:
    good, bad = log_run(other, "good", artifact=b"good"), log_run(other, "bad", artifact=b"bad")
    wrong = next(path for path in other.blobs.iterdir() if path.read_bytes() == b"bad")
    wrong.chmod(0o644)
    wrong.write_bytes(b"bat")
    stranger = log_run(other, "stranger", artifact=None)
    segment = other.run_folder(stranger) / "events" / "main-1.jsonl"
    shutil.copyfile(other.run_folder(good) / "events" / "main-1.jsonl", segment)
    taken = merge(here, other)
    assert sorted(taken["runs"]) == sorted([good, bad])
    assert taken["missing"] == [wrong.name]
    assert {one["name"]: one["what"] for one in taken["skipped"]} == {wrong.name: "content", stranger: "run"}
    assert [path.read_bytes() for path in here.blobs.iterdir()] == [b"good"]


def test_a_broken_chain_is_refused(here: Workspace, other: Workspace) -> None:
    register(other, "m", b"1")
    merge(here, other)
    log_run(other, "later")
    before = snapshot(here)
    whole = other.ledger.read_bytes()
    other.ledger.write_bytes(whole.replace(b"good", b"evil"))
    with pytest.raises(DamageError):
        merge(here, other)
    other.ledger.unlink()
    register(other, "m", b"another past")
    with pytest.raises(DamageError, match="different ways"):
        merge(here, other)
    assert snapshot(here) == before


def test_a_copy_of_this_ledger_that_knows_more_is_refused(here: Workspace, other: Workspace) -> None:
    register(here, "m", b"1")
    before = here.ledger.read_bytes()
    register(here, "m", b"2")
    merge(other, here)
    here.ledger.write_bytes(before)  # restored from an older copy
    with pytest.raises(DamageError, match="different ways"):
        merge(here, other)


def test_workspaces_that_cannot_be_merged(here: Workspace, other: Workspace, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(here.root)
    for itself in (here, Workspace(tmp_path / "link"), new_workspace(here.root / "runs" / "nested")):
        with pytest.raises(UsageError, match="itself"):
            merge(here, itself)
    shutil.copytree(here.root, tmp_path / "copy" / ".mfbench")
    with pytest.raises(UsageError, match="copy of this one"):
        merge(here, require(tmp_path / "copy"))
    (other.root / "workspace.json").write_text('{"format": 99, "id": "20261123-071512123-k3f9a"}')
    with pytest.raises(WorkspaceError, match="format 99"):
        merge(here, Workspace(other.root))


def test_hard_links_and_symbolic_links_there(here: Workspace, other: Workspace, tmp_path: Path) -> None:
    run = log_run(other, artifact=b"shared")
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    (other.run_folder(run) / "stolen").symlink_to(secret)
    (other.cache / f"{'a' * 64}.json").symlink_to(secret)
    merge(here, other)
    assert all("hunter2" not in path.read_text(errors="replace") for path in here.root.rglob("*") if path.is_file())


def test_cached_steps_come_with_their_outputs(project: Project, tmp_path: Path) -> None:
    project.json("run", "tiny.toml")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    second = Project(elsewhere)
    new_workspace(elsewhere)
    steps = len(list(project.workspace.cache.glob("*.json")))
    assert second.json("merge", str(project.folder))["cached"] == steps
    again = second.json("run", "tiny.toml")
    assert len(again["steps"]) > 3
    assert all(step["cached"] for step in again["steps"] if step["name"] != "register")


def test_a_cached_step_that_cannot_be_read_stays_there(here: Workspace, other: Workspace) -> None:
    (other.cache / f"{'a' * 64}.json").write_bytes(b'{"outputs": {"\xff": ["d", 1]}}')
    (other.cache / f"{'b' * 64}.json").write_bytes(b"[")
    assert merge(here, other)["cached"] == 0


def test_runs_that_come_are_seen_where_the_clock_stands_still(
    here: Workspace, other: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_run(other)
    assert stored(here)["runs"] == {}
    before = here.runs.stat().st_mtime_ns
    real = Path.rename

    def within_one_tick(path: Path, target: Path) -> Path:
        moved = real(path, target)
        if target.parent == here.runs:
            os.utime(here.runs, ns=(before, before))
        return moved

    monkeypatch.setattr(Path, "rename", within_one_tick)
    merge(here, other)
    assert stored(here) == expected(other)


def test_killed_before_each_of_its_steps_and_done_again(other: Workspace, tmp_path: Path) -> None:
    log_run(other)
    register(other)
    there, seen = holds(other), set()
    for target in killed_at_each_step(MERGE, tmp_path, other.root):
        seen.add(whole_so_far(target, there))
        merge(target, other)
        assert holds(target) == there
        assert len(merges(target)) == 1
    assert seen == {"nothing", "content", "runs", "all"}


def test_killed_at_random_moments_and_done_again(other: Workspace, tmp_path: Path) -> None:
    for number in range(40):
        log_run(other, f"r{number}", 5, os.urandom(200))
    register(other)
    there = holds(other)
    for target in killed_at_random(MERGE, tmp_path, other.root, times=10, seed=5):
        whole_so_far(target, there)
        merge(target, other)
        assert holds(target) == there
    assert stored(target) == expected(other)
