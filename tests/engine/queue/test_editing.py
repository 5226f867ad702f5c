"""The queue as files: its order, what is wrong with it, and who may change it."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mfbench.api.workbench import Workbench
from mfbench.care.gc import collect
from mfbench.core.errors import (
    DamageError,
    MissingPluginError,
    NotFoundError,
    RecipeError,
    UsageError,
    WorkspaceError,
)
from mfbench.workspace.queue import folder_of, max_parallel, path_of, read_queue
from mfbench.workspace.workspace import Workspace
from tests.support import Project


@pytest.fixture
def bench(project: Project) -> Workbench:
    """Paused: nothing is ever started here."""
    found = Workbench.create(project.folder)
    found.pause_queue()
    return found


def order(bench: Workbench) -> list[str]:
    return [entry["id"] for entry in bench.queued()]


def test_any_number_of_moves_keeps_the_order(bench: Workbench, project: Project) -> None:
    expected = [bench.enqueue(project.folder / "tiny.toml")["id"] for _ in range(4)]
    chance = random.Random(1)
    for number in range(150):  # always into the same gap: numbers between two others run out
        moved = expected[-1] if number < 120 else chance.choice(expected)
        others = [one for one in expected if one != moved]
        index = 1 if number < 120 else chance.randrange(4)
        if index == 3:
            bench.move_queued(moved, last=True)
        else:
            bench.move_queued(moved, before=others[index])
        expected = [*others[:index], moved, *others[index:]]
        assert order(bench) == expected, number
    bench.move_queued(expected[2], first=True)
    assert order(bench) == [expected[2], expected[0], expected[1], expected[3]]


def test_an_entry_tells_what_was_asked(bench: Workbench, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFBENCH_ACTOR", "ada")
    monkeypatch.chdir(project.folder)
    made = bench.enqueue("tiny.toml", overrides=["run.seed=3"], executor="local", name="night")
    [entry] = bench.queued()
    assert {**made, "position": 1} == entry
    assert entry["recipe"] == str(project.folder / "tiny.toml")
    assert [entry[key] for key in ("overrides", "executor", "name", "actor", "state", "error")] == [
        ["run.seed=3"], "local", "night", "ada", "waiting", None]  # fmt: skip


def test_what_is_wrong_is_told_at_once(bench: Workbench, project: Project) -> None:
    tiny = project.folder / "tiny.toml"
    cases: list[tuple[type[Exception], Callable[[], object]]] = [
        (RecipeError, lambda: bench.enqueue(project.folder / "none.toml")),
        (RecipeError, lambda: bench.enqueue(tiny, overrides=["model.estimater='X'", "recipe.taks=1"])),
        (RecipeError, lambda: bench.enqueue(tiny, overrides=['evaluate.metrics=["nonsense"]'])),
        (MissingPluginError, lambda: bench.enqueue(tiny, executor="lokal")),
        (UsageError, lambda: bench.enqueue(tiny, name="\udcff")),
        (NotFoundError, lambda: bench.cancel_queued(["nothing"])),
        (NotFoundError, lambda: bench.cancel_queued([""])),
        (UsageError, lambda: bench.move_queued("nothing")),
    ]
    for kind, call in cases:
        with pytest.raises(kind):
            call()
    assert bench.queued() == []
    one = bench.enqueue(tiny)["id"]
    with pytest.raises(UsageError, match="has not failed"):
        bench.retry_queued([one])
    with pytest.raises(UsageError, match="before itself"):
        bench.move_queued(one, before=one)
    with pytest.raises(NotFoundError):  # all or none
        bench.cancel_queued([one, "nothing"])
    bench.enqueue(tiny)
    with pytest.raises(NotFoundError, match="means 2 entries"):
        bench.cancel_queued([one[:4]])
    assert len(order(bench)) == 2
    assert bench.cancel_queued([one, one]) == [one]


@pytest.mark.parametrize("value", ["0", "true", '"2"', "1.5"])
def test_a_wrong_number_of_places_is_one_clear_message(project: Project, value: str) -> None:
    bench = Workbench.create(project.folder)
    (bench.workspace.root / "config.toml").write_text(f"[queue]\nmax_parallel = {value}\n", encoding="utf-8")
    for call in (bench.queue_status, lambda: bench.enqueue(project.folder / "tiny.toml")):
        with pytest.raises(WorkspaceError, match="max_parallel must be a whole number"):
            call()
    assert read_queue(bench.workspace) == ([], {})
    assert [one["code"] for one in bench.doctor()["problems"]] == ["workspace.config"]


def test_how_many_places_there_are(project: Project) -> None:
    root = Workbench.create(project.folder).workspace.root
    assert max_parallel(Workspace(root)) == 1
    (root / "config.toml").write_text("[queue]\nmax_parallel = 7\n", encoding="utf-8")
    assert max_parallel(Workspace(root)) == 7
    (root / "config.toml").write_text("queue = 3\n", encoding="utf-8")
    with pytest.raises(WorkspaceError):
        max_parallel(Workspace(root))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"id": "x"}', b"\xff" * 100])
def test_a_damaged_entry_is_told_and_can_be_taken_away(bench: Workbench, project: Project, content: bytes) -> None:
    good = bench.enqueue(project.folder / "tiny.toml")["id"]
    bad = bench.enqueue(project.folder / "tiny.toml")["id"]
    path_of(bench.workspace, bad).write_bytes(content)
    told = {entry["id"]: entry for entry in bench.queued()}
    assert (told[good]["state"], told[bad]["state"]) == ("waiting", "damaged")
    [problem] = bench.doctor()["problems"]
    assert (problem["code"], problem["where"], problem["mendable"]) == ("queue.damaged", f"queue/{bad}.json", False)
    assert f"mfbench queue cancel {bad}" in problem["remedy"]
    with pytest.raises(DamageError):
        bench.move_queued(bad, first=True)
    assert bench.cancel_queued([bad]) == [bad]
    assert bench.doctor()["problems"] == []
    assert order(bench) == [good]


@pytest.mark.parametrize(("field", "value"), [("queued", "1e300"), ("queued", "-5"), ("place", "1e999")])
def test_numbers_that_are_no_times_or_places_are_damage(
    bench: Workbench, project: Project, field: str, value: str
) -> None:
    one = bench.enqueue(project.folder / "tiny.toml")["id"]
    path = path_of(bench.workspace, one)
    path.write_text(re.sub(rf'"{field}":[^,}}]+', f'"{field}":{value}', path.read_text()))
    assert [entry["state"] for entry in bench.queued()] == ["damaged"]
    other = bench.enqueue(project.folder / "tiny.toml")["id"]
    with pytest.raises(DamageError):
        bench.move_queued(other, before=one)


def test_an_entry_under_another_name_is_damaged(bench: Workbench, project: Project) -> None:
    one = bench.enqueue(project.folder / "tiny.toml")["id"]
    path = path_of(bench.workspace, one)
    copy = path.with_name("20200101-000000000-aaaaa.json")
    copy.write_bytes(path.read_bytes())
    assert {entry["id"]: entry["state"] for entry in bench.queued()} == {one: "waiting", copy.stem: "damaged"}


def test_gc_takes_what_a_killed_writer_has_left_and_nothing_else(bench: Workbench, project: Project) -> None:
    bench.enqueue(project.folder / "tiny.toml")
    left = folder_of(bench.workspace) / ".abcd1234"
    left.write_text("{")
    before = sorted(path.name for path in folder_of(bench.workspace).iterdir() if path != left)
    collect(bench.workspace)
    assert left.exists(), "it may be written right now"
    for path in folder_of(bench.workspace).iterdir():
        os.utime(path, (0, 0))
    collect(bench.workspace)
    assert sorted(path.name for path in folder_of(bench.workspace).iterdir()) == before


def test_a_read_only_workspace_is_read(bench: Workbench, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    one = bench.enqueue(project.folder / "tiny.toml")["id"]
    before = {path: path.stat().st_mtime_ns for path in bench.workspace.root.rglob("*")}
    monkeypatch.setattr("mfbench.workspace.disk.is_writable", lambda _: False)
    bench = Workbench.open(bench.workspace.root)
    assert order(bench) == [one]
    assert bench.queue_status()["paused"]
    calls: list[Callable[[], object]] = [
        lambda: bench.enqueue(project.folder / "tiny.toml"),
        lambda: bench.cancel_queued([one]),
        lambda: bench.move_queued(one, first=True),
        lambda: bench.retry_queued([one]),
        bench.pause_queue,
        bench.start_queue,
    ]
    for call in calls:
        with pytest.raises(WorkspaceError, match="read-only"):
            call()
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_a_full_disk_is_one_message_and_leaves_nothing(
    bench: Workbench, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mfbench.core.files.os.fsync", full)
    with pytest.raises(Exception, match="No space left") as caught:
        bench.enqueue(project.folder / "tiny.toml")
    assert type(caught.value).__name__ == "DiskError"
    assert [path.name for path in Path(folder_of(bench.workspace)).iterdir() if path.name[0] == "."] == []
    assert read_queue(bench.workspace) == ([], {})
