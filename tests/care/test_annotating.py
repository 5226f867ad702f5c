"""Tags, notes and pins: what is written, what is refused, and that nothing of it is ever lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mfbench.api.workbench import Workbench
from mfbench.core.errors import NotFoundError, UsageError, WorkspaceError
from mfbench.journal.ledger import read_ledger
from mfbench.tracking.run import start_run

TAGGER = """
import sys
from mfbench.api.workbench import Workbench
bench = Workbench.open(sys.argv[1])
for number in range(1000):
    bench.tag_runs([sys.argv[2]], {f"k{number}": str(number)})
    print(number, flush=True)
"""


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench.create(tmp_path)


def a_run(bench: Workbench, name: str = "a", **tags: str) -> str:
    with start_run(name, workspace=bench.workspace.root, tags=tags) as run:
        run.log_metric("loss", 0.5)
    return run.id


def said(bench: Workbench) -> list[tuple[str, dict[str, object]]]:
    return [(entry.kind, entry.body) for entry in read_ledger(bench.workspace.ledger)]


def test_tags_lie_over_the_run_s_own(bench: Workbench) -> None:
    run = a_run(bench, team="ops", kept="yes")
    assert bench.tag_runs([run], {"team": None, "new": "1"}) == [run]
    assert bench.show_run(run)["tags"] == {"kept": "yes", "new": "1"}
    assert bench.tag_runs(["last"], {"team": "ops", "kept": "no"}) == [run]
    assert bench.show_run(run)["tags"] == {"kept": "no", "new": "1", "team": "ops"}


def test_what_would_change_nothing_is_not_written(bench: Workbench) -> None:
    run, other = a_run(bench, team="ops"), a_run(bench, "b")
    assert bench.tag_runs([run], {"team": "ops", "never": None}) == []
    assert bench.note_run(run, "") is False
    assert bench.pin_runs([run], False) == []
    assert said(bench) == []
    assert bench.tag_runs([run, other, run], {"team": "ops"}) == [other]
    assert bench.note_run(run, "good") is True
    assert bench.note_run(run, "good") is False
    assert bench.pin_runs([run, other]) == [run, other]
    assert bench.pin_runs([run, other]) == []
    assert said(bench) == [
        ("run.tagged", {"run": other, "tags": {"team": "ops"}}),
        ("run.noted", {"run": run, "note": "good"}),
        ("run.pinned", {"run": run, "pinned": True}),
        ("run.pinned", {"run": other, "pinned": True}),
    ]


def test_notes_and_pins_can_be_filtered_and_sorted(bench: Workbench) -> None:
    first, second, third = (a_run(bench, name) for name in "abc")
    bench.note_run(second, "Looks *odd*, see x")
    bench.pin_runs([first])
    assert [row["run"] for row in bench.list_runs("note ilike '%ODD%'")[0]] == [second]
    assert [row["run"] for row in bench.list_runs("pinned")[0]] == [first]
    assert [row["run"] for row in bench.list_runs("not pinned and note is null")[0]] == [third]
    assert [row["run"] for row in bench.list_runs(sort="-pinned")[0]] == [first, third, second]
    frame = bench.runs(sort="name", columns=["note", "pinned"])
    assert frame.rows() == [(None, True), ("Looks *odd*, see x", False), (None, False)]
    assert bench.sql("select note from runs where pinned").rows() == [(None,)]
    bench.note_run(second, "")
    bench.pin_runs([first], False)
    assert bench.list_runs("pinned or note is not null") == ([], 0)


def test_all_that_are_named_or_none(bench: Workbench) -> None:
    run, gone = a_run(bench), a_run(bench, "gone")
    bench.delete_runs([gone])
    before = said(bench)
    for missing in (gone, "nobody"):
        with pytest.raises(NotFoundError):
            bench.tag_runs([run, missing], {"k": "v"})
        with pytest.raises(NotFoundError):
            bench.pin_runs([run, missing])
        with pytest.raises(NotFoundError):
            bench.note_run(missing, "x")
    assert said(bench) == before
    assert bench.show_run(run)["tags"] == {}


def test_a_run_whose_folder_waits_for_its_move_is_deleted_all_the_same(bench: Workbench) -> None:
    gone = a_run(bench, "gone")
    bench.delete_runs([gone])
    (bench.workspace.root / "trash" / gone).rename(bench.workspace.run_folder(gone))
    with pytest.raises(NotFoundError, match="deleted"):
        bench.tag_runs([gone], {"k": "v"})


def test_what_is_said_outlives_deletion(bench: Workbench) -> None:
    run = a_run(bench, team="ops")
    bench.tag_runs([run], {"team": "ml"})
    bench.pin_runs([run])
    bench.delete_runs([run])
    assert bench.list_runs()[1] == 0
    bench.restore_runs([run])
    assert (bench.show_run(run)["tags"], bench.show_run(run)["pinned"]) == ({"team": "ml"}, True)


@pytest.mark.parametrize("key", ["", "  ", "two\nlines", "\x1b[31m", "k" * 251, "nul\0", "\udcff"])
def test_a_key_is_a_word_on_one_line(bench: Workbench, key: str) -> None:
    run = a_run(bench)
    with pytest.raises(UsageError):
        bench.tag_runs([run], {key: "v"})
    assert said(bench) == []


def test_values_and_notes_have_limits(bench: Workbench) -> None:
    run = a_run(bench)
    for wrong in ("v" * 5_001, "\0", "\udcff", 3):
        with pytest.raises(UsageError):
            bench.tag_runs([run], {"k": wrong})  # type: ignore[dict-item]
    for wrong in ("n" * 10_001, "\0"):
        with pytest.raises(UsageError):
            bench.note_run(run, wrong)
    bench.tag_runs([run], {"k = '\"[bold]": "é\n\x1b[31m"})
    bench.note_run(run, "n" * 10_000)
    found = bench.show_run(run)
    assert (found["tags"], len(found["note"])) == ({"k = '\"[bold]": "é\n\x1b[31m"}, 10_000)


def test_a_read_only_workspace_refuses(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = a_run(bench)
    monkeypatch.setattr("mfbench.workspace.disk.is_writable", lambda _: False)
    closed = Workbench.open(bench.workspace.root)
    for say in (lambda: closed.tag_runs([run], {"k": "v"}), lambda: closed.pin_runs([run]),
                lambda: closed.note_run(run, "x")):  # fmt: skip
        with pytest.raises(WorkspaceError, match="read-only"):
            say()
    assert said(bench) == []


def test_a_broken_database_does_not_keep_anybody_from_saying_something(bench: Workbench) -> None:
    run = a_run(bench, team="ops")
    bench.list_runs()
    bench.workspace.database.write_bytes(b"this is no database")
    assert bench.tag_runs([run], {"team": None}) == [run]
    bench.workspace.database.unlink()
    assert bench.show_run(run)["tags"] == {}


def test_killed_while_it_tags_nothing_is_lost(bench: Workbench) -> None:
    run = a_run(bench)
    words = [sys.executable, "-c", TAGGER, str(bench.workspace.root), run]
    tagger = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert tagger.stdout is not None
    while tagger.stdout.readline().strip() != "20":
        pass
    os.kill(tagger.pid, signal.SIGKILL)
    told = [int(line) for line in tagger.stdout] or [20]
    tagger.wait()
    tags = bench.show_run(run)["tags"]
    assert tags == {f"k{number}": str(number) for number in range(len(tags))}
    assert len(tags) > told[-1]  # all that were acknowledged
    bench.tag_runs([run], {"after": "yes"})
    assert bench.doctor()["problems"] == []
    assert bench.show_run(run)["tags"] == tags | {"after": "yes"}


def test_several_at_once(bench: Workbench) -> None:
    runs = [a_run(bench, str(number)) for number in range(3)]

    def work(name: str) -> None:
        mine = Workbench.open(bench.workspace.root)
        for number in range(8):
            mine.tag_runs(runs, {f"{name}{number}": name})
            mine.pin_runs([runs[number % 3]], bool(number % 2))

    threads = [threading.Thread(target=work, args=(name,)) for name in "xyz"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = {f"{name}{number}": name for name in "xyz" for number in range(8)}
    assert [row["tags"] for row in bench.list_runs()[0]] == [every] * 3
    pins = {body["run"]: body["pinned"] for kind, body in said(bench) if kind == "run.pinned"}
    assert {row["run"]: row["pinned"] for row in bench.list_runs()[0]} == dict.fromkeys(runs, False) | pins


def test_a_merge_brings_what_was_said_there(bench: Workbench, tmp_path: Path) -> None:
    other = Workbench.create(tmp_path / "other")
    run = a_run(other, "theirs", team="ops")
    other.tag_runs([run], {"team": "theirs", "a": "1"})
    other.note_run(run, "from there")
    other.pin_runs([run])
    bench.merge(other.workspace.root)
    found = bench.show_run(run)
    assert (found["tags"], found["note"], found["pinned"]) == ({"team": "theirs", "a": "1"}, "from there", True)
    bench.note_run(run, "")
    bench.tag_runs([run], {"team": "ours"})
    other.note_run(run, "later there")
    other.tag_runs([run], {"team": "later there", "b": "2"})
    bench.merge(other.workspace.root)
    found = bench.show_run(run)
    assert (found["tags"], found["note"]) == ({"team": "ours", "a": "1", "b": "2"}, None)
    bench.rebuild()
    again = bench.show_run(run)
    assert (again["tags"], again["note"], again["pinned"]) == (found["tags"], None, True)


def test_others_have_no_say_in_runs_made_here(bench: Workbench, tmp_path: Path) -> None:
    other = Workbench.create(tmp_path / "other")
    run = a_run(bench, team="ops")
    other.merge(bench.workspace.root)
    other.tag_runs([run], {"team": "theirs", "approved": "yes"})
    bench.merge(other.workspace.root)
    assert bench.show_run(run)["tags"] == {"team": "ops"}
    assert other.show_run(run)["tags"] == {"team": "theirs", "approved": "yes"}
