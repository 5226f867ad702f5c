"""Where the content of a blob may still be found: in the trash, or in the folder of a step that was broken off."""

from __future__ import annotations

import os
from collections import defaultdict
from functools import cached_property
from pathlib import Path

from mfbench.core.hashing import digest_file
from mfbench.workspace.workspace import WORK, Workspace


class Elsewhere:
    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def find(self, digest: str, size: int | None) -> Path | None:
        """A file with that content, relative to the workspace; None where there is none."""
        trashed = self.workspace.root / "trash" / "blobs" / digest
        for path in [trashed, *self._made.get(size, ())] if size is not None else [trashed]:
            try:
                if not path.is_symlink() and digest_file(path) == digest:
                    return path.relative_to(self.workspace.root)
            except OSError:
                continue
        return None

    @cached_property
    def _made(self) -> dict[int | None, list[Path]]:
        """The files of steps that were broken off, by size: only those of the right size are read."""
        found: dict[int | None, list[Path]] = defaultdict(list)
        for run in self.workspace.run_names():
            for place, _, names in os.walk(self.workspace.run_folder(run) / WORK):
                for path in (Path(place) / name for name in names):
                    try:
                        found[path.lstat().st_size].append(path)
                    except OSError:
                        continue
        return found
