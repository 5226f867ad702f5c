"""Import: an archive, which may be anybody's, is checked through and through, and then taken in.

Nothing that it holds is loaded or run. What is here already stays as it is: an import adds, and never changes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mfbench.care.adopting import DELETED_HERE, HERE, Incoming, Taken, incoming, refuse_full, same_run
from mfbench.care.archive import RunRecord
from mfbench.care.foreign import compare, read_foreign
from mfbench.care.journals import LOST, fingerprint, read_journal
from mfbench.care.zipped import Archive, open_archive
from mfbench.core.errors import DamageError
from mfbench.core.progress import Progress
from mfbench.journal.deletions import deletions
from mfbench.journal.ledger import Entry, read_ledger
from mfbench.journal.sealed import SEALED
from mfbench.registry.adopted import Item, arrivals
from mfbench.workspace.workspace import Workspace

IMPORTED = "imported"


def import_archive(
    workspace: Workspace, path: Path, *, dry_run: bool = False, restore: bool = False, progress: Progress | None = None
) -> dict[str, Any]:
    """Takes an archive in: {runs, models, renumbered, skipped, lost, missing, cached, bytes}.

    runs, models: what is new here. renumbered: versions whose number here is another one than there. skipped: {what,
    name, reason} of what was there already, or was deleted here. lost: runs without an end, which count as lost here.
    missing: digests of content that is named and nowhere. dry_run: everything is checked, nothing is taken in.
    restore: runs that were deleted here come back from the archive.
    Raises UsageError for a file that is no archive, DamageError for one that is not what was written, DiskError where
    it does not fit; nothing is changed then.
    """
    workspace.require_writable("import")
    taken = Taken()
    with open_archive(path) as archive:
        refuse_full(workspace, archive.bytes)
        with incoming(workspace, taken, "import") as staged:
            _Import(archive, staged, restore, dry_run, progress).stage()
            if dry_run:
                staged.foresee()
            else:
                staged.admit(lambda so_far, entries: _entry(archive, so_far, entries))
    return taken.as_dict()


class _Import:
    """Fills the folder of what is on its way in from an archive."""

    def __init__(
        self, archive: Archive, staged: Incoming, restore: bool, thorough: bool, progress: Progress | None
    ) -> None:
        """restore: runs that were deleted here, too. thorough: check also what is not taken in."""
        self.archive, self.staged, self.progress = archive, staged, progress
        self.restore, self.thorough = restore, thorough
        self.workspace, self.taken = staged.workspace, staged.taken
        self.deleted = deletions(read_ledger(self.workspace.ledger))
        self.done = 0

    def stage(self) -> None:
        index = self.archive.index
        for digest, size in index.blobs.items():
            self._stage_blob(f"blobs/{digest}", digest, size)
        for run in index.runs:
            self._stage_run(run)
        if index.ledger:
            self._stage_models()
        elif index.models:
            raise DamageError("the archive holds models without their ledger", where=self.archive.where)

    def _stage_blob(self, name: str, digest: str, size: int) -> None:
        new = self.staged.add_blob(digest, size, lambda path: self.archive.extract(name, path))
        if not new and self.thorough:
            self.archive.extract(name, None)
        self._advance(size)

    def _stage_run(self, run: RunRecord) -> None:
        size = sum(content.bytes for content in run.files.values())
        here, folder = self.workspace.run_folder(run.id), self.staged.run_folder(run.id)
        if reason := self._reason_against(run, here):
            self.taken.skip("run", run.id, reason)
            for path in run.files if self.thorough else ():
                self.archive.extract(f"runs/{run.id}/{path}", None)
            return self._advance(size)
        for path, content in run.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            self.archive.extract(f"runs/{run.id}/{path}", folder / path)
            self._advance(content.bytes)
        journal = read_journal(run.id, folder)
        listed = {path: content for path, content in run.files.items() if path.startswith("events/")}
        if journal.files != listed or journal.damaged != run.damaged:
            told = f"the journal of run {run.id} is not what was exported: it holds what no run has written"
            raise DamageError(told, where=self.archive.where)
        if here.exists():
            self.taken.skip("run", run.id, same_run(here, folder))
            return None
        self.staged.runs.append(run.id)
        if run.id in self.deleted:
            self.staged.restored.add(run.id)
        self.taken.bytes += size
        self.taken.missing |= {digest for digest in journal.named if not self.staged.has_blob(digest)}
        if journal.status == LOST:
            self.taken.lost.append(run.id)
        return None

    def _reason_against(self, run: RunRecord, here: Path) -> str | None:
        """Why a run is not even looked at."""
        if run.id in self.deleted and not (self.restore and not here.exists()):
            restorable = here.exists() or (self.workspace.root / "trash" / run.id).exists()
            return DELETED_HERE.format(run.id) if restorable else "it was deleted here; to take it in: --restore"
        if not here.exists() or (here / "events" / SEALED).exists():
            return None
        listed = {path: content.sha256 for path, content in run.files.items() if path.startswith("events/")}
        told = {f"events/{segment}": digest for segment, digest in fingerprint(here).items()}
        return HERE if told == listed else None

    def _stage_models(self) -> None:
        """Versions by what the ledger that came along says of them; it has to bear the archive out."""
        index, where = self.archive.index, self.archive.where
        path = self.staged.folder / "ledger.jsonl"
        self.archive.extract(f"ledger/{index.workspace}.jsonl", path)
        foreign = read_foreign(path, index.workspace)
        told = arrivals(foreign.entries, index.workspace, where)
        if foreign.head != index.head:
            raise DamageError("the ledger in the archive does not end where the archive says", where=where)
        for model in index.models:
            arrival = told.get(f"{model.name}:{model.version}")
            if arrival is None or arrival.digest != model.digest:
                raise DamageError(f"no ledger knows of the version {model.name}:{model.version}", where=where)
            self.staged.add_version(arrival)
        if index.workspace != self.workspace.id and compare(self.workspace, foreign):
            self.staged.ledgers.append(foreign)

    def _advance(self, size: int) -> None:
        self.done += size
        if self.progress:
            self.progress("checking", self.done, self.archive.bytes)


def _entry(archive: Archive, taken: Taken, entries: list[Entry]) -> Item | None:
    """What the ledger says of the import; None where it brought nothing new and stands there already."""
    before = any(entry.kind == IMPORTED and entry.body.get("archive") == archive.sha256 for entry in entries)
    if not taken.runs and not taken.models and before:
        return None
    index = archive.index
    body = {"from": index.workspace, "head": index.head, "archive": archive.sha256, "runs": len(taken.runs),
            "models": taken.models}  # fmt: skip
    return IMPORTED, body, ""
