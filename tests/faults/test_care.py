"""What changes a workspace on purpose, killed at random points: a repair brings back what must be there."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mfbench.care.deletion import delete_runs
from mfbench.care.doctor import examine
from mfbench.care.exporting import export
from mfbench.care.gc import collect
from mfbench.care.repair import mend
from mfbench.journal.blobs import Blobs
from mfbench.journal.deletions import deletions
from mfbench.journal.ledger import read_ledger
from mfbench.journal.reader import read_events
from mfbench.registry.models import Registry
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace, create
from tests.care.histories import age, assert_whole, make_run, referred, register
from tests.care.parcels import log_run
from tests.faults import care_work
from tests.faults.checks import assert_exact, said
from tests.faults.processes import KILLED, Children

Rounds = Callable[[int], range]
FREE = 3  # runs that no model came from


def _history(folder: Path) -> Workspace:
    """Runs with content, a model of two versions, a deleted run, blobs that nobody needs, and a database; all old."""
    workspace = create(folder)
    for number in range(FREE):
        log_run(workspace, f"free{number}", points=40, artifact=b"artifact %d" % number)
    for number in range(2):
        register(workspace, make_run(workspace, [b"made %d" % number], steps=[f"step{number}"]), b"weights %d" % number)
    delete_runs(workspace, [log_run(workspace, "deleted", artifact=b"of the deleted")])
    Blobs(workspace.blobs).put(b"nobody's")
    Store(workspace).update()
    age(workspace)
    return workspace


@pytest.fixture
def old(tmp_path: Path) -> Workspace:
    (tmp_path / "old").mkdir()
    return _history(tmp_path / "old")


def _truth(workspace: Workspace) -> dict[str, Any]:
    """What no care may change: the events of every run, deleted or not; versions and aliases."""
    events = {}
    for base in (workspace.runs, workspace.root / "trash"):
        for folder in base.iterdir() if base.exists() else ():
            if (folder / "events").is_dir() and folder.name[0] != ".":
                events[folder.name] = [event for event in read_events(folder / "events") if event[2] != "header"]
    models = {
        name: ([(one.number, one.digest) for one in model.versions.values()], model.aliases)
        for name, model in Registry(workspace).models().items()
    }
    return {"events": events, "models": models}


@pytest.mark.parametrize(
    "task", [care_work.delete, care_work.restore, care_work.collect, care_work.seal, care_work.repair]
)
def test_killed_care_loses_nothing_and_is_finished_by_a_repair(
    task: Callable[[str], None],
    old: Workspace,
    tmp_path: Path,
    children: Children,
    chance: random.Random,
    rounds: Rounds,
) -> None:
    counted = Workspace(shutil.copytree(old.root, tmp_path / "counted"))
    calls = children.points(task, str(counted.root))
    truth = _truth(old)
    for number in rounds(5):
        workspace = Workspace(shutil.copytree(old.root, tmp_path / f"{number}"))
        at = chance.randrange(1, calls)
        assert children.wait(children.start(task, str(workspace.root), die_at=at)) == KILLED
        mend(workspace)
        assert examine(workspace) == [], f"killed at call {at} of {calls}"
        if task is care_work.collect:  # the trash was old enough to be emptied
            found, wanted = _truth(workspace), _truth(counted)
            assert found["models"] == wanted["models"]
            assert wanted["events"].items() <= found["events"].items() <= truth["events"].items()
        else:
            assert _truth(workspace) == truth, f"killed at call {at} of {calls}"
        for run in workspace.run_names():
            assert run not in deletions(read_ledger(workspace.ledger))
        assert_whole(workspace)
        assert_exact(workspace)
        task(str(workspace.root))  # and it can be done again
        assert examine(workspace) == []
        shutil.rmtree(workspace.root)


@pytest.mark.parametrize("task", [care_work.import_archive, care_work.merge])
def test_killed_imports_and_merges_are_whole_and_done_again(
    task: Callable[[str, str], None],
    old: Workspace,
    tmp_path: Path,
    children: Children,
    chance: random.Random,
    rounds: Rounds,
) -> None:
    given = str(old.root)
    if task is care_work.import_archive:
        given = str(tmp_path / "all.mfb")
        export(old, Path(given), old.run_names(), ["m:1", "m:2"])
    counted = create(tmp_path / "counted")
    calls = children.points(task, str(counted.root), given)
    for number in rounds(5):
        workspace = create(tmp_path / f"{number}")
        at = chance.randrange(1, calls)
        assert children.wait(children.start(task, str(workspace.root), given, die_at=at)) == KILLED
        mend(workspace)
        assert examine(workspace) == [], f"killed at call {at} of {calls}"
        referred(workspace)
        task(str(workspace.root), given)
        assert examine(workspace) == []
        assert_whole(workspace) if task is care_work.merge else referred(workspace)
        assert _truth(workspace) == _truth(counted)
        assert_exact(workspace)
        shutil.rmtree(workspace.root.parent)


def test_a_killed_export_leaves_no_archive_or_a_whole_one(
    old: Workspace, tmp_path: Path, children: Children, chance: random.Random, rounds: Rounds
) -> None:
    calls = children.points(care_work.export_all, str(old.root), str(tmp_path / "counted.mfb"))
    for number in rounds(6):
        target = tmp_path / f"{number}.mfb"
        at = chance.randrange(1, calls)
        assert children.wait(children.start(care_work.export_all, str(old.root), str(target), die_at=at)) == KILLED
        if target.exists():
            (tmp_path / f"in{number}").mkdir()
            care_work.import_archive(str(create(tmp_path / f"in{number}").root), str(target))
        care_work.export_all(str(old.root), str(target))
    assert examine(old) == []


def test_gc_beside_writers_that_store_and_register(
    workspace: Workspace, children: Children, chance: random.Random, rounds: Rounds
) -> None:
    """With an age of nothing gc takes whatever nobody refers to: what somebody claims just then has to come back."""
    log = workspace.root.parent / "said"
    count = len(rounds(20))
    words = str(workspace.root), str(log)
    writers = [children.start(care_work.register_runs, *words, f"{chance.random()}", count) for _ in "ab"]
    collector = children.start(care_work.collect_on, str(workspace.root), 0.05)
    for writer in writers:
        assert children.wait(writer) == 0
    (workspace.root / "stop").touch()
    assert children.wait(collector) == 0
    models = Registry(workspace).models()
    for _, _, name, digest in said([log]):
        assert digest in {one.digest for one in models[name].versions.values()}
    collect(workspace)
    assert examine(workspace) == []
    assert_whole(workspace)
    assert_exact(workspace)


def test_a_run_that_is_large_enough_is_sealed_at_all(old: Workspace) -> None:
    """What `care_work.seal` does is what it is meant to do: else its kills would prove nothing."""
    before = _truth(old)
    care_work.seal(str(old.root))
    assert len(list(old.runs.glob("*/events/sealed.parquet"))) == len(old.run_names())
    assert not list(old.runs.glob("*/events/*.jsonl"))
    assert _truth(old) == before
