"""What the children of the fault suite do that look after a workspace."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

from mfbench.care import exporting, gc, importing, merging
from mfbench.care.deletion import delete_runs, deleted_runs, restore_runs
from mfbench.care.repair import mend
from mfbench.journal import sealing
from mfbench.registry.models import Registry
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace
from tests.care.histories import make_run, register
from tests.faults.work import Said, until_stopped


def delete(root: str) -> None:
    """Every run that no model came from."""
    workspace = Workspace(Path(root))
    used = {one.run for model in Registry(workspace).models().values() for one in model.versions.values()}
    if runs := sorted(set(workspace.run_names()) - used):
        delete_runs(workspace, runs)
    Store(workspace).update()


def restore(root: str) -> None:
    workspace = Workspace(Path(root))
    if gone := [row["run"] for row in deleted_runs(workspace)]:
        restore_runs(workspace, gone)
    Store(workspace).update()


def collect(root: str) -> None:
    gc.collect(Workspace(Path(root)))


def collect_on(root: str, age: float) -> None:
    until_stopped(root, lambda workspace: gc.collect(workspace, older_than=age))


def seal(root: str) -> None:
    workspace = Workspace(Path(root))
    for run in sorted(workspace.run_names()):
        sealing.seal(workspace.run_folder(run) / "events")
    Store(workspace).update()


def repair(root: str) -> None:
    """Of a workspace with a database that is none, and a deletion that was killed before its move."""
    workspace = Workspace(Path(root))
    (workspace.root / "store.duckdb").write_bytes(b"no database")
    for folder in (workspace.root / "trash").iterdir():  # as a deletion that was killed before its move
        if (folder / "events").is_dir():
            folder.rename(workspace.runs / folder.name)
    mend(workspace)


def import_archive(root: str, path: str) -> None:
    importing.import_archive(Workspace(Path(root)), Path(path))


def merge(root: str, other: str) -> None:
    merging.merge(Workspace(Path(root)), Workspace(Path(other)))


def export_all(root: str, path: str) -> None:
    workspace = Workspace(Path(root))
    models = [one.name for model in Registry(workspace).models().values() for one in model.versions.values()]
    exporting.export(workspace, Path(path), workspace.run_names(), models, force=True)


def register_runs(root: str, log: str, seed: str, count: int) -> None:
    """Artifacts and models whose content others use too, and which nobody referred to a moment ago."""
    workspace, said, chance = Workspace(Path(root)), Said(log), random.Random(seed)
    for _ in range(count):
        run = make_run(workspace, [b"content %d" % chance.randrange(5)], steps=[f"step{chance.randrange(5)}"])
        name = f"m{os.getpid()}"
        digest = register(workspace, run, b"weights %d" % chance.randrange(5), name)
        said("model", run, name, digest)
        time.sleep(chance.random() * 0.05)
