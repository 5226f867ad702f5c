"""Content stored once, named by its SHA-256, read-only; handed out as a copy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from mfbench.core.errors import DamageError, MfbenchError, from_os
from mfbench.core.hashing import digest_bytes, digest_file
from mfbench.core.ids import random_text
from mfbench.journal.inside import open_inside


class Blobs:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        return self.folder / digest

    def has(self, digest: str, size: int | None = None) -> bool:
        """Whether it is there; with `size`, whether it is there in full: what was cut short is stored anew."""
        try:
            return size in (None, self.path(digest).stat().st_size)
        except OSError:
            return False

    def claim(self, digest: str, size: int | None = None) -> bool:
        """As `has`; what is there counts from now on as just stored, so that gc leaves it to whoever refers to it next.

        gc takes only what is old, and looks at the time of change again once it has moved a blob: it sees a claim
        from before the move and puts the blob back, and a claim after the move finds no blob.
        """
        path = self.path(digest)
        try:
            if size not in (None, path.stat().st_size):
                return False
            os.utime(path)
        except FileNotFoundError:
            return False
        except OSError:  # another user's, or a disk that takes nothing, where gc takes nothing either
            return not os.access(self.folder, os.W_OK) or self._store_as_own(digest)
        return True

    def take(self, source: Path) -> tuple[str, int]:
        """Takes the file's content: (digest, bytes). The source stays, now read-only where it was linked.

        Raises MfbenchError when the disk does not take it.
        """
        source = Path(os.path.realpath(source))  # a link to a symbolic link would be no content of ours
        digest, size = digest_file(source), source.stat().st_size
        if not self.claim(digest, size):
            with self._staged(digest) as staged:
                try:
                    os.utime(source)  # a link has its time: it must never look old
                    staged.hardlink_to(source)
                except OSError:  # another file system, or one without links
                    shutil.copyfile(source, staged)
        return digest, size

    def take_inside(self, folder: Path, name: str) -> tuple[str, int]:
        """As `take`, of the file `name` in `folder`, which somebody made whom nobody trusts.

        No link leads out of the folder, and what is taken is a copy, which its maker cannot change any more. Raises
        DamageError where it is no plain file of its own, DiskError where there is no room for it.
        """
        try:
            descriptor = open_inside(folder, name)
        except FileNotFoundError:
            raise DamageError(f"{name!r} is told to be there, and is not", where=str(folder)) from None
        with os.fdopen(descriptor, "rb") as source:
            size = os.fstat(descriptor).st_size
            self._require_room(size)  # a file may say that it is longer than any disk
            digest = _copied(source, None, size)
            if not self.claim(digest, size):
                with self._staged(digest) as staged, staged.open("wb") as target:
                    if _copied(source, target, size) != digest:
                        raise DamageError(f"{name!r} has changed while it was read", where=str(folder))
        return digest, size

    def put(self, content: bytes) -> str:
        """Its digest. Raises MfbenchError when the disk does not take it."""
        digest = digest_bytes(content)
        if not self.claim(digest, len(content)):
            with self._staged(digest) as staged:
                staged.write_bytes(content)
        return digest

    def read(self, digest: str) -> bytes:
        """The content, checked. Raises DamageError where it is missing or not what it was."""
        try:
            content = self.path(digest).read_bytes()
        except FileNotFoundError:
            raise self._missing(digest) from None
        if digest_bytes(content) != digest:
            raise self._damaged(digest)
        return content

    def copy_out(self, digest: str, target: Path) -> None:
        """A private, writable copy at `target`, checked. Raises DamageError as `read` does."""
        if not self.has(digest):
            raise self._missing(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.path(digest), target)
        if digest_file(target) != digest:
            target.unlink()
            raise self._damaged(digest)

    def _require_room(self, size: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        found = os.statvfs(self.folder)
        if size > found.f_bavail * found.f_frsize:
            raise from_os(OSError(ENOSPC, os.strerror(ENOSPC), str(self.folder)), "an output cannot be stored")

    def _store_as_own(self, digest: str) -> bool:
        try:
            with self._staged(digest) as staged:
                shutil.copyfile(self.path(digest), staged)
        except MfbenchError:
            return False
        return True

    def _missing(self, digest: str) -> DamageError:
        hint = "what is missing, and the way out, tells: mfbench doctor"
        return DamageError(f"blob {digest[:12]} is missing", where=str(self.folder), hint=hint)

    def _damaged(self, digest: str) -> DamageError:
        hint = "move the file away and run the recipe again: the step that made it will run anew"
        return DamageError(f"blob {digest[:12]} is not what was written", where=str(self.path(digest)), hint=hint)

    @contextmanager
    def _staged(self, digest: str) -> Iterator[Path]:
        """A free name to write to; what is there in the end becomes the blob, whole or not at all."""
        staged = self.folder / f".{random_text(12)}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            yield staged
            staged.chmod(0o444)
            staged.replace(self.path(digest))
        except DamageError:
            staged.unlink(missing_ok=True)
            raise
        except OSError as error:
            staged.unlink(missing_ok=True)
            raise MfbenchError(f"content could not be stored: {error.strerror}", where=str(self.folder)) from error


def _copied(source: BinaryIO, target: BinaryIO | None, size: int) -> str:
    """The digest of the first `size` bytes, which are written to `target` if there is one."""
    digest = sha256()
    source.seek(0)
    while size > 0 and (chunk := source.read(min(size, 1 << 20))):
        digest.update(chunk)
        size -= len(chunk)
        if target:
            target.write(chunk)
    return digest.hexdigest()
