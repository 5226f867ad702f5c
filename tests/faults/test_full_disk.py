"""A disk of some megabytes that fills up while everything goes on: clear errors, and nothing acknowledged is lost.

As root on Linux it is a tmpfs. Elsewhere every file is limited in size instead, so that writes fail as well.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

from mfbench.care.doctor import examine
from mfbench.care.repair import mend
from mfbench.workspace.workspace import Workspace, create
from tests.faults import work
from tests.faults.checks import assert_exact, assert_nothing_lost
from tests.faults.processes import Children

Rounds = Callable[[int], range]


def _filled(folder: Path, left: int) -> Path:
    """A file that leaves so many bytes free."""
    ballast = folder / "ballast"
    free = shutil.disk_usage(folder).free
    ballast.write_bytes(bytes(max(0, free - left)))
    return ballast


def test_a_disk_that_fills_up_loses_nothing_acknowledged(
    small: tuple[Path, bool], tmp_path: Path, children: Children, chance: random.Random, rounds: Rounds
) -> None:
    folder, is_disk = small
    trouble = 0
    for number in rounds(8):
        workspace = create(folder / f"{number}")
        log, told = tmp_path / f"said-{number:04}", tmp_path / f"trouble-{number:04}"
        ballast = _filled(folder, int(10 ** chance.uniform(4.3, 6.3))) if is_disk else None
        limit = 0 if is_disk else int(10 ** chance.uniform(3.5, 5))
        words = str(workspace.root), str(log), str(told), f"{chance.random()}", limit
        for _ in range(2):
            children.start(work.fill, *words)
        children.wait_all()
        trouble += sum(len(path.read_text().split("\n")) - 1 for path in tmp_path.glob(f"{told.name}*"))
        if ballast:
            ballast.unlink()
        workspace = Workspace(workspace.root)
        mend(workspace)
        assert_nothing_lost(workspace, tmp_path.glob(f"{log.name}*"))
        left = {one.code for one in examine(workspace)}
        assert left <= {"run.lost", "run.empty", "workspace.disk", "journal.damaged"}, left
        assert_exact(workspace)
        shutil.rmtree(workspace.root)
    assert trouble, "the disk was never full"
