"""A workspace that is copied while runs write and folds go on."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from mfbench.care.doctor import examine
from mfbench.care.repair import mend
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace
from tests.faults import work
from tests.faults.checks import assert_exact
from tests.faults.processes import Children
from tests.store.model import differences, expected, stored

Rounds = Callable[[int], range]
# Of a run that was alive, or whose start, end or content was written while its folder was read. All of it is what a
# killed leader leaves too.
ALLOWED = {"run.lost", "run.empty", "run.marker", "workspace.folder"}
# The database was copied while it was written, or journals before it.
MENDED = {"database.damaged", "database.differs", "journal.cut", "journal.missing"}


def _copy(source: Path, target: Path, chance: random.Random) -> None:
    """File by file in an odd order, some files in two halves; what goes away meanwhile is left out."""
    target.mkdir()
    names = sorted(os.listdir(source))
    chance.shuffle(names)
    for name in names:
        try:
            if (source / name).is_dir():
                _copy(source / name, target / name, chance)
            else:
                shutil.copy2(source / name, target / name)
        except FileNotFoundError:
            continue


def test_a_copy_made_while_runs_write_is_usable(
    workspace: Workspace, tmp_path: Path, children: Children, chance: random.Random, rounds: Rounds
) -> None:
    log = tmp_path / "said"
    words = str(workspace.root), str(log)
    children.start(work.fold_on, str(workspace.root), 500, 1 << 16, 20)
    for number in rounds(4):
        seconds = 0.2 + 0.4 * chance.random()
        writers = [children.start(work.write_runs, *words, f"{chance.random()}", seconds) for _ in range(2)]
        copy = Workspace(tmp_path / f"{number}" / ".mfbench")
        copy.root.parent.mkdir()
        _copy(workspace.root, copy.root, chance)
        assert Store(copy).rebuild() == len(copy.run_names()) if chance.random() < 0.3 else True
        found = {one.code for one in examine(copy)}
        assert found <= ALLOWED | MENDED | {"blob.missing"}, found
        mend(copy)
        found = {one.code for one in examine(copy)}
        assert found <= {"blob.missing"}, found
        there, wanted = stored(copy), expected(copy)
        assert there == wanted, differences(there, wanted)
        children.wait(children.start(work.write_runs, str(copy.root), str(tmp_path / "aside"), f"{number}", 0.2))
        assert_exact(copy)
        for writer in writers:
            children.wait(writer)
        shutil.rmtree(copy.root.parent)
    (workspace.root / "stop").touch()
    children.wait_all()
    assert_exact(workspace)
