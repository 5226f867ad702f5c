"""Content stored once, named by its SHA-256, read-only; handed out as a copy."""

from __future__ import annotations

import os
from pathlib import Path

from mfbench.core.errors import DamageError
from mfbench.core.hashing import digest_bytes, digest_file
from mfbench.core.ids import random_text


class Blobs:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        return self.folder / digest

    def has(self, digest: str) -> bool:
        return self.path(digest).exists()

    def take(self, source: Path) -> tuple[str, int]:
        """Takes the file's content: (digest, bytes). The source stays, now read-only where it was linked."""
        digest, size = digest_file(source), source.stat().st_size
        if not self.has(digest):
            staged = self._staged()
            try:
                os.link(source, staged)
            except OSError:  # another file system, or one without links
                import shutil

                shutil.copyfile(source, staged)
            self._commit(staged, digest)
        return digest, size

    def put(self, content: bytes) -> str:
        digest = digest_bytes(content)
        if not self.has(digest):
            staged = self._staged()
            staged.write_bytes(content)
            self._commit(staged, digest)
        return digest

    def read(self, digest: str) -> bytes:
        """The content, checked. Raises DamageError where it is missing or not what it was."""
        try:
            content = self.path(digest).read_bytes()
        except FileNotFoundError:
            raise DamageError(f"blob {digest[:12]} is missing", where=str(self.folder)) from None
        if digest_bytes(content) != digest:
            raise DamageError(
                f"blob {digest[:12]} is not what was written",
                where=str(self.path(digest)),
                hint="move the file away and run the recipe again: the step that made it will run anew",
            )
        return content

    def copy_out(self, digest: str, target: Path) -> None:
        """A private, writable copy at `target`, checked against its name."""
        if not self.has(digest):
            raise DamageError(f"blob {digest[:12]} is missing", where=str(self.folder))
        import shutil

        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.path(digest), target)
        if digest_file(target) != digest:
            target.unlink()
            self.read(digest)  # raises with the whole story

    def _staged(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / f".{random_text(12)}"

    def _commit(self, staged: Path, digest: str) -> None:
        staged.chmod(0o444)
        staged.replace(self.path(digest))
