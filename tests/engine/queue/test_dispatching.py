"""What waits is started in its order, as places become free, once, and whatever is killed meanwhile."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mfbench.api.workbench import Workbench
from mfbench.core import ids
from mfbench.core.errors import StoppedError, UsageError
from mfbench.engine.driver import Request
from mfbench.engine.launch import launch
from mfbench.engine.queue import claim
from mfbench.journal.blobs import Blobs
from mfbench.journal.segment import SegmentWriter
from mfbench.workspace.queue import LEADER, folder_of, is_led, path_of
from tests.children import kill, output, start
from tests.support import RECIPE, Project, until

LAUNCH = """
import sys, time
from mfbench.core.errors import StoppedError
from mfbench.engine.driver import Request
from mfbench.engine.launch import launch
try:
    made = launch(Request(recipe=sys.argv[1], workspace=sys.argv[2], queued=sys.argv[3]))
    print(made.run)
    made.close()
except StoppedError as error:
    print("refused:", error.message)
"""
DIES = """
import os, sys
import mfbench.engine.run as run
run.SegmentWriter = lambda *words, **more: os.kill(os.getpid(), 9)
from mfbench.engine.driver import Request
from mfbench.engine.launch import launch
launch(Request(recipe=sys.argv[1], workspace=sys.argv[2], queued=sys.argv[3]))
"""
HOLDS = """
import os, sys
from pathlib import Path
from mfbench.workspace.workspace import Workspace
holder = {"pid": os.getpid(), "host": os.uname().nodename, "leader": "driver"}
run, marker = Workspace(Path(sys.argv[1])).new_run(holder)
print(run, flush=True)
sys.stdin.read()
"""
ENQUEUES = """
import sys
from pathlib import Path
from mfbench.engine.queue import edit
from mfbench.workspace.workspace import Workspace
for number in range(5):
    edit.enqueue(Workspace(Path(sys.argv[2])), edit.checked(Path(sys.argv[1])), name=f"{sys.argv[3]}{number}")
"""


@pytest.fixture
def bench(project: Project) -> Iterator[Workbench]:
    found = Workbench.create(project.folder)
    yield found
    found.pause_queue()
    with suppress(OSError, ValueError):
        if is_led(found.workspace):
            os.kill(leader(found), signal.SIGKILL)
    for run in claim.running(found.workspace):
        found.stop(run)
    until(lambda: not claim.running(found.workspace))


def leader(bench: Workbench) -> int:
    return int(json.loads((folder_of(bench.workspace) / LEADER).read_bytes())["pid"])


def about(project: Project, run: str) -> dict[str, object]:
    found: dict[str, object] = project.events(run, "run.started")[0][0]
    return found


def tell(bench: Workbench, text: str) -> None:
    (bench.workspace.root / "config.toml").write_text(text, encoding="utf-8")


def reopened(bench: Workbench) -> Workbench:
    return Workbench.open(bench.workspace.root)


def test_in_their_order_one_at_a_time(bench: Workbench, project: Project) -> None:
    recipe = project.folder / "tiny.toml"
    bench.pause_queue()
    a, b, c = (bench.enqueue(recipe, name=name)["id"] for name in "abc")
    assert [entry["position"] for entry in bench.queued()] == [1, 2, 3]
    assert "paused" in bench.queue_status()["still"]
    bench.move_queued(c, first=True)
    bench.move_queued(a, before=b)
    assert [entry["name"] for entry in bench.queued()] == ["c", "a", "b"]
    assert project.runs() == []
    with pytest.raises(UsageError, match="paused"):
        bench.wait_queue()
    assert bench.start_queue()
    done = bench.wait_queue()
    assert [run["queued"] for run in done["runs"]] == [c, a, b]
    assert done["failed"] == []
    assert {run["status"] for run in done["runs"]} == {"finished"}
    ends = [project.events(run, "run.ended") for run in project.runs()]
    assert [about(project, run)["name"] for run in project.runs()] == ["c", "a", "b"]
    assert len(ends) == 3
    until(lambda: not is_led(bench.workspace))
    assert bench.queued() == []
    assert bench.queue_status()["still"] is None
    assert sorted(os.listdir(folder_of(bench.workspace))) == ["edit.lock"]


def test_a_place_is_waited_for(bench: Workbench, project: Project) -> None:
    tell(bench, "[queue]\nmax_parallel = 2\n")
    first, second = (start(HOLDS, bench.workspace.root) for _ in range(2))
    try:
        held = [child.stdout.readline().strip() for child in (first, second) if child.stdout]
        entry = bench.enqueue(project.folder / "tiny.toml")["id"]
        until(lambda: is_led(bench.workspace))
        with pytest.raises(StoppedError, match="max_parallel is 2"):  # nor by anybody else
            launch(Request(recipe=str(project.folder / "tiny.toml"), workspace=str(bench.workspace.root), queued=entry))
        status = reopened(bench).queue_status()
        assert (status["running"], status["max_parallel"], status["still"]) == (sorted(held), 2, None)
        assert sorted(project.runs()) == sorted(held)
        kill(first)
        until(lambda: len(project.runs()) == 3)
        [run] = set(project.runs()) - set(held)
        until(lambda: bool(project.events(run, "run.started")))
        assert about(project, run)["queued"] == entry
    finally:
        kill(second)
    assert bench.wait_queue()["failed"] == []


def test_two_at_a_time(bench: Workbench, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(bench, "[queue]\nmax_parallel = 2\n")
    monkeypatch.setenv("SLOW_SECONDS", "1")
    slow = "model.estimator=estimators.Slow"
    for seed in range(3):
        bench.enqueue(project.folder / "tiny.toml", overrides=[slow, f"run.seed={seed}"])
    seen = Counter[int]()

    def over() -> bool:
        seen[len(claim.running(bench.workspace))] += 1
        return len(project.runs()) == 3 and not claim.running(bench.workspace)

    until(over)
    assert max(seen) == 2
    assert [project.events(run, "run.ended")[0][0] for run in project.runs()] == ["finished"] * 3


def test_a_configuration_that_is_wrong_for_a_while_stops_nobody(bench: Workbench, project: Project) -> None:
    holder = start(HOLDS, bench.workspace.root)
    try:
        entry = bench.enqueue(project.folder / "tiny.toml")["id"]
        until(lambda: is_led(bench.workspace))
        tell(bench, "[queue]\nmax_parallel = \n")
        kill(holder)
        time.sleep(2)
        assert is_led(bench.workspace)
        tell(bench, "[queue]\nmax_parallel = 1\n")
        assert [entry["state"] for entry in bench.queued()] == ["waiting"]
        [run] = reopened(bench).wait_queue()["runs"]
        assert (run["queued"], run["status"]) == (entry, "finished")
    finally:
        kill(holder)


def test_a_pause_while_somebody_waits_is_kept(bench: Workbench, project: Project) -> None:
    holder = start(HOLDS, bench.workspace.root)
    try:
        bench.enqueue(project.folder / "tiny.toml")
        with pytest.raises(UsageError, match="paused"):
            bench.wait_queue(lambda _: bench.pause_queue())
        assert bench.queue_status()["paused"]
    finally:
        kill(holder)


def test_one_entry_is_one_run(bench: Workbench, project: Project) -> None:
    """Two drivers for one entry, as where a dispatcher was killed whose driver had not begun yet."""
    bench.pause_queue()
    entry = bench.enqueue(project.folder / "tiny.toml")["id"]
    folder_of(bench.workspace).joinpath("paused").unlink()
    tell(bench, "[queue]\nmax_parallel = 9\n")
    both = [start(LAUNCH, project.folder / "tiny.toml", bench.workspace.root, entry) for _ in range(2)]
    told = sorted(output(child).strip() for child in both)
    assert told[1] == f"refused: {entry} is not in the queue any more"
    assert project.runs() == [told[0]]
    assert bench.queued() == []
    until(lambda: bool(project.events(told[0], "run.ended")))


def test_the_dispatcher_is_killed_while_a_run_goes_on(
    bench: Workbench, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW_SECONDS", "2")
    slow = bench.enqueue(project.folder / "tiny.toml", overrides=["model.estimator=estimators.Slow"])["id"]
    after = bench.enqueue(project.folder / "tiny.toml")["id"]
    until(lambda: claim.running(bench.workspace) and all(entry["id"] != slow for entry in bench.queued()))
    os.kill(leader(bench), signal.SIGKILL)
    until(lambda: not is_led(bench.workspace))  # though the run that it started is alive
    assert claim.running(bench.workspace) == project.runs()
    assert "queue start" in bench.queue_status()["still"]
    assert [entry["id"] for entry in bench.queued()] == [after]
    assert bench.start_queue()
    assert not bench.start_queue()
    done = bench.wait_queue()
    assert [(run["queued"], run["status"]) for run in done["runs"]] == [(slow, "finished"), (after, "finished")]


def test_killed_again_and_again(bench: Workbench, project: Project) -> None:
    project.mfbench("run", "tiny.toml")  # from now on it is cached, and quick
    known = set(project.runs())
    bench.pause_queue()
    entries = [bench.enqueue(project.folder / "tiny.toml")["id"] for _ in range(6)]
    for delay in (0.0, 0.02, *(random.Random(7).uniform(0.05, 0.6) for _ in range(6))):
        if bench.start_queue():
            time.sleep(delay)
            with suppress(OSError, ValueError):
                os.kill(leader(bench), signal.SIGKILL)
            until(lambda: not is_led(bench.workspace))
    bench.wait_queue()
    runs = sorted(set(project.runs()) - known)
    begun = [about(project, run)["queued"] for run in runs if project.events(run, "run.started")]
    assert sorted(map(str, begun)) == entries
    assert bench.queued() == []


def test_a_driver_is_killed_in_the_moment_of_taking(bench: Workbench, project: Project) -> None:
    bench.pause_queue()
    entry = bench.enqueue(project.folder / "tiny.toml")["id"]
    folder_of(bench.workspace).joinpath("paused").unlink()
    child = start(DIES, project.folder / "tiny.toml", bench.workspace.root, entry)
    assert "died before the run began" in child.communicate(timeout=60)[1]
    [run] = project.runs()
    assert claim.taken(bench.workspace) == [(entry, run)]
    assert [(one["id"], one["state"]) for one in bench.queued()] == [(entry, "starting")]
    assert "queue start" in bench.queue_status()["still"]
    assert bench.start_queue()
    assert [(one["queued"], one["status"]) for one in bench.wait_queue()["runs"]] == [(entry, "finished")]
    assert len(project.runs()) == 2


def test_a_run_that_has_begun_is_not_started_again(bench: Workbench, project: Project) -> None:
    """Killed after its first event, before the entry was removed."""
    bench.pause_queue()
    entry = bench.enqueue(project.folder / "tiny.toml")["id"]
    run, marker = bench.workspace.new_run({"pid": os.getpid(), "host": os.uname().nodename, "leader": "driver"})
    path_of(bench.workspace, entry).rename(folder_of(bench.workspace) / f"{entry}.{run}")
    claim.recover(bench.workspace)
    assert claim.taken(bench.workspace) == [(entry, run)], "its driver lives"
    writer = SegmentWriter(bench.workspace.run_folder(run) / "events", "driver", run=run)
    writer.write("run.started", {"name": "n", "queued": entry})
    writer.close()
    os.close(marker)
    assert bench.queued() == []
    claim.recover(bench.workspace)
    assert claim.taken(bench.workspace) == []
    assert not bench.start_queue()
    assert project.runs() == [run]


def test_cancelled_while_it_is_checked(bench: Workbench, project: Project) -> None:
    bench.pause_queue()
    entry = bench.enqueue(project.folder / "tiny.toml")["id"]
    request = Request(recipe=str(project.folder / "tiny.toml"), workspace=str(bench.workspace.root), queued=entry)
    with pytest.raises(StoppedError, match="paused"):
        launch(request)
    assert bench.cancel_queued([entry[-5:]]) == [entry]
    folder_of(bench.workspace).joinpath("paused").unlink()
    with pytest.raises(StoppedError, match="not in the queue any more"):
        launch(request)
    assert project.runs() == []
    assert os.listdir(bench.workspace.live) == []


def test_what_runs_is_what_was_queued(bench: Workbench, project: Project) -> None:
    bench.pause_queue()
    path = project.recipe(RECIPE.replace('"tiny"', '"before"'), "old.toml")
    bench.enqueue(path, overrides=["run.seed=5"])
    path.write_text(RECIPE.replace('"tiny"', '"after"'), encoding="utf-8")
    bench.start_queue()
    bench.wait_queue()
    [first] = project.runs()
    assert about(project, first)["recipe"] == "before"
    assert about(project, first)["overrides"] == ["run.seed=5"]
    [digest] = [fields[1] for fields in project.events(first, "artifact") if fields[0] == "recipe.toml"]
    assert '"before"' in Blobs(bench.workspace.blobs).read(digest).decode()


def test_what_cannot_be_started_says_why_and_lets_the_others_by(bench: Workbench, project: Project) -> None:
    data = project.folder / "tiny.csv"
    broken = project.recipe(RECIPE.replace("tiny.csv", "later.csv"), "broken.toml")
    first = bench.enqueue(broken)["id"]
    second = bench.enqueue(project.folder / "tiny.toml")["id"]
    done = bench.wait_queue()
    assert [run["queued"] for run in done["runs"]] == [second]
    [entry] = bench.queued()
    assert (entry["id"], entry["state"], entry["position"]) == (first, "failed", None)
    assert "later.csv" in f"{entry['error']['message']} {entry['error']['where']} {entry['error']['hint']}"
    assert done["failed"] == [entry]
    assert bench.queue_status()["still"] is None
    (project.folder / "later.csv").write_bytes(data.read_bytes())
    assert bench.retry_queued([first]) == [first]
    assert [run["queued"] for run in bench.wait_queue()["runs"]] == [first]


def test_the_clock_was_set_back(bench: Workbench, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry's id is later than that of its run."""
    monkeypatch.setattr(ids, "_last", int((time.time() + 86_400) * 1000))
    bench.pause_queue()
    entry = bench.enqueue(project.folder / "tiny.toml")["id"]
    monkeypatch.undo()
    bench.start_queue()
    assert [run["queued"] for run in bench.wait_queue()["runs"]] == [entry]
    assert project.runs()[0] < entry


def test_two_who_queue_at_once(bench: Workbench, project: Project) -> None:
    bench.pause_queue()
    both = [start(ENQUEUES, project.folder / "tiny.toml", bench.workspace.root, word) for word in "ab"]
    for child in both:
        output(child)
    names = [entry["name"] for entry in bench.queued()]
    assert sorted(names) == sorted(f"{word}{number}" for word in "ab" for number in range(5))
    assert [name for name in names if name[0] == "a"] == [f"a{number}" for number in range(5)]


def test_two_dispatchers_at_once(bench: Workbench, project: Project) -> None:
    from mfbench.engine.launch import launch_dispatcher
    from mfbench.engine.queue.dispatcher import QueueRequest

    holding = start(HOLDS, bench.workspace.root)
    assert holding.stdout
    assert holding.stdout.readline()
    bench.enqueue(project.folder / "tiny.toml")
    led = leader(bench)
    launch_dispatcher(QueueRequest(workspace=str(bench.workspace.root))).close()  # it finds that it is not needed
    assert leader(bench) == led
    assert is_led(bench.workspace)
    bench.cancel_queued([entry["id"] for entry in bench.queued()])
    until(lambda: not is_led(bench.workspace))  # nothing waits: it has ended, though no place was free
    kill(holding)


def test_the_folder_of_who_queued_it_is_where_it_runs(bench: Workbench, project: Project, tmp_path: Path) -> None:
    code = project.folder / "estimators.py"
    told = "import os\nprint('works in', os.getcwd(), flush=True)\n"
    code.write_text(told + code.read_text(encoding="utf-8"), encoding="utf-8")
    place = tmp_path / "elsewhere"
    place.mkdir()
    here = Path.cwd()
    os.chdir(place)
    try:
        bench.enqueue(project.folder / "tiny.toml", overrides=["model.estimator=estimators.Slow", "run.timeout='20s'"])
    finally:
        os.chdir(here)
    until(lambda: any(f"works in {place}" in str(project.events(run, "log")) for run in project.runs()))
