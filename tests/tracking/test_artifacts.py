from __future__ import annotations

import os
import shutil
import threading
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from mfbench.core.errors import MfbenchError, UsageError
from mfbench.journal.blobs import Blobs
from mfbench.journal.reader import read_events
from mfbench.store.runs import show_run
from mfbench.tracking.run import Run, start_run
from mfbench.workspace.workspace import Workspace


@pytest.fixture
def run(workspace: Workspace) -> Run:
    return start_run("r")


def _kept(run: Run) -> dict[str, tuple[str, bytes]]:
    blobs = Blobs(run.workspace.blobs)
    found = show_run(run.workspace, run.id)["artifacts"]
    content = {item["path"]: (item["type"], blobs.read(item["digest"])) for item in found}
    assert {item["path"]: item["bytes"] for item in found} == {path: len(body) for path, (_, body) in content.items()}
    return content


def test_a_file_is_copied(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "plot.png"
    path.write_bytes(b"first")
    assert run.log_artifact(path) == sha256(b"first").hexdigest()
    path.write_bytes(b"changed by its owner, who may go on writing")
    assert run.log_artifact("plot.png", name="plots/second.png")
    assert run.log_artifact(str(path), name="no-suffix")
    path.unlink()
    later = b"changed by its owner, who may go on writing"
    assert _kept(run) == {
        "plot.png": ("image/png", b"first"),
        "plots/second.png": ("image/png", later),
        "no-suffix": ("image/png", later),
    }
    assert sorted(path.name for path in run.workspace.run_folder(run.id).iterdir()) == ["events"]


def test_a_folder_is_all_its_files(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out ünï"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "deep" / "er" / ".hidden").write_text("h")
    (folder / "link").symlink_to("a.txt")
    (folder / "broken").symlink_to("gone")
    assert run.log_artifact(folder) == ""
    assert {path: body for path, (_, body) in _kept(run).items()} == {
        "out ünï/a.txt": b"a", "out ünï/deep/er/.hidden": b"h", "out ünï/link": b"a",
    }  # fmt: skip
    monkeypatch.chdir(folder)
    run.log_artifact(".", name="again")
    assert "again/a.txt" in _kept(run)
    run.log_artifact(".")
    assert len(_kept(run)) == 6


@pytest.mark.parametrize(
    "name",
    ["../x", "..", "a/../../x", "/etc/passwd", "", ".", "a\\..\\x", "C:x", "a/..", "\0", "x\0y", 3, "\udcff"],
)
def test_a_name_that_would_lead_out_is_refused(run: Run, tmp_path: Path, name: Any) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("x")
    for source in ("file", "folder"):
        with pytest.raises(UsageError):
            run.log_artifact(tmp_path / source, name=name)
    assert _kept(run) == {}


def test_names_are_tidied(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    run.log_artifact(tmp_path / "file", name="a//b/./c.txt/")
    assert list(_kept(run)) == ["a/b/c.txt"]


def test_what_is_no_file_is_told(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "broken").symlink_to("gone")
    for name in ("gone", "pipe", "broken", "gone/deeper"):
        with pytest.raises(UsageError, match="no such file") as caught:
            run.log_artifact(tmp_path / name)
        assert caught.value.where == str(tmp_path / name)
    assert _kept(run) == {}


def test_a_full_disk_is_told_and_leaves_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x" * 1000)

    def full(source: Path, target: Path) -> None:
        target.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(MfbenchError, match="could not be kept: No space left on device"):
        run.log_artifact(tmp_path / "file")
    monkeypatch.undo()
    assert sorted(path.name for path in run.workspace.run_folder(run.id).iterdir()) == ["events"]
    assert _kept(run) == {}
    assert os.listdir(run.workspace.blobs) == []


def test_threads_do_not_mix_their_files(run: Run, tmp_path: Path) -> None:
    def work(number: int) -> None:
        path = tmp_path / f"file{number}"
        path.write_text(str(number) * 5000)
        for _ in range(10):
            assert run.log_artifact(path) == sha256(path.read_bytes()).hexdigest()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {path: body for path, (_, body) in _kept(run).items()} == {
        f"file{number}": str(number).encode() * 5000 for number in range(6)
    }
    events = read_events(run.workspace.run_folder(run.id) / "events")
    assert sum(event[2] == "artifact" for event in events) == 60
    assert len(show_run(run.workspace, run.id)["artifacts"]) == 6  # of one name, the last
