from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from mfbench.core.errors import NotFoundError, WorkspaceError
from mfbench.workspace.workspace import Workspace, create, find, find_or_create, require
from tests.children import output, start


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MFBENCH_WORKSPACE", raising=False)


NAMES = ["plain", "with space", "ünïcödé 日本", 'quote\'s "too"', "semi;colon"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_found_upwards_as_git_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    home = tmp_path / name
    deep = home / "a" / "b"
    deep.mkdir(parents=True)
    assert find(deep) is None
    made = create(home)
    assert made.root == home / ".mfbench"
    monkeypatch.chdir(deep)
    for found in (find(), find(deep), find(home), require(), find_or_create()):
        assert found == made
    inner = create(deep)
    assert find(deep) == inner
    assert find(home / "a") == made
    assert inner.id != made.id


def test_a_folder_of_that_name_that_is_no_workspace_is_passed_by(tmp_path: Path) -> None:
    made = create(tmp_path)
    (tmp_path / "a" / ".mfbench").mkdir(parents=True)
    assert find(tmp_path / "a") == made


def test_it_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = create(tmp_path / "here"), create(tmp_path / "there")
    monkeypatch.chdir(tmp_path / "here")
    for name in (tmp_path / "there", tmp_path / "there" / ".mfbench", "../there", str(there.root)):
        found = find(named=name)
        assert found is not None
        assert found.root.resolve() == there.root
    monkeypatch.setenv("MFBENCH_WORKSPACE", str(tmp_path / "there"))
    assert require() == there
    assert require(tmp_path / "here") == here  # an argument counts more than the environment
    monkeypatch.setenv("MFBENCH_WORKSPACE", str(tmp_path / "nowhere"))
    assert find() is None  # and does not fall back to another one
    with pytest.raises(WorkspaceError, match="mfbench init") as caught:
        require()
    assert caught.value.where == str(tmp_path / "nowhere")
    assert caught.value.exit_code == 2
    assert find_or_create().root == tmp_path / "nowhere" / ".mfbench"


def test_a_copied_workspace_may_have_any_name(tmp_path: Path) -> None:
    made = create(tmp_path)
    made.root.rename(tmp_path / "backup")
    found = find(named=tmp_path / "backup")
    assert found is not None
    assert found.root == tmp_path / "backup"


def test_making_it_twice_keeps_everything(tmp_path: Path) -> None:
    made = create(tmp_path)
    (made.root / "config.toml").write_text('[trust]\ntypes = ["a.B"]\n')
    again = create(tmp_path)
    assert again.id == made.id
    assert again.trusted_types == ["a.B"]
    assert sorted(path.name for path in made.root.iterdir()) == [
        ".gitignore", "blobs", "cache", "capture", "config.toml", "ledger", "live", "reports", "runs", "trash",
        "workspace.json",
    ]  # fmt: skip
    assert made.ledger == made.root / "ledger" / f"{made.id}.jsonl"


def test_making_it_at_once_makes_one(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from mfbench.workspace.workspace import create
print("ready", flush=True)
sys.stdin.readline()
print([create(Path(sys.argv[1]) / str(n)).id for n in range(40)])
"""
    children = [start(code, tmp_path) for _ in range(4)]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    told = {output(child) for child in children}
    assert len(told) == 1
    assert not [path for path in tmp_path.glob("*/.mfbench/.*") if path.name != ".gitignore"]


@pytest.mark.parametrize(
    ("marker", "told"),
    [
        (b'{"format":2,"id":"x"}', "has format 2, and this mfbench knows up to 1"),
        (b'{"format":1}', "no workspace"),
        (b"[]", "no workspace"),
        (b"", "no workspace"),
        (b"\xff", "no workspace"),
        (b'{"format":"new","id":"x"}', "no workspace"),
    ],
)
def test_a_newer_or_damaged_workspace_is_refused_before_any_use(tmp_path: Path, marker: bytes, told: str) -> None:
    made = create(tmp_path)
    (made.root / "workspace.json").write_bytes(marker)
    for use in (require, find_or_create):
        with pytest.raises(WorkspaceError, match=told) as caught:
            use(tmp_path)
        assert caught.value.where == str(made.root)


def test_where_none_can_be_made_that_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorkspaceError, match="cannot be made: Not a directory"):
        create(tmp_path / "file")


@pytest.mark.parametrize("text", ["[trust", "[trust]\ntypes = 'a.B'", "[trust]\ntypes = [1]", "\udcff"])
def test_a_wrong_configuration_is_told_with_its_place(tmp_path: Path, text: str) -> None:
    made = create(tmp_path)
    (made.root / "config.toml").write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(WorkspaceError) as caught:
        _ = Workspace(made.root).trusted_types
    assert caught.value.where == str(made.root / "config.toml")


def test_a_missing_configuration_is_an_empty_one(tmp_path: Path) -> None:
    made = create(tmp_path)
    (made.root / "config.toml").unlink()
    assert made.config == {}
    assert made.trusted_types == []


def test_a_new_run_is_alive_from_its_first_moment(tmp_path: Path) -> None:
    made = create(tmp_path)
    runs = [made.new_run({"pid": 1}) for _ in range(20)]
    names = [name for name, _ in runs]
    assert len(set(names)) == 20
    assert sorted(made.run_names()) == sorted(names)
    for name, descriptor in runs:
        assert (made.run_folder(name) / "events").is_dir()
        assert msgspec.json.decode((made.live / name).read_bytes())["pid"] == 1
        assert made.is_alive(name)
        os.close(descriptor)
        assert not made.is_alive(name)
    assert not made.is_alive("no such run")


def test_an_id_that_is_taken_is_not_given_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = create(tmp_path)
    ids = iter(["live", "live", "old", "free"])
    monkeypatch.setattr("mfbench.workspace.workspace.new_id", lambda: next(ids))
    made.new_run({"n": 1})
    (made.runs / "old").mkdir()
    name, _ = made.new_run({"n": 2})
    assert name == "free"
    assert made.is_alive("live")
    assert msgspec.json.decode((made.live / "live").read_bytes())["n"] == 1
    assert not (made.live / "old").exists()


def test_a_copy_without_its_empty_folders_takes_new_runs(tmp_path: Path) -> None:
    made = create(tmp_path)
    for name in ("live", "runs", "cache", "blobs", "ledger"):
        (made.root / name).rmdir()
    assert made.run_names() == []
    name, _ = made.new_run({})
    assert made.run_names() == [name]


def test_a_disk_that_takes_no_run_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = create(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "mkdir", full)
    with pytest.raises(WorkspaceError, match="No space left on device"):
        made.new_run({})
    monkeypatch.undo()
    assert os.listdir(made.live) == []
    assert made.run_names() == []


class TestFindRun:
    @pytest.fixture
    def made(self, tmp_path: Path) -> Workspace:
        made = create(tmp_path)
        for name in ("20260101-000000000-aaaaa", "20260101-000000001-aaaab", "20260202-000000000-ccccc"):
            (made.runs / name).mkdir()
        (made.runs / "notes.txt").touch()
        (made.runs / ".hidden").mkdir()
        return made

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("20260101-000000000-aaaaa", "20260101-000000000-aaaaa"),
            ("202602", "20260202-000000000-ccccc"),
            ("aaaab", "20260101-000000001-aaaab"),
            ("b", "20260101-000000001-aaaab"),
            ("last", "20260202-000000000-ccccc"),
        ],
    )
    def test_a_whole_id_or_a_unique_part(self, made: Workspace, text: str, found: str) -> None:
        assert made.find_run(text) == found

    @pytest.mark.parametrize("text", ["", "x", "notes.txt", ".hidden", ".", "..", "../runs", "0101", "\0", "LAST"])
    def test_anything_else_is_not_found(self, made: Workspace, text: str) -> None:
        with pytest.raises(NotFoundError, match="there is no run"):
            made.find_run(text)

    def test_what_means_several_is_told_with_them(self, made: Workspace) -> None:
        with pytest.raises(NotFoundError, match="means 2 runs") as caught:
            made.find_run("202601")
        assert caught.value.hint == "among them: 20260101-000000000-aaaaa, 20260101-000000001-aaaab"

    def test_there_is_no_last_of_none(self, tmp_path: Path) -> None:
        with pytest.raises(NotFoundError):
            create(tmp_path / "empty").find_run("last")
