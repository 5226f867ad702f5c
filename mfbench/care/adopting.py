"""Taking runs, content and versions of another workspace in: all or nothing to the eye, whatever interrupts it.

What comes is written to a folder in `trash/` first, where nobody looks for it and gc takes what a kill has left.
Only when all of it has been checked does it move in, by renames: content first, so that no run ever names what is not
there yet; then whole runs, each of which is right on its own; then the other ledger; and last one write to this
workspace's ledger. Killed in between, the workspace holds some whole runs more, and doing it again does the rest.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from errno import EEXIST, ENOSPC, ENOTEMPTY
from pathlib import Path
from typing import Any

from mfbench.bundle.manifest import Manifest, parse_manifest
from mfbench.care.foreign import ForeignLedger, place
from mfbench.care.journals import fingerprint
from mfbench.core.errors import DamageError, DiskError, from_os
from mfbench.core.files import fsync
from mfbench.core.ids import random_text
from mfbench.core.text import plural
from mfbench.journal.blobs import Blobs
from mfbench.journal.deletions import RESTORED
from mfbench.journal.ledger import Entry, open_ledger, read_ledger
from mfbench.registry.adopted import Arrival, Item, numbered
from mfbench.workspace.workspace import FOREIGN, Workspace

_LARGEST_MANIFEST = 64 << 20
HERE = "it is here already"
DELETED_HERE = "it was deleted here; to bring it back: mfbench runs restore {}"
_FEW = 256  # files that are written out one by one; of more, the whole disk at once is quicker


@dataclass
class Taken:
    """What has been, or with a dry run would be, taken in. `skipped`: {what, name, reason}."""

    runs: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    renumbered: dict[str, str] = field(default_factory=dict)
    skipped: list[dict[str, str]] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    cached: int = 0
    bytes: int = 0

    def skip(self, what: str, name: str, reason: str) -> None:
        self.skipped.append({"what": what, "name": name, "reason": reason})

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "missing": sorted(self.missing)}


class Incoming:
    """What is on its way in. Whoever fills it has checked each thing before it calls `admit`."""

    def __init__(self, workspace: Workspace, taken: Taken) -> None:
        self.workspace, self.taken = workspace, taken
        self.blobs_here = Blobs(workspace.blobs)
        self.folder = workspace.root / "trash" / f".import-{random_text(12)}"
        self.digests: set[str] = set()
        self.readable = [Blobs(self.folder / "blobs"), self.blobs_here]  # where content may be read from
        self.runs: list[str] = []
        self.restored: set[str] = set()  # of the runs: those that were deleted here
        self.cache: list[str] = []  # file names
        self.ledgers: list[ForeignLedger] = []
        self.arrivals: list[Arrival] = []
        for name in ("runs", "blobs", "cache"):
            (self.folder / name).mkdir(parents=True)

    def run_folder(self, run: str) -> Path:
        return self.folder / "runs" / run

    def add_blob(self, digest: str, size: int, write: Callable[[Path], object] | None) -> bool:
        """Whether the content is new; then `write` makes the file that it is given, and checks what it writes."""
        if digest in self.digests or self.blobs_here.claim(digest, size):
            return False
        if write:
            path = self.folder / "blobs" / digest
            write(path)
            path.chmod(0o444)
        self.digests.add(digest)
        self.taken.bytes += size
        return True

    def has_blob(self, digest: str) -> bool:
        return digest in self.digests or self.blobs_here.has(digest)

    def manifest(self, digest: str, name: str) -> Manifest | None:
        """What the bundle lists; None where the manifest itself is not there. Nothing of a bundle is ever loaded."""
        blobs = next((blobs for blobs in self.readable if blobs.has(digest)), None)
        if blobs is None:
            return None
        if blobs.path(digest).stat().st_size > _LARGEST_MANIFEST:
            raise DamageError("the manifest of a bundle is too large to be one", where=name)
        return parse_manifest(blobs.read(digest), name)

    def add_version(self, arrival: Arrival) -> None:
        """A version whose bundle is here or on its way; else it is skipped."""
        manifest = self.manifest(arrival.digest, arrival.name)
        if manifest is None:
            self.taken.skip("model", arrival.name, "its bundle is missing where it comes from")
            return
        self.arrivals.append(arrival)
        named = [file.sha256 for file in manifest.files.values()] + [arrival.provenance] * bool(arrival.provenance)
        self.taken.missing |= {digest for digest in named if not self.has_blob(digest)}

    def admit(self, entry: Callable[[Taken, list[Entry]], Item | None]) -> None:
        """Moves everything in. `entry`: what the ledger says of it all, given what is new and what stands there."""
        _settle(self.folder)
        self._move_blobs()
        self._move_runs()
        for name in self.cache:
            (self.folder / "cache" / name).replace(self.workspace.cache / name)
        with open_ledger(self.workspace.ledger) as ledger:
            for foreign in self.ledgers:
                place(self.workspace, foreign)
            items, new, known = numbered(ledger.entries, self.arrivals)
            self._tell_versions(new, known)
            items += [(RESTORED, {"run": run}, "imported again") for run in self.taken.runs if run in self.restored]
            told = entry(self.taken, ledger.entries)
            if told or items:
                ledger.append_all([*items, *([told] if told else [])])

    def foresee(self) -> None:
        """Says what `admit` would do, and does nothing."""
        self.taken.runs = list(self.runs)
        _, new, known = numbered(read_ledger(self.workspace.ledger), self.arrivals)
        self._tell_versions(new, known)

    def _tell_versions(self, new: dict[str, str], known: dict[str, str]) -> None:
        self.taken.models = list(new.values())
        self.taken.renumbered = {there: here for there, here in new.items() if there != here}
        for there, here in known.items():
            self.taken.skip("model", there, f"it is here as {here}")

    def _move_blobs(self) -> None:
        for digest in self.digests:
            (self.folder / "blobs" / digest).replace(self.blobs_here.path(digest))
        fsync(self.workspace.blobs)

    def _move_runs(self) -> None:
        for run in self.runs:
            # Outside of what is handed on: no archive can bring it, or be without it.
            (self.run_folder(run) / FOREIGN).touch()
            try:
                self.run_folder(run).rename(self.workspace.run_folder(run))
                self.taken.runs.append(run)
            except OSError as error:
                if error.errno not in (EEXIST, ENOTEMPTY):
                    raise
                self.taken.skip("run", run, "it has just come from elsewhere")
        self.workspace.touch_runs()
        fsync(self.workspace.runs)


@contextmanager
def incoming(workspace: Workspace, taken: Taken, doing: str) -> Iterator[Incoming]:
    """The folder for what comes; whatever is left of it afterwards is removed. Raises DiskError where it is full."""
    for name in ("runs", "blobs", "cache", "ledger", "trash"):  # in a copy: some tools leave out empty folders
        (workspace.root / name).mkdir(exist_ok=True)
    staged = None
    try:
        staged = Incoming(workspace, taken)
        yield staged
    except OSError as error:
        told = from_os(error, f"the {doing} broke off")
        if error.errno == ENOSPC:
            told.hint = f"free some space and do it again: the {doing} then does what is missing"
        raise told from error
    finally:
        if staged:
            shutil.rmtree(staged.folder, ignore_errors=True)


def refuse_full(workspace: Workspace, needed: int) -> None:
    """Raises DiskError where the disk cannot take so many bytes: before it is full for everybody else too."""
    free = shutil.disk_usage(workspace.root).free
    if needed > free:
        told = f"{plural(needed, 'byte')} do not fit on the disk, which has {plural(free, 'byte')} left"
        raise DiskError(told, where=str(workspace.root), hint="free some space: nothing was changed")


def same_run(here: Path, there: Path) -> str:
    """Why a run that is here already stays as it is, given the folders of both."""
    try:
        own, other = fingerprint(here), fingerprint(there)
    except (DamageError, OSError) as error:
        told = error.message if isinstance(error, DamageError) else error.strerror
        return f"it is here already; the two cannot be compared: {told}"
    if own == other:
        return HERE
    if all(other.get(segment) == digest for segment, digest in own.items()):
        return "an earlier state of it is here, and stays"
    return "another journal of that run is here, and stays"


def _settle(folder: Path) -> None:
    """Everything below is on disk when this returns: a ledger entry must not outlive what it speaks of."""
    paths = [Path(place) / name for place, _, names in os.walk(folder) for name in ("", *names)]
    if len(paths) > _FEW:
        os.sync()
        return
    for path in paths:
        fsync(path)
