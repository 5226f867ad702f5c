"""Folders and readers that are killed, and a database that is taken away under them."""

from __future__ import annotations

import random
import shutil
import tarfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from mfbench.care.doctor import examine
from mfbench.care.repair import mend
from mfbench.core.errors import DamageError
from mfbench.store.engine import attached
from mfbench.store.store import Store
from mfbench.tracking.run import start_run
from mfbench.workspace.workspace import Workspace
from tests.faults import work
from tests.faults.checks import assert_exact, assert_nothing_lost
from tests.faults.processes import KILLED, Children
from tests.store.model import expected, stored
from tests.store.test_migrate import KEPT

Rounds = Callable[[int], range]


@pytest.mark.parametrize("task", [work.fold, work.fold_from_cold, work.rebuild])
def test_folders_killed_in_every_phase(
    task: Callable[[str], None], workspace: Workspace, children: Children, chance: random.Random, rounds: Rounds
) -> None:
    """At a call that touches a file or the database, or at any instant; each goes on from what the last has left."""
    log = workspace.root.parent / "said"
    for number in rounds(10):
        seconds = 0.1 + 0.1 * chance.random()
        writer = children.start(work.write_runs, str(workspace.root), str(log), f"{chance.random()}", seconds)
        children.wait(writer)
        if number % 4 == 3 and task is work.fold:
            before = stored(workspace)  # all is folded, so that there is something old as well
            assert before == expected(workspace)
        at = int(10 ** chance.uniform(0, 3.3))
        children.wait(children.start(task, str(workspace.root), die_at=at))
        folder = children.start(task, str(workspace.root))
        time.sleep(chance.random() * 0.25)
        children.kill(folder)
    assert children.killed > len(rounds(10))
    assert_nothing_lost(workspace, [log])
    assert [one.code for one in examine(workspace) if one.code not in ("run.lost", "run.empty")] == []
    assert_exact(workspace)


def test_migrations_killed_in_every_phase(
    tmp_path: Path, children: Children, chance: random.Random, rounds: Rounds
) -> None:
    with tarfile.open(KEPT / "v1.tar.gz") as archive:
        archive.extractall(tmp_path / "kept", filter="data")
    counted = Workspace(shutil.copytree(tmp_path / "kept", tmp_path / "counted") / ".mfbench")
    calls = children.points(work.fold, str(counted.root))
    findings = examine(counted)  # it was kept without its content
    for number in rounds(15):
        workspace = Workspace(shutil.copytree(tmp_path / "kept", tmp_path / f"{number}") / ".mfbench")
        at = chance.randrange(1, calls)
        assert children.wait(children.start(work.fold, str(workspace.root), die_at=at)) == KILLED
        assert stored(workspace) == expected(workspace), f"killed at call {at}"
        assert examine(workspace) == findings
        shutil.rmtree(workspace.root.parent)


def test_a_log_that_was_left_and_is_torn_or_flipped_costs_nothing(
    workspace: Workspace, children: Children, chance: random.Random, rounds: Rounds
) -> None:
    log = workspace.root.parent / "said"
    wal = workspace.root / "store.duckdb.wal"
    for number in rounds(8):
        writer = children.start(work.write_runs, str(workspace.root), str(log), f"{chance.random()}", 0.2)
        children.wait(writer)
        children.wait(children.start(work.fold_and_die, str(workspace.root), chance.randint(1, 3)))
        if not wal.exists() or not wal.stat().st_size:
            continue
        content = bytearray(wal.read_bytes())
        at = chance.randrange(len(content))
        if number % 2:
            wal.write_bytes(content[:at])
        else:
            content[at] ^= 1 << chance.randrange(8)
            wal.write_bytes(content)
        try:
            found = stored(workspace)
        except DamageError:
            mend(workspace)
            found = stored(workspace)
        assert found == expected(workspace), f"round {number}: byte {at} of {len(content)}"
    assert_nothing_lost(workspace, [log])
    assert_exact(workspace)


def test_readers_are_killed_and_hold_long_queries(
    workspace: Workspace, children: Children, chance: random.Random, rounds: Rounds
) -> None:
    log = workspace.root.parent / "said"
    seconds = 4.0 * len(rounds(10)) / 10
    writer = children.start(work.write_runs, str(workspace.root), str(log), f"{chance.random()}", seconds)
    lasting = [children.start(work.read_on, str(workspace.root), 0.3) for _ in range(2)]
    folder = children.start(work.fold_on, str(workspace.root), 2000, 1 << 20, 100)
    for _ in rounds(20):
        reader = children.start(work.read_on, str(workspace.root), 0.3)
        holder = children.start(work.hold_a_query, str(workspace.root), chance.random())
        time.sleep(chance.random() * 0.2)
        children.kill(reader)
        if chance.random() < 0.5:
            children.kill(holder)
    children.wait(writer)
    (workspace.root / "stop").touch()
    for child in (*lasting, folder):
        assert children.wait(child) == 0
    assert_nothing_lost(workspace, [log])
    assert_exact(workspace)


def test_the_database_is_deleted_under_readers_and_folders(
    workspace: Workspace, children: Children, chance: random.Random, rounds: Rounds
) -> None:
    log = workspace.root.parent / "said"
    seconds = 3.0 * len(rounds(10)) / 10
    writer = children.start(work.write_runs, str(workspace.root), str(log), f"{chance.random()}", seconds)
    sizes = 2000, 1 << 20, 100
    others = [children.start(work.read_on, str(workspace.root), less=True) for _ in range(2)]
    others.append(children.start(work.fold_on, str(workspace.root), *sizes))
    while writer.is_alive():
        time.sleep(chance.random() * 0.3)
        for name in chance.choice([["store.duckdb"], ["store.duckdb"], ["store.duckdb", "store.duckdb.wal"]]):
            (workspace.root / name).unlink(missing_ok=True)
    children.wait(writer)
    (workspace.root / "stop").touch()
    for child in others:
        assert children.wait(child) == 0
    assert_nothing_lost(workspace, [log])
    assert_exact(workspace)


@pytest.mark.parametrize("at", range(8))
def test_a_database_that_goes_away_before_it_is_opened_is_made_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Deleted after somebody has seen it, and before the file is opened for the first, second, third … time."""
    run = start_run("read", workspace=workspace.root)
    run.log_metric("loss", 1.0)
    if at % 2:
        Store(workspace).update()
        run.log_metric("loss", 2.0)
    seen = count()

    def deleting(path: Path, **how: Any) -> Any:
        if next(seen) == at:
            path.unlink(missing_ok=True)
        return attached(path, **how)

    monkeypatch.setattr("mfbench.store.store.attached", deleting)
    assert Store(workspace).rows("SELECT count(*) AS n FROM metrics") == [{"n": 1 + at % 2}]
    assert_exact(workspace)
    run.end()


def test_lock_files_are_deleted_under_readers_and_folders(
    workspace: Workspace, children: Children, chance: random.Random, rounds: Rounds
) -> None:
    """Then nothing keeps them apart but DuckDB's own lock: an error is no shame, a wrong answer at the end is."""
    log = workspace.root.parent / "said"
    seconds = 3.0 * len(rounds(10)) / 10
    writer = children.start(work.write_runs, str(workspace.root), str(log), f"{chance.random()}", seconds)
    sizes = 2000, 1 << 20, 100
    others = [children.start(work.tolerant, work.read_on, str(workspace.root), less=True) for _ in range(2)]
    others += [children.start(work.tolerant, work.fold_on, str(workspace.root), *sizes) for _ in range(2)]
    others.append(children.start(work.tolerant, work.rebuild_on, str(workspace.root), *sizes))
    while writer.is_alive():
        time.sleep(chance.random() * 0.2)
        for name in ("store.duckdb", "store.lock", "fold.lock"):
            if chance.random() < 0.5:
                (workspace.root / name).unlink(missing_ok=True)
    children.wait(writer)
    (workspace.root / "stop").touch()
    for child in others:
        assert children.wait(child) == 0
    mend(workspace)
    assert_nothing_lost(workspace, [log])
    assert_exact(workspace)


def test_two_processes_make_the_database_anew_at_once(
    workspace: Workspace, children: Children, chance: random.Random, rounds: Rounds
) -> None:
    log = workspace.root.parent / "said"
    seconds = 0.6 * len(rounds(10)) / 10
    writer = children.start(work.write_runs, str(workspace.root), str(log), f"{chance.random()}", seconds)
    others = [children.start(work.rebuild_on, str(workspace.root)) for _ in range(2)]
    others.append(children.start(work.read_on, str(workspace.root)))
    children.wait(writer)
    (workspace.root / "stop").touch()
    for child in others:
        assert children.wait(child) == 0
    assert Store(workspace).rebuild() == len(workspace.run_names())
    assert_nothing_lost(workspace, [log])
    assert_exact(workspace)
