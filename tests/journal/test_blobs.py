from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from mfbench.core.errors import DamageError, MfbenchError
from mfbench.journal.blobs import Blobs


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_content_is_stored_once_read_only_under_its_digest(blobs: Blobs, tmp_path: Path) -> None:
    digest = sha256(b"content").hexdigest()
    source = tmp_path / "source"
    source.write_bytes(b"content")
    assert not blobs.has(digest)
    assert blobs.put(b"content") == digest
    assert blobs.take(source) == (digest, 7)
    assert blobs.put(b"content") == digest
    assert [path.name for path in blobs.folder.iterdir()] == [digest]
    assert _mode(blobs.path(digest)) == 0o444
    assert blobs.read(digest) == b"content"
    assert source.read_bytes() == b"content"


@pytest.mark.parametrize("links", [True, False])
def test_taking_a_file_survives_the_file(
    blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:  # as across file systems

        def refused(self: Path, target: Path) -> None:
            raise OSError(18, "Invalid cross-device link")

        monkeypatch.setattr(Path, "hardlink_to", refused)
    source = tmp_path / "source"
    source.write_bytes(b"x" * 100_000)
    digest, size = blobs.take(source)
    source.unlink()
    assert size == 100_000
    assert blobs.read(digest) == b"x" * 100_000
    assert _mode(blobs.path(digest)) == 0o444


def test_taking_through_a_symbolic_link_takes_the_content(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"real")
    (tmp_path / "link").symlink_to("real")
    digest, _ = blobs.take(tmp_path / "link")
    assert not blobs.path(digest).is_symlink()
    (tmp_path / "real").unlink()
    assert blobs.read(digest) == b"real"


def test_damaged_and_missing_content_is_refused(blobs: Blobs, tmp_path: Path) -> None:
    digest = blobs.put(b"what was written")
    blobs.path(digest).chmod(0o644)
    blobs.path(digest).write_bytes(b"what was wrItten")
    with pytest.raises(DamageError, match="not what was written") as caught:
        blobs.read(digest)
    assert caught.value.where == str(blobs.path(digest))
    with pytest.raises(DamageError, match="not what was written"):
        blobs.copy_out(digest, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    blobs.path(digest).unlink()
    for call in (lambda: blobs.read(digest), lambda: blobs.copy_out(digest, tmp_path / "copy")):
        with pytest.raises(DamageError, match="is missing"):
            call()


def test_a_copy_is_private_and_writable(blobs: Blobs, tmp_path: Path) -> None:
    digest = blobs.put(b"content")
    copy = tmp_path / "deep" / "er" / "copy"
    blobs.copy_out(digest, copy)
    assert _mode(copy) & 0o200
    copy.write_bytes(b"changed")
    assert blobs.read(digest) == b"content"


def test_a_full_disk_leaves_nothing_half_written(blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as stream:
            stream.write(content[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(MfbenchError, match="No space left on device"):
        blobs.put(b"content")
    assert os.listdir(blobs.folder) == []
    monkeypatch.undo()
    assert blobs.read(blobs.put(b"content")) == b"content"
