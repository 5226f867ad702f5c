"""kill -9 in the middle of passes: no window is judged twice, none is lost, no alert is lost."""

from __future__ import annotations

import json
import random
import sys
import time

import pytest

from mfbench.journal.ledger import read_ledger
from mfbench.monitoring import keeping
from mfbench.monitoring.watch import Monitor
from tests import children
from tests.monitoring.conftest import rows
from tests.support import Project

PASSES = """
import os, sys
from mfbench.monitoring.watch import Monitor
from mfbench.workspace.workspace import Workspace
with Monitor(Workspace(__import__("pathlib").Path(sys.argv[1]) / ".mfbench"), "shop", sys.argv[1] + "/incoming") as one:
    print("ready", flush=True)
    while sys.stdin.readline():
        done = one.once()
        print(len(done.windows), flush=True)
"""
DIES = """
import os, sys
from pathlib import Path
from mfbench.journal.ledger import LedgerWriter
from mfbench.monitoring import channels, keeping, watch
from mfbench.workspace.workspace import Workspace

def dies(owner, name, after):
    old = getattr(owner, name)
    def instead(*words, **more):
        if after:
            old(*words, **more)
        os.kill(os.getpid(), 9)
    setattr(owner, name, instead)

owner, name, after = sys.argv[2:]
dies(eval(owner), name, after == "after")
with watch.Monitor(Workspace(Path(sys.argv[1]) / ".mfbench"), "shop", sys.argv[1] + "/incoming") as one:
    one.once()
"""
POINTS = [("keeping", "keep", "before", 1), ("LedgerWriter", "append", "before", 1), ("keeping", "keep", "after", 1),
          ("channels", "send", "after", 2), ("channels", "_enter", "after", 1)]  # fmt: skip
ALERT = "import sys; open('alerts.jsonl', 'a').write(sys.stdin.read() + chr(10))"


def test_passes_that_are_killed_lose_nothing_and_repeat_nothing(project: Project) -> None:
    chance = random.Random(5)
    with (project.workspace.root / "config.toml").open("a") as file:
        file.write(f"[monitor]\nalerts = [{{ command = ['{sys.executable}', '-c', \"{ALERT}\"] }}]\n")
    killed = 0
    for number in range(5):
        shift = 2.0 if number >= 2 else 0.0
        path = project.folder / "incoming" / f"{number}.parquet"
        rows(900, 20 + number, shift=shift).drop("bought").write_parquet(path)
        child = children.start(PASSES, project.folder)
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.stdin.write("go\n")
        child.stdin.flush()
        time.sleep(chance.uniform(0.0, 0.9))
        killed += not children.kill(child)
    child = children.start(PASSES, project.folder)
    out, err = child.communicate("go\ngo\n", timeout=60)
    assert child.returncode == 0, err
    assert out.splitlines()[-1] == "0"
    assert killed > 0
    names = [window.name for row in reversed(keeping.reports(project.workspace))
             for window in keeping.find(project.workspace, row["id"]).windows]  # fmt: skip
    assert names == [f"rows {1 + 800 * i:,} to {800 * (i + 1):,}" for i in range(5)]
    alerts = [json.loads(line)["id"] for line in (project.folder / "alerts.jsonl").read_text().splitlines()]
    sent = [entry.body["id"] for entry in read_ledger(project.workspace.ledger) if entry.kind == "drift.alert"]
    assert sent
    assert set(sent) == set(alerts)
    assert len(sent) == len(set(sent))
    assert all(alerts.count(one) <= 3 for one in alerts)
    assert sum(one.endswith("open." + one.split(".")[0]) for one in set(alerts)) == 1


@pytest.mark.parametrize(("owner", "name", "when", "alerts"), POINTS)
def test_a_pass_that_is_killed_at_this_point_is_made_good_by_the_next(
    project: Project, owner: str, name: str, when: str, alerts: int
) -> None:
    with (project.workspace.root / "config.toml").open("a") as file:
        file.write(f"[monitor]\nalerts = [{{ command = ['{sys.executable}', '-c', \"{ALERT}\"] }}]\n")
    rows(1700, 20, shift=2.0).drop("bought").write_parquet(project.folder / "incoming" / "a.parquet")
    child = children.start(DIES, project.folder, owner, name, when)
    child.communicate(timeout=60)
    assert child.returncode == -9
    with Monitor(project.workspace, "shop", project.folder / "incoming") as one:
        one.once()
        one.once()
    (row,) = keeping.reports(project.workspace)
    assert (row["windows"], row["rows"]) == (2, 1600)
    told = (project.folder / "alerts.jsonl").read_text().splitlines()
    assert len(told) == alerts
    assert len({json.loads(line)["id"] for line in told}) == 1
    sent = [entry for entry in read_ledger(project.workspace.ledger) if entry.kind == "drift.alert"]
    assert [entry.body["ok"] for entry in sent] == [True]
