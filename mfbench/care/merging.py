"""Merge: everything of another workspace that this one does not have. The other one is only read."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mfbench.care.adopting import DELETED_HERE, Incoming, Taken, incoming, same_run
from mfbench.care.archive import Content, is_id
from mfbench.care.cached import outputs
from mfbench.care.foreign import ForeignLedger, compare, read_foreign
from mfbench.care.journals import LOST, other_files, read_journal
from mfbench.care.needed import report_blobs
from mfbench.care.zipped import CHUNK
from mfbench.core.errors import DamageError, UsageError
from mfbench.core.hashing import digest_file, is_digest
from mfbench.core.progress import Progress
from mfbench.journal.blobs import Blobs
from mfbench.journal.deletions import deletions
from mfbench.journal.ledger import Entry, read_from, read_ledger
from mfbench.registry.adopted import Item, arrivals
from mfbench.registry.models import reduce_models
from mfbench.workspace.workspace import Workspace

MERGED = "merged"
_CLONE = 0x40049409  # FICLONE of Linux: a copy that shares its blocks, where the file system can


def merge(
    workspace: Workspace, other: Workspace, *, dry_run: bool = False, progress: Progress | None = None
) -> dict[str, Any]:
    """Takes everything of `other` in: {runs, models, renumbered, skipped, lost, missing, cached, bytes, heads}.

    As an import returns it, and: cached, how many finished steps were learned; heads, the hashes of the last lines of
    both ledgers before, {here, there}. Runs that are deleted or running there are left out. A second merge brings only
    what is new. Raises UsageError where `other` is this workspace or a copy, DamageError where a ledger of the two does
    not hold or has gone another way than the copy of it here.
    """
    refuse_same(workspace, other)
    workspace.require_writable("take another workspace in")
    taken = Taken()
    head = read_from(other.ledger)[1]
    heads = {"here": read_from(workspace.ledger)[1], "there": head}
    with incoming(workspace, taken, "merge") as staged:
        _Merge(other, staged, dry_run, progress).stage()
        if dry_run:
            staged.foresee()
        else:
            staged.admit(lambda so_far, entries: _entry(workspace, other, head, so_far, entries))
    return taken.as_dict() | {"heads": heads}


def refuse_same(workspace: Workspace, other: Workspace) -> None:
    """Raises UsageError where one is the other, a copy of it, or lies inside of it."""
    here, there = workspace.root.resolve(), other.root.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise UsageError("a workspace cannot be merged with itself", where=str(other.root))
    if workspace.id == other.id:
        hint = "take what is new there with mfbench export, and mfbench import here"
        raise UsageError("the other workspace is a copy of this one: both have one ledger", hint=hint)


class _Merge:
    """Fills the folder of what is on its way in from another workspace; a dry run only counts."""

    def __init__(self, other: Workspace, staged: Incoming, dry_run: bool, progress: Progress | None) -> None:
        self.other, self.staged, self.dry_run, self.progress = other, staged, dry_run, progress
        self.workspace, self.taken = staged.workspace, staged.taken
        self.blobs_there = Blobs(other.blobs)
        staged.readable.append(self.blobs_there)

    def stage(self) -> None:
        for foreign in self._ledgers():  # first: where a chain does not hold, nothing else counts
            if compare(self.workspace, foreign):
                self.staged.ledgers.append(foreign)
                for digest in report_blobs(foreign.entries):
                    self._stage_blob(digest)
        here = deletions(read_ledger(self.workspace.ledger))
        there = deletions(read_ledger(self.other.ledger))
        names = sorted(self.other.run_names())
        for number, run in enumerate(names, 1):
            reason = self._reason_against(run, here, there)
            if reason:
                self.taken.skip("run", run, reason)
            else:
                self._stage_run(run)
            if self.progress:
                self.progress("reading runs", number, len(names))
        self._stage_models()
        self._stage_cache()

    def _ledgers(self) -> Iterator[ForeignLedger]:
        """The other workspace's own ledger, and those that it has from others."""
        for path in sorted(self.other.ledgers.glob("*.jsonl")):
            if is_id(path.stem) and path.is_file():
                yield read_foreign(path, path.stem)

    def _reason_against(self, run: str, here: dict[str, Entry], there: dict[str, Entry]) -> str | None:
        if not is_id(run):
            return "no run has such an id"
        if run in there:
            return "it is deleted there"
        if run in here:
            return DELETED_HERE.format(run)
        if self.other.is_alive(run):
            return "it is running there; merge again when it has ended"
        if self.workspace.run_folder(run).exists():
            return same_run(self.workspace.run_folder(run), self.other.run_folder(run))
        return None

    def _stage_run(self, run: str) -> None:
        source, target = self.other.run_folder(run), self.staged.run_folder(run)
        try:
            journal = read_journal(run, source)
            others, odd = other_files(source)
            sizes = {path: content.bytes for path, content in journal.files.items()}
            sizes |= {path: (source / path).stat().st_size for path in others}
            if not self.dry_run:
                (target / "events").mkdir(parents=True)
                for path, size in sizes.items():
                    _copy(source / path, target / path, size, journal.files.get(path))
        except (DamageError, FileNotFoundError) as error:
            shutil.rmtree(target, ignore_errors=True)
            gone = isinstance(error, FileNotFoundError)
            return self.taken.skip("run", run, "it was taken away meanwhile" if gone else str(error.args[0]))
        for path in odd:
            self.taken.skip("file", f"{run}/{path}", "no plain file, or no name for every system")
        for digest in journal.named:
            self._stage_blob(digest)
        self.staged.runs.append(run)
        self.taken.bytes += sum(sizes.values())
        if journal.status == LOST:
            self.taken.lost.append(run)
        return None

    def _stage_blob(self, digest: str) -> bool:
        """Whether the content is here, or on its way now."""
        path = self.blobs_there.path(digest)
        try:
            size = path.stat().st_size
            self.staged.add_blob(digest, size, None if self.dry_run else lambda target: _clone(path, target, digest))
        except FileNotFoundError:
            if not self.staged.has_blob(digest):
                self.taken.missing.add(digest)
        except DamageError as error:
            self.taken.missing.add(digest)
            self.taken.skip("content", digest, error.message)
        return self.staged.has_blob(digest)

    def _stage_models(self) -> None:
        known = {
            (version.model, version.digest)
            for model in reduce_models(read_ledger(self.workspace.ledger)).values()
            for version in model.versions.values()
        }
        told = arrivals(read_ledger(self.other.ledger), self.other.id, str(self.other.ledger))
        for arrival in told.values():
            if (arrival.model, arrival.digest) not in known:
                manifest = self.staged.manifest(arrival.digest, arrival.name)
                files = [file.sha256 for file in manifest.files.values()] if manifest else []
                for digest in [arrival.digest, *files, *([arrival.provenance] if arrival.provenance else [])]:
                    self._stage_blob(digest)
            self.staged.add_version(arrival)

    def _stage_cache(self) -> None:
        """Finished steps whose outputs are all here now: the same recipe on the same data runs nothing here either."""
        for path in sorted(self.other.cache.glob("*.json")):
            if not is_digest(path.stem) or (self.workspace.cache / path.name).exists() or not path.is_file():
                continue
            try:
                content = path.read_bytes()
                made = outputs(content).values()
            except (OSError, ValueError):
                continue  # the step runs again, as it would there
            if all(is_digest(digest) and self._stage_blob(digest) for digest, _ in made):
                if not self.dry_run:
                    (self.staged.folder / "cache" / path.name).write_bytes(content)
                self.staged.cache.append(path.name)
                self.taken.cached += 1


def _entry(workspace: Workspace, other: Workspace, head: str, taken: Taken, entries: list[Entry]) -> Item | None:
    """What the ledger says of the merge; None where it brought nothing new and nothing was decided there since."""
    before = [
        entry.body.get("head") for entry in entries if entry.kind == MERGED and entry.body.get("from") == other.id
    ]
    if not taken.runs and not taken.models and before[-1:] == [head]:
        return None
    body = {"from": other.id, "head": head, "previous": read_from(workspace.ledger)[1], "runs": len(taken.runs),
            "models": taken.models}  # fmt: skip
    return MERGED, body, ""


def _copy(source: Path, target: Path, size: int, content: Content | None) -> None:
    """The first `size` bytes; where `content` is known, checked."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as reading, target.open("xb") as writing:
        left = size
        while left and (chunk := reading.read(min(CHUNK, left))):
            writing.write(chunk)
            left -= len(chunk)
    if content and digest_file(target) != content.sha256:
        raise DamageError("its journal changed while it was read", where=str(source))


def _clone(source: Path, target: Path, digest: str) -> None:
    """A copy of content, checked; a hard link would let one workspace change what belongs to the other."""
    with source.open("rb") as reading, target.open("xb") as writing:
        try:
            fcntl.ioctl(writing, _CLONE, reading.fileno())
        except OSError:
            shutil.copyfileobj(reading, writing, CHUNK)
    if digest_file(target) != digest:
        target.unlink()
        raise DamageError("it is not what was stored there", where=str(source))
