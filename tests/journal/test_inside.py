"""Files that somebody else has left in a folder of ours."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from mfbench.core.errors import DamageError
from mfbench.core.hashing import digest_bytes
from mfbench.journal.blobs import Blobs
from mfbench.journal.cursor import Cursor
from mfbench.journal.inside import open_inside
from mfbench.journal.line import encode_line
from mfbench.journal.reader import MANY, Tail


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    found = tmp_path / "folder"
    (found / "sub").mkdir(parents=True)
    (found / "sub" / "plain").write_text("plain")
    return found


def test_a_plain_file_is_opened(folder: Path) -> None:
    with os.fdopen(open_inside(folder, "sub/plain")) as stream:
        assert stream.read() == "plain"


def test_one_that_is_not_there(folder: Path) -> None:
    for name in ("sub/none", "none/x"):
        with pytest.raises(FileNotFoundError):
            open_inside(folder, name)


@pytest.mark.parametrize(
    "name", ["../outside/secret", "sub/../../outside/secret", "", "/etc/passwd", ".", "x\0y", ".."]
)
def test_names_that_lead_elsewhere(folder: Path, name: str) -> None:
    with pytest.raises(DamageError, match="is no name of a file in this folder"):
        open_inside(folder, name)


def test_links_lead_nowhere(folder: Path) -> None:
    (folder / "file").symlink_to("../outside/secret")
    (folder / "inner").symlink_to("sub/plain")
    (folder / "away").symlink_to("../outside")
    (folder / "sub" / "deep").symlink_to("../../outside")
    (folder / "loop").symlink_to("loop")
    for name in ("file", "inner", "away/secret", "sub/deep/secret", "loop", "loop/x"):
        with pytest.raises(DamageError, match="is no plain file of its own"):
            open_inside(folder, name)


def test_only_plain_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        for name in ("pipe", "socket", "sub", "sub/plain/x"):
            with pytest.raises(DamageError, match="is no plain file of its own"):
                open_inside(folder, name)


def test_what_is_taken_is_a_copy(folder: Path, tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    assert blobs.take_inside(folder, "sub/plain") == (digest_bytes(b"plain"), 5)
    (folder / "sub" / "plain").write_text("other")
    assert blobs.read(digest_bytes(b"plain")) == b"plain"
    assert blobs.path(digest_bytes(b"plain")).stat().st_mode & 0o777 == 0o444
    assert blobs.take_inside(folder, "sub/plain")[0] == digest_bytes(b"other")
    assert len(list((tmp_path / "blobs").iterdir())) == 2


def test_a_file_that_is_longer_than_the_disk(folder: Path, tmp_path: Path) -> None:
    from mfbench.core.errors import DiskError

    with (folder / "huge").open("wb") as stream:
        stream.truncate(1 << 43)
    with pytest.raises(DiskError, match="No space left"):
        Blobs(tmp_path / "blobs").take_inside(folder, "huge")
    assert list((tmp_path / "blobs").iterdir()) == []


class TestSegmentsOfOthers:
    """What stands for a segment, and is none, neither stops nor fills its reader."""

    def test_links_and_pipes(self, tmp_path: Path) -> None:
        (tmp_path / "real").write_bytes(encode_line([0, 1, "m"]))
        (tmp_path / "linked-1.jsonl").symlink_to(tmp_path / "real")
        os.mkfifo(tmp_path / "pipe-1.jsonl")
        for name, reason in (("linked-1.jsonl", "a link"), ("pipe-1.jsonl", "no file")):
            cursor = Cursor(str(tmp_path / name))
            for _ in range(3):
                assert cursor.read() == []
            assert [reason in damage.reason for damage in cursor.damages] == [True]  # once is enough

    def test_a_line_without_an_end(self, tmp_path: Path) -> None:
        path = tmp_path / "x-1.jsonl"
        path.write_bytes(encode_line([0, 1, "m"]))
        with path.open("ab") as stream:
            stream.truncate(1 << 40)
        cursor = Cursor(str(path))
        assert cursor.read() == [[0, 1, "m"]]
        assert (cursor.given_up, cursor.at_end, cursor.damages[0].reason) == (True, True, "a line without an end")
        assert cursor.read() == []

    def test_a_driver_reads_in_parts(self, tmp_path: Path) -> None:
        lines = [encode_line([number, 1, "log", "x" * 1000]) for number in range(5000)]
        (tmp_path / "x-1.jsonl").write_bytes(b"".join(lines))
        tail = Tail(tmp_path, live=True)
        parts = [tail.poll()]
        while not tail.at_end:
            parts.append(tail.poll())
        assert len(parts) > 3
        assert [event[0] for part in parts for event in part] == list(range(5000))

    def test_a_driver_gives_up_on_what_is_no_journal(self, tmp_path: Path) -> None:
        (tmp_path / "x-1.jsonl").write_bytes(b"x\n" * (MANY * 200))
        (tmp_path / "y-1.jsonl").write_bytes(encode_line([0, 1, "m"]))
        tail = Tail(tmp_path, live=True)
        events = tail.poll()
        while not tail.at_end:
            events += tail.poll()
        assert events == [[0, 1, "m"]]
        assert tail.cursors["x-1.jsonl"].given_up

    def test_a_driver_does_not_believe_in_a_seal(self, tmp_path: Path) -> None:
        (tmp_path / "x-1.jsonl").write_bytes(encode_line([0, 1, "m"]))
        (tmp_path / "sealed.parquet").write_text("this is none")
        assert Tail(tmp_path, live=True).poll() == [[0, 1, "m"]]

    def test_what_is_there_is_left_out(self, tmp_path: Path) -> None:
        path = tmp_path / "x-1.jsonl"
        path.write_bytes(encode_line([0, 1, "m"]))
        tail = Tail(tmp_path, live=True)
        tail.skip()
        path.write_bytes(path.read_bytes() + encode_line([1, 2, "n"]))
        assert tail.poll() == [[1, 2, "n"]]
