"""Writers that are killed: what was acknowledged stays, whatever happens to whom."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from mfbench.workspace.workspace import Workspace
from tests.faults import work
from tests.faults.checks import assert_exact, assert_nothing_lost
from tests.faults.processes import Children

Rounds = Callable[[int], range]


def test_killed_writers_lose_nothing_that_was_acknowledged(
    workspace: Workspace, children: Children, chance: random.Random, rounds: Rounds
) -> None:
    logs = workspace.root.parent / "logs"
    logs.mkdir()
    folder = children.start(work.fold_on, str(workspace.root), 200, 1500, 20)
    for number in rounds(10):
        words = [(str(workspace.root), str(logs / f"{number}-{at}"), f"{chance.random()}", 9.0) for at in range(6)]
        dies = [chance.choice([0, 0, chance.randrange(1, 2000)]) for _ in words]
        writers = [children.start(work.write_runs, *each, die_at=at) for each, at in zip(words, dies, strict=True)]
        for writer in writers:
            time.sleep(chance.random() * 0.06)
            children.kill(writer)
    (workspace.root / "stop").touch()
    assert children.wait(folder) == 0
    assert children.killed == 6 * len(rounds(10))
    assert assert_nothing_lost(workspace, logs.iterdir()) > 1000 * len(rounds(10)) / 10
    assert_exact(workspace)


def test_eight_writers_four_readers_and_two_folders_at_once(
    workspace: Workspace, children: Children, chance: random.Random, rounds: Rounds
) -> None:
    logs = workspace.root.parent / "logs"
    logs.mkdir()
    seconds = 3.0 * len(rounds(10)) / 10
    others = [children.start(work.read_on, str(workspace.root)) for _ in range(4)]
    others += [children.start(work.fold_on, str(workspace.root), 5000, 1 << 20, 100) for _ in range(2)]
    for number in range(8):
        words = str(workspace.root), str(logs / str(number)), f"{chance.random()}", seconds
        others.append(children.start(work.write_runs, *words))
    for child in others[6:]:
        assert children.wait(child) == 0
    (workspace.root / "stop").touch()
    for child in others[:6]:
        assert children.wait(child) == 0
    assert assert_nothing_lost(workspace, logs.iterdir()) > 1000
    assert_exact(workspace)
