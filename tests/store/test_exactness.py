"""The projection holds exactly what the journals hold, however it was interrupted."""

from __future__ import annotations

import os
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mfbench.journal.segment import SegmentWriter
from mfbench.store import batch, fold
from mfbench.store.engine import attached
from mfbench.store.store import Store
from mfbench.tracking.run import start_run
from mfbench.workspace.workspace import Workspace, create
from tests.children import kill, output, start
from tests.store.model import expected, stored


class Player:
    """Runs with several writers each, driven by drawn moves."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.runs: list[tuple[str, int, list[SegmentWriter]]] = []
        self.ended: set[str] = set()
        self.dead: set[str] = set()

    def play(self, move: tuple[Any, ...]) -> None:
        kind, at, *words = move
        if kind == "run" or not self.runs:
            run, marker = self.workspace.new_run({})
            writer = SegmentWriter(self.workspace.run_folder(run) / "events", "main", run=run)
            writer.write("run.started", {"name": f"n{at}", "tags": {"at": at}})
            self.runs.append((run, marker, [writer]))
            return
        run, marker, writers = self.runs[at % len(self.runs)]
        if run in self.ended & self.dead and kind not in ("fold", "forget"):
            return  # nobody is left who could write to it
        writer = writers[at % 7 % len(writers)]
        if kind == "writer":
            writers.append(SegmentWriter(self.workspace.run_folder(run) / "events", f"w{at % 3}", run=run))
        elif kind == "param":
            writer.write("param", words[0], words[1])
        elif kind == "m":
            writer.write("m", *words)
        elif kind == "batch":
            writer.write_many("m", words[0])
        elif kind == "torn":
            os.write(writer._descriptor, b'[0,0,"torn')
            writer._torn = True
        elif kind == "end":
            if run not in self.ended:
                writer.write("run.ended", words[0], None, None)
            self.ended.add(run)
        elif kind == "die":
            if run not in self.dead:
                os.close(marker)
            self.dead.add(run)
        elif kind == "fold":
            Store(self.workspace).update()
        elif kind == "forget":
            self.workspace.database.unlink(missing_ok=True)
        else:
            writer.write(kind, at)


keys = st.sampled_from(["loss", "auc", "f1"])
values = st.one_of(st.sampled_from(["nan", "inf", "-inf"]), st.floats(-1e6, 1e6))
point = st.tuples(keys, st.integers(-3, 5), values)
moves = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["run", "writer", "die", "torn", "step.started", "from.the.future"]), st.integers(0, 99)
        ),
        st.tuples(st.just("fold"), st.just(0)),
        st.tuples(st.just("forget"), st.just(0)),
        st.tuples(st.just("end"), st.integers(0, 99), st.sampled_from(["finished", "failed"])),
        st.tuples(st.just("param"), st.integers(0, 99), keys, st.text(max_size=5)),
        st.tuples(st.just("m"), st.integers(0, 99), keys, st.integers(-3, 5), values),
        st.tuples(st.just("m"), st.integers(0, 99), keys, st.integers(-3, 5), values, st.integers(0, 3)),
        st.tuples(st.just("batch"), st.integers(0, 99), st.lists(point, max_size=12)),
    ),
    max_size=30,
)  # fmt: skip


@given(moves, st.integers(1, 30), st.integers(40, 2000), st.integers(1, 5))
@settings(max_examples=16, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_any_interleaving_of_writers_and_folds(
    moves: list[tuple[Any, ...]], events: int, chunk: int, runs: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "EVENTS", events)
        patch.setattr(batch, "CHUNK", chunk)
        patch.setattr(batch, "RUNS", runs)
        player = Player(create(Path(folder)))
        for move in moves:
            player.play(move)
        first = stored(player.workspace)
        assert first == expected(player.workspace)
        player.workspace.database.unlink()
        assert stored(player.workspace) == first


FOLDER = """
import sys
from pathlib import Path
from mfbench.store import batch, fold
from mfbench.store.engine import attached
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace
batch.EVENTS, batch.CHUNK, batch.RUNS = 60, 1500, 3
import duckdb, mfbench.store.engine
print("ready", flush=True)
while True:
    Store(Workspace(Path(sys.argv[1]))).update()
"""

WRITER = """
import sys, time
from mfbench.tracking.run import start_run
chance = __import__("random").Random(int(sys.argv[2]))
count = 0
print("ready", flush=True)
deadline = time.monotonic() + float(sys.argv[3])
while time.monotonic() < deadline:
    run = start_run("w", workspace=sys.argv[1])
    run.log_params({"a": count})
    for step in range(chance.randrange(200)):
        run.log_metric("loss", chance.random(), step=chance.randrange(50))
        count += 1
        if step % 20 == 0:
            time.sleep(0.002)
    if chance.random() < 0.8:
        run.end()
print(count)
"""


def test_killed_folders_count_nothing_twice_and_nothing_less(workspace: Workspace) -> None:
    chance = random.Random(11)
    writers = [start(WRITER, workspace.root, str(seed), "5") for seed in range(2)]
    for kills in range(20):
        if kills == 10:  # half of them while everything is made anew
            workspace.database.unlink(missing_ok=True)
        folder = start(FOLDER, workspace.root)
        assert folder.stdout is not None
        assert folder.stdout.readline() == "ready\n", folder.communicate()
        time.sleep(chance.uniform(0, 0.12))
        assert folder.poll() is None, folder.communicate()
        kill(folder)
    points = sum(int(output(writer).split()[-1]) for writer in writers)
    found = stored(workspace)
    assert found["points"].total() == points
    assert found == expected(workspace)
    workspace.database.unlink()
    assert stored(workspace) == found


READER = """
import sys
from pathlib import Path
from mfbench.store.runs import list_runs
from mfbench.workspace.workspace import Workspace
seen = 0
print("ready", flush=True)
while not (Path(sys.argv[1]) / "stop").exists():
    rows, total = list_runs(Workspace(Path(sys.argv[1])), "metrics.loss >= 0 or status = 'running'", limit=5)
    assert total >= seen - 50 and len(rows) <= 5
    seen = total
print("read", flush=True)
"""


def test_readers_and_writers_at_once_meet_no_lock_error(workspace: Workspace) -> None:
    readers = [start(READER, workspace.root) for _ in range(3)]
    writers = [start(WRITER, workspace.root, str(seed), "2") for seed in range(3)]
    points = sum(int(output(writer).split()[-1]) for writer in writers)
    (workspace.root / "stop").touch()
    for reader in readers:
        assert output(reader).split() == ["ready", "read"]
    found = stored(workspace)
    assert found["points"].total() == points
    assert found == expected(workspace)


def test_a_reader_sees_what_was_written_before_it_asked_even_beside_a_hot_loop(workspace: Workspace) -> None:
    """The fold does not chase a writer that is about as fast as itself."""
    hot = """
import sys
from mfbench.tracking.run import start_run
run = start_run("hot", workspace=sys.argv[1])
print(run.id, flush=True)
for step in range(10_000_000):
    run.log_metric("loss", 0.5, step=step)
"""
    child = start(hot, workspace.root)
    try:
        assert child.stdout is not None
        run = child.stdout.readline().strip()
        path = workspace.run_folder(run) / "events" / "main-1.jsonl"
        for _ in range(2):
            before = path.read_bytes().count(b'"m"')
            (row,) = Store(workspace).rows("SELECT count(*) AS n FROM metrics")
            assert row["n"] >= before
            assert child.poll() is None
    finally:
        kill(child)


def test_a_batch_of_more_points_than_a_row_group_holds(workspace: Workspace) -> None:
    run = start_run("large", workspace=workspace.root)
    run.log_metrics([("loss", 0.5, step) for step in range(130_000)])
    run.end()
    rows = Store(workspace).rows("SELECT count(*) FILTER (value = 0.5) AS n, sum(step) AS steps FROM metrics")
    assert rows == [{"n": 130_000, "steps": sum(range(130_000))}]
    assert Store(workspace).rows("SELECT n, last, max FROM run_metrics") == [{"n": 130_000, "last": 0.5, "max": 0.5}]


def test_a_run_that_is_cut_between_batches_is_taken_up_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where nothing in `live/` says that there is more of it."""
    with start_run("long", workspace=workspace.root) as run:
        for step in range(40):
            run.log_metric("loss", 1.0, step=step)
    assert Store(workspace).rows("SELECT n FROM run_metrics") == [{"n": 40}]
    assert os.listdir(workspace.live) == []
    workspace.database.unlink()
    monkeypatch.setattr(batch, "EVENTS", 5)
    monkeypatch.setattr(batch, "CHUNK", 300)
    real, batches = fold.store, iter(range(3))

    def killed(*words: Any) -> None:
        if next(batches, None) is None:
            raise KeyboardInterrupt
        real(*words)

    with monkeypatch.context() as patch:
        patch.setattr("mfbench.store.store.store", killed)
        with pytest.raises(KeyboardInterrupt):
            Store(workspace).update()
    with attached(workspace.database, read_only=True) as con:
        ((n,),) = con.execute("SELECT count(*) FROM metrics").fetchall()
    assert 0 < n < 40
    assert Store(workspace).rows("SELECT n FROM run_metrics") == [{"n": 40}]


def test_a_cut_before_one_segment_forgets_nothing_of_another(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = workspace.new_run({})
    first, second = (SegmentWriter(workspace.run_folder(run) / "events", name, run=run) for name in "ab")
    for writer in (first, second):
        writer.write_many("m", [("loss", step, 1.0) for step in range(10)])
    Store(workspace).update()
    monkeypatch.setattr(batch, "EVENTS", 5)
    monkeypatch.setattr(batch, "CHUNK", 300)
    first.write_many("m", [("loss", step, 1.0) for step in range(30)])
    assert Store(workspace).rows("SELECT n FROM run_metrics") == [{"n": 50}]
    assert stored(workspace) == expected(workspace)
