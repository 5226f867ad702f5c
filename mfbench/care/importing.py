"""Import: an archive, which may be anybody's, is checked through and through, and then taken in.

Nothing that it holds is loaded or run. What is here already stays as it is: an import adds, and never changes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mfbench.care.adopting import DELETED_HERE, Incoming, Taken, incoming, refuse_full, same_run
from mfbench.care.archive import RunRecord
from mfbench.care.foreign import compare, read_foreign
from mfbench.care.journals import LOST, fingerprint, read_journal
from mfbench.care.zipped import Archive, open_archive
from mfbench.core.errors import DamageError
from mfbench.core.progress import Progress
from mfbench.journal.deletions import deletions
from mfbench.journal.ledger import Entry, read_ledger
from mfbench.registry.adopted import Item, arrivals
from mfbench.workspace.workspace import Workspace

IMPORTED = "imported"


def import_archive(
    workspace: Workspace, path: Path, *, dry_run: bool = False, progress: Progress | None = None
) -> dict[str, Any]:
    """Takes an archive in: {runs, models, renumbered, skipped, lost, missing, cached, bytes}.

    runs, models: what is new here. renumbered: versions whose number here is another one than there. skipped: {what,
    name, reason} of what was there already, or was deleted here. lost: runs without an end, which count as lost here.
    missing: digests of content that is named and nowhere. dry_run: everything is checked, nothing is taken in.
    Raises UsageError for a file that is no archive, DamageError for one that is not what was written, DiskError where
    it does not fit; nothing is changed then.
    """
    workspace.require_writable("import")
    taken = Taken()
    with open_archive(path) as archive:
        refuse_full(workspace, archive.bytes)
        with incoming(workspace, taken, "import") as staged:
            _Import(archive, staged, progress).stage()
            if dry_run:
                staged.foresee()
            else:
                staged.admit(lambda so_far, entries: _entry(archive, so_far, entries))
    return taken.as_dict()


class _Import:
    """Fills the folder of what is on its way in from an archive."""

    def __init__(self, archive: Archive, staged: Incoming, progress: Progress | None) -> None:
        self.archive, self.staged, self.progress = archive, staged, progress
        self.workspace, self.taken = staged.workspace, staged.taken
        self.deleted = deletions(read_ledger(self.workspace.ledger))
        self.done = 0

    def stage(self) -> None:
        index = self.archive.index
        for digest, size in index.blobs.items():
            name = f"blobs/{digest}"
            self.staged.add_blob(digest, size, lambda path, name=name: self.archive.extract(name, path))  # type: ignore[misc]
            self._advance(size)
        for run in index.runs:
            self._stage_run(run)
        if index.ledger:
            self._stage_models()
        elif index.models:
            raise DamageError("the archive holds models without their ledger", where=self.archive.where)

    def _stage_run(self, run: RunRecord) -> None:
        size = sum(content.bytes for content in run.files.values())
        here = self.workspace.run_folder(run.id)
        folder = self.staged.run_folder(run.id)
        if run.id in self.deleted:
            self.taken.skip("run", run.id, DELETED_HERE.format(run.id))
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
            self.taken.skip("run", run.id, same_run(fingerprint(here), fingerprint(folder)))
            return None
        self.staged.runs.append(run.id)
        self.taken.bytes += size
        self.taken.missing |= {digest for digest in journal.named if not self.staged.has_blob(digest)}
        if journal.status == LOST:
            self.taken.lost.append(run.id)
        return None

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
