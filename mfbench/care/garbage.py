"""What a collection takes away, and how: through the trash, or for good once it has lain there long enough."""

from __future__ import annotations

import os
import shutil
import stat
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mfbench.care.deletion import size_of
from mfbench.core.ids import random_text
from mfbench.core.progress import Progress
from mfbench.workspace.workspace import Workspace

GONE = ".gone-"  # in the trash: what a removal that was killed has left; nobody looks for it any more


@dataclass(frozen=True)
class Garbage:
    """One thing that goes, or would go. `path` is relative to the workspace.

    kind: blob, cache, run, journal, staging, work, marker, database or trash. action: 'trash' (moved there), 'remove'
    (for good), 'restore' (put back where it belongs), 'seal', 'keep' (it could not be done; `reason` says why).
    bytes: what is removed, moved or saved; 0 for what stays.
    """

    kind: str
    path: str
    bytes: int
    reason: str
    action: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Collection:
    """One collection while it is made. With `dry_run` it only notes what it would do."""

    workspace: Workspace
    dry_run: bool
    older_than: float
    progress: Progress | None = None
    items: list[Garbage] = field(default_factory=list)
    now: float = field(default_factory=lambda: time.time())
    _gone: list[Path] = field(default_factory=list)

    @property
    def trash(self) -> Path:
        return self.workspace.root / "trash"

    def tell(self, what: str, done: int, total: int) -> None:
        if self.progress is not None and (done % 1000 == 0 or done == total):
            self.progress(what, done, total)

    def note(self, kind: str, path: Path | str, size: int, reason: str, action: str) -> None:
        self.items.append(Garbage(kind, os.path.relpath(path, self.workspace.root), size, reason, action))

    def is_old(self, found: os.stat_result, *, linked: bool = False) -> bool:
        """linked: a link keeps the time of its file; then its own making counts too."""
        return self.now - max(found.st_mtime, found.st_ctime if linked else 0.0) > self.older_than

    def to_trash(self, kind: str, path: Path, reason: str) -> bool:
        """Whether it has moved, or would: a plain file that is old goes to the trash's folder of its kind, unless
        somebody claims it meanwhile."""
        try:
            before = path.lstat()
            if not stat.S_ISREG(before.st_mode) or not self.is_old(before):
                return False
            if not self.dry_run:
                target = self.trash / path.parent.name / path.name
                target.parent.mkdir(parents=True, exist_ok=True)
                path.rename(target)
                # See `Blobs.claim`: a claim from before the rename has changed the time, one from after it finds
                # nothing and stores anew. A kill right here leaves a claimed file in the trash, with its new time:
                # the next collection finds who refers to it and puts it back.
                if target.lstat().st_mtime_ns != before.st_mtime_ns:
                    target.rename(path)
                    return False
                os.utime(target)
            self.note(kind, path, before.st_size, reason, "trash")
            return True
        except FileNotFoundError:  # somebody else took it away
            return False
        except OSError as error:
            self.keep(kind, path, error)
            return False

    def put_back(self, kind: str, path: Path, reason: str) -> None:
        """The way back: from the trash's folder of its kind to where it was."""
        target = self.workspace.root / path.parent.name / path.name
        try:
            if not self.dry_run:
                os.utime(path)
                target.parent.mkdir(exist_ok=True)
                path.rename(target)
            self.note(kind, path, 0, reason, "restore")
        except OSError as error:
            self.keep(kind, path, error)

    def remove(self, kind: str, path: Path, reason: str) -> None:
        """For good; of a folder the name is taken at once, so that half of it is never taken for the whole.

        Its content goes in `empty`, when no lock is held.
        """
        try:
            size = size_of(path)
            if not self.dry_run:
                if path.is_dir() and not path.is_symlink():
                    self.trash.mkdir(exist_ok=True)
                    self._gone.append(self.trash / f"{GONE}{random_text(8)}")
                    path.rename(self._gone[-1])
                else:
                    path.unlink()
            self.note(kind, path, size, reason, "remove")
        except FileNotFoundError:
            return
        except OSError as error:
            self.keep(kind, path, error)

    def empty(self) -> None:
        """Removes what folders held whose names are gone already."""
        for number, folder in enumerate(self._gone, 1):
            shutil.rmtree(folder, ignore_errors=True)  # what cannot go is tried again the next time
            self.tell("emptying the trash", number, len(self._gone))
        self._gone.clear()

    def keep(self, kind: str, path: Path | str, error: OSError) -> None:
        self.note(kind, path, 0, f"could not be taken away: {error.strerror or error}", "keep")


def period(value: float) -> str:
    """Seconds as what people give after --older-than: '1 day', '12 hours'."""
    units = {86_400: "day", 3600: "hour", 60: "minute", 1: "second"}
    unit = next((unit for unit in units if value >= unit), 1)
    count = f"{value / unit:g}"
    return f"{count} {units[unit]}{'' if count == '1' else 's'}"
