"""Opening, rebuilding, living beside other processes; what becomes of runs that are gone."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mfbench.core.errors import DamageError, StoreBusyError, UsageError
from mfbench.journal.ledger import open_ledger
from mfbench.journal.line import encode_line
from mfbench.store.engine import attached
from mfbench.store.runs import list_runs, show_run
from mfbench.store.store import Store
from mfbench.tracking.run import Run, start_run
from mfbench.workspace.workspace import Workspace, create
from tests.children import kill, output, run, start


def _run(workspace: Workspace, name: str = "r", end: bool = True, **metrics: float) -> Run:
    run = start_run(name, workspace=workspace.root)
    run.log_params({"lr": 0.1})
    if metrics:
        run.log_metrics(metrics)
    if end:
        run.end()
    return run


def _status(workspace: Workspace, run: str) -> Any:
    return {row["run"]: row["status"] for row in list_runs(workspace)[0]}[run]


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_empty_workspace_has_no_runs(workspace: Workspace) -> None:
    assert list_runs(workspace) == ([], 0)


@pytest.mark.parametrize("name", ["with space", "ünïcödé 日本", "quo'te \"s", "semi;colon --"])
def test_folder_names_are_only_names(tmp_path: Path, name: str) -> None:
    workspace = create(tmp_path / name)
    _run(workspace)
    assert list_runs(workspace)[1] == 1


def test_a_run_is_seen_from_its_first_event(workspace: Workspace) -> None:
    run = _run(workspace, end=False, loss=0.5)
    ((row,), total) = list_runs(workspace)
    assert total == 1
    assert (row["run"], row["status"], row["ended"], row["metrics"]) == (run.id, "running", None, {"loss": 0.5})
    run.log_metric("loss", 0.25)
    assert list_runs(workspace)[0][0]["metrics"] == {"loss": 0.25}
    run.end()
    ((row,), _) = list_runs(workspace)
    assert row["status"] == "finished"
    assert row["ended"] > row["started"]


DIES = """
import os, sys
from mfbench.tracking.run import start_run
run = start_run("dies", workspace=sys.argv[1])
run.log_metric("loss", 1.0)
print(run.id, flush=True)
sys.stdin.read()
"""


def test_a_killed_run_is_lost_and_nobody_writes_that_into_its_journal(workspace: Workspace) -> None:
    child = start(DIES, workspace.root)
    assert child.stdout is not None
    run = child.stdout.readline().strip()
    assert _status(workspace, run) == "running"
    before = _bytes(workspace.runs)
    kill(child)
    for _ in range(2):
        assert _status(workspace, run) == "lost"
    assert list_runs(workspace, "status = 'lost'")[1] == 1
    assert _bytes(workspace.runs) == before
    workspace.database.unlink()
    assert _status(workspace, run) == "lost"


def test_a_process_that_forgets_the_end_leaves_a_lost_run(workspace: Workspace) -> None:
    child = start(DIES, workspace.root)
    run = output(child).strip()  # its stdin is closed: it ends well, without `end`
    assert _status(workspace, run) == "lost"


def test_a_run_that_died_before_its_first_event_is_lost(workspace: Workspace) -> None:
    run, marker = workspace.new_run({})
    assert _status(workspace, run) == "running"
    os.close(marker)
    assert _status(workspace, run) == "lost"
    assert show_run(workspace, run)["name"] is None


def test_a_marker_whose_maker_died_at_once_is_no_run(workspace: Workspace) -> None:
    (workspace.live / "20260101-000000000-aaaaa").write_text("{}")
    assert list_runs(workspace) == ([], 0)


def test_a_lost_run_costs_no_fold_at_each_look(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its marker stays, and so may a line that was torn when it died."""
    run = output(start(DIES, workspace.root)).strip()
    with (workspace.run_folder(run) / "events" / "main-1.jsonl").open("ab") as stream:
        stream.write(b'[9,9,"torn')
    live = _run(workspace, end=False)
    list_runs(workspace)
    monkeypatch.setattr(Store, "update", lambda *_: pytest.fail("nothing is new"))
    assert {row["status"] for row in list_runs(workspace)[0]} == {"lost", "running"}
    monkeypatch.undo()
    live.log_metric("loss", 1)
    assert any(row["metrics"] for row in list_runs(workspace)[0])


def test_a_marker_goes_only_when_the_end_is_safely_stored(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _run(workspace)
    marker = workspace.live / run.id
    assert marker.exists()

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("mfbench.store.store.store", broken)
        with pytest.raises(KeyboardInterrupt):
            list_runs(workspace)
        assert marker.exists()
    with monkeypatch.context() as patch:  # stored, then killed before it tidied up
        patch.setattr(Path, "unlink", lambda _, **__: None)
        assert _status(workspace, run.id) == "finished"
        assert marker.exists()
    assert _status(workspace, run.id) == "finished"
    assert not marker.exists()


def test_events_of_a_child_that_outlives_the_end_are_stored(workspace: Workspace) -> None:
    code = """
import os, sys
from mfbench.tracking.run import start_run
run = start_run("parent", workspace=sys.argv[1])
pid = os.fork()
if pid == 0:
    sys.stdin.readline()
    run.log_metric("late", 1.0)
    os._exit(0)
run.end()
print("ended", flush=True)
os.wait()
"""
    child = start(code, workspace.root)
    assert child.stdout is not None
    child.stdout.readline()
    ((row,), _) = list_runs(workspace)
    assert (row["status"], row["metrics"]) == ("finished", {})
    assert os.listdir(workspace.live)
    output(child)
    assert list_runs(workspace)[0][0]["metrics"] == {"late": 1.0}
    assert os.listdir(workspace.live) == []


def test_a_deleted_database_comes_back_as_it_was(workspace: Workspace) -> None:
    for number in range(3):
        _run(workspace, f"n{number}", loss=number)
    with open_ledger(workspace.ledger) as ledger:
        ledger.append("model.version", {"model": "m", "version": 1, "digest": "d", "run": "r", "metrics": {}})
    everything = {
        view: Store(workspace).rows(f"SELECT * FROM {view} ORDER BY ALL")
        for view in ("runs", "metrics", "params", "run_metrics", "events", "models", "ledger")
    }
    assert all(everything.values())
    workspace.database.unlink()
    for view, rows in everything.items():
        assert Store(workspace).rows(f"SELECT * FROM {view} ORDER BY ALL") == rows


def test_what_a_deleted_database_left_behind_does_no_harm(workspace: Workspace) -> None:
    """The log of another database beside a new one, and a half-made new one."""
    _run(workspace)
    list_runs(workspace)
    code = """
import os, sys, duckdb
con = duckdb.connect(sys.argv[1])
con.execute("DELETE FROM run_rows")
os._exit(9)
"""
    child = start(code, workspace.database)
    child.communicate()
    log = workspace.root / "store.duckdb.wal"
    assert log.exists()
    workspace.database.unlink()
    (workspace.root / "store.duckdb.new").write_bytes(b"half")
    assert list_runs(workspace)[1] == 1
    assert sorted(path.name for path in workspace.root.glob("store.duckdb*")) == ["store.duckdb"]


def test_a_database_without_tables_is_made_anew(workspace: Workspace) -> None:
    duckdb.connect(str(workspace.database)).close()
    _run(workspace)
    assert list_runs(workspace)[1] == 1


def _schema(workspace: Workspace, text: str) -> None:
    with attached(workspace.database, read_only=False) as con:
        con.execute("UPDATE meta SET value = ? WHERE key = 'schema'", [text])


def test_a_database_of_an_earlier_schema_is_made_anew(workspace: Workspace) -> None:
    _run(workspace)
    list_runs(workspace)
    with attached(workspace.database, read_only=False) as con:
        con.execute("DROP VIEW runs")
    _schema(workspace, "0 old")
    assert list_runs(workspace)[1] == 1


def test_a_database_of_a_later_program_is_refused_and_left_alone(workspace: Workspace) -> None:
    _run(workspace)
    list_runs(workspace)
    _schema(workspace, "99 new")
    before = workspace.database.read_bytes()
    with pytest.raises(UsageError, match="schema 99, known is 4"):
        list_runs(workspace)
    assert workspace.database.read_bytes() == before


@pytest.mark.parametrize("size", [0, 1, 5000, 100_000])
def test_a_cut_database_gives_one_clear_error(workspace: Workspace, size: int) -> None:
    _run(workspace)
    list_runs(workspace)
    os.truncate(workspace.database, size)
    for _ in range(2):
        with pytest.raises(DamageError, match="mfbench doctor --repair") as caught:
            list_runs(workspace)
        assert caught.value.where == str(workspace.database)
    workspace.database.unlink()
    assert list_runs(workspace)[1] == 1


def test_flipped_bytes_in_the_database_never_give_a_wrong_answer(workspace: Workspace) -> None:
    for number in range(3):
        _run(workspace, loss=number)
    good = list_runs(workspace)
    content = workspace.database.read_bytes()
    chance = random.Random(3)
    seen = {"right": 0, "told": 0}
    for _ in range(40):
        broken = bytearray(content)
        broken[chance.choice([chance.randrange(len(broken)), chance.randrange(12_288)])] ^= chance.randrange(1, 256)
        workspace.database.write_bytes(broken)
        try:
            assert list_runs(workspace) == good
            seen["right"] += 1
        except DamageError:
            seen["told"] += 1
    assert seen["told"] > 5


def test_a_program_that_holds_the_database_is_told_apart_from_damage(workspace: Workspace) -> None:
    _run(workspace)
    list_runs(workspace)
    code = """
import sys, duckdb
con = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""
    child = start(code, workspace.database)
    assert child.stdout is not None
    child.stdout.readline()
    with pytest.raises(StoreBusyError, match="another program"):
        list_runs(workspace)
    output(child)
    assert list_runs(workspace)[1] == 1


def test_nobody_holds_the_database_between_two_looks(workspace: Workspace) -> None:
    _run(workspace)
    list_runs(workspace)
    run("import sys, duckdb; duckdb.connect(sys.argv[1]).execute('SELECT 1 FROM runs').fetchall()", workspace.database)
    assert list_runs(workspace)[1] == 1


def test_threads_of_one_process_read_and_write_at_once(workspace: Workspace) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(5):
                _run(workspace, f"t{number}", loss=number)
                assert list_runs(workspace, f"name = 't{number}'")[1] >= 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert list_runs(workspace)[1] == 20


def test_a_fork_may_read_after_its_parent_has_read(workspace: Workspace) -> None:
    code = """
import os, sys
from pathlib import Path
from mfbench.store.runs import list_runs
from mfbench.tracking.run import start_run
from mfbench.workspace.workspace import Workspace
workspace = Workspace(Path(sys.argv[1]))
with start_run("r", workspace=workspace.root):
    pass
assert list_runs(workspace)[1] == 1
pid = os.fork()
assert list_runs(workspace)[1] == 1
if pid:
    assert os.waitpid(pid, 0)[1] == 0
"""
    run(code, workspace.root)


def test_an_error_of_the_reader_leaves_everything_usable(workspace: Workspace) -> None:
    _run(workspace)
    with pytest.raises(ZeroDivisionError), Store(workspace).reading():
        _ = 1 / 0
    with pytest.raises(duckdb.CatalogException):
        Store(workspace).rows("SELECT * FROM nothing")
    assert list_runs(workspace)[1] == 1


def test_damage_in_a_journal_is_reported_and_the_rest_is_read(workspace: Workspace) -> None:
    run = _run(workspace, loss=0.5, auc=0.7)
    path = workspace.run_folder(run.id) / "events" / "main-1.jsonl"
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"loss"', b'"lo5s"'))
    ((row,), _) = list_runs(workspace)
    assert row["metrics"] == {"auc": 0.7}
    at = content[: content.index(b'"loss"')].rfind(b"\n") + 1
    told = "checksum does not fit; event 3 is missing"
    assert show_run(workspace, run.id)["damages"] == [{"segment": "main-1.jsonl", "offset": at, "reason": told}]


STRANGE = [
    ["m", "loss"],
    ["m", 3, 0, 1.0],
    ["m", "loss", "first", 1.0],
    ["m", "loss", 2**63, 1.0],
    ["m", "loss", 0, "a lot"],
    ["param"],
    ["artifact", "a", "b", "many"],
    ["run.started", "name"],
    ["run.started", {"tags": []}],
    ["run.ended"],
    ["run.ended", "failed", "because"],
    ["run.ended", "finished", None, {"name": "m", "version": 2**40}],
    ["step.ended", "train"],
    ["data", None],
    ["gate", "auc", "yes"],
    ["header"],
]


def test_events_of_a_shape_that_nobody_knows_are_kept_and_told(workspace: Workspace) -> None:
    """A writer with a bug of its own must not make the workspace unreadable."""
    run = _run(workspace)
    with (workspace.run_folder(run.id) / "events" / "odd-1.jsonl").open("wb") as stream:
        for seq, event in enumerate(STRANGE):
            stream.write(encode_line((seq, 1_000_000 + seq, *event)))
        stream.write(encode_line((len(STRANGE), 2_000_000, "m", "loss", 1, 0.5)))
    ((row,), _) = list_runs(workspace)
    assert row["metrics"] == {"loss": 0.5}
    damages = show_run(workspace, run.id)["damages"]
    assert [damage["reason"].split(" cannot")[0] for damage in sorted(damages, key=lambda d: d["reason"])] == sorted(
        f"event {seq} ({event[0]})" for seq, event in enumerate(STRANGE)
    )
    kept = Store(workspace).rows("SELECT kind FROM events WHERE segment = 'odd-1.jsonl' ORDER BY seq")
    assert [row["kind"] for row in kept] == [event[0] for event in STRANGE]


def test_more_fields_than_known_are_no_trouble(workspace: Workspace) -> None:
    run = _run(workspace, end=False)
    run._writer.write("m", "loss", 0, 0.5, None, "from the future")
    run._writer.write("artifact", "a", "d", 1, "text/plain", {"more": 1})
    assert show_run(workspace, run.id)["damages"] == []
    assert list_runs(workspace)[0][0]["metrics"] == {"loss": 0.5}


def test_a_damaged_ledger_does_not_hide_the_runs(workspace: Workspace) -> None:
    _run(workspace)
    with open_ledger(workspace.ledger) as ledger:
        ledger.append("model.version", {"model": "m", "version": 1, "digest": "gone", "run": "r"})
        ledger.append("model.alias", {"model": "m", "alias": "champion", "version": 1})
    assert Store(workspace).rows("SELECT name FROM models") == [{"name": "m"}]
    content = workspace.ledger.read_bytes()
    workspace.ledger.write_bytes(content.replace(b"gone", b"goner") + b"\n")
    assert list_runs(workspace)[1] == 1
    assert Store(workspace).rows("SELECT name FROM models") == [{"name": "m"}]
    workspace.ledger.write_bytes(content)
    assert len(Store(workspace).rows("SELECT * FROM model_history")) == 2


def test_a_folder_of_runs_that_was_copied_in_is_found(workspace: Workspace, tmp_path: Path) -> None:
    other = create(tmp_path / "other")
    run = _run(other, loss=0.5)
    list_runs(workspace)
    workspace.run_folder(run.id).parent.mkdir(exist_ok=True)
    other.run_folder(run.id).rename(workspace.run_folder(run.id))
    assert _status(workspace, run.id) == "finished"
