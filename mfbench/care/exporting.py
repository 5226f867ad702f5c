"""Export: runs and versions of models, with all that belongs to them, in one file.

Journals are read once to see what they name, then written as they were then: of a run that goes on meanwhile the
archive holds what it had said until it was read. The archive appears under its name when it is whole, or not at all.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mfbench.bundle.manifest import parse_manifest
from mfbench.care.archive import INDEX, Content, Index, ModelRecord, RunRecord, is_id
from mfbench.care.journals import other_files, read_journal
from mfbench.care.needed import report_blobs
from mfbench.care.zipped import CHUNK, ArchiveWriter
from mfbench.core.about import __version__
from mfbench.core.errors import UsageError
from mfbench.core.hashing import digest_bytes
from mfbench.core.machine import actor
from mfbench.core.progress import Progress
from mfbench.journal.blobs import Blobs
from mfbench.journal.deletions import deletions
from mfbench.journal.ledger import read_from
from mfbench.registry.models import RegisteredModel, Registry, Version, reduce_models
from mfbench.workspace.workspace import Workspace


class _Chosen:
    """What an archive is going to hold."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.blobs_here = workspace, Blobs(workspace.blobs)
        self.entries, self.head, self.ledger_size = read_from(workspace.ledger)
        self.models_here = reduce_models(self.entries)
        self.runs: list[RunRecord] = []
        self.versions: list[Version] = []
        self.blobs: dict[str, int] = {}
        self.missing: dict[str, None] = {}
        self.alive: list[str] = []
        self.left_out: list[str] = []

    def add_run(self, run: str) -> None:
        folder = self.workspace.run_folder(run)
        if not is_id(run):
            self.left_out.append(f"{run}: no run has such an id")
            return
        alive = self.workspace.is_alive(run)
        journal = read_journal(run, folder)
        if not journal.files:
            self.left_out.append(f"{run}: it has no journal")
            return
        others, odd = other_files(folder)
        self.left_out += [f"{run}/{path}" for path in odd]
        files = journal.files | {path: _content(folder / path) for path in others}
        if alive:
            self.alive.append(run)
            journal.status = "running"
        self.runs.append(RunRecord(run, journal.name, journal.status, files, journal.damaged))
        for digest in journal.named:
            self.add_blob(digest)

    def add_version(self, version: Version) -> None:
        """The bundle's manifest, all that it lists, where it comes from, and what drift reports say of it."""
        self.versions.append(version)
        for digest in report_blobs(self.entries, version.digest):
            self.add_blob(digest)
        if version.provenance:
            self.add_blob(version.provenance)
        if self.add_blob(version.digest):
            manifest = parse_manifest(self.blobs_here.read(version.digest), version.name)
            for file in manifest.files.values():
                self.add_blob(file.sha256)

    def add_blob(self, digest: str) -> bool:
        try:
            self.blobs[digest] = self.blobs_here.path(digest).stat().st_size
        except FileNotFoundError:
            self.missing[digest] = None
            return False
        return True

    def index(self) -> Index:
        models = tuple(_model_record(version, self.models_here[version.model]) for version in self.versions)
        return Index(
            workspace=self.workspace.id,
            head=self.head,
            ledger=Content(digest_bytes(self._ledger()), self.ledger_size) if self.versions else None,
            made=time.time_ns() // 1000,
            by=actor(),
            mfbench=__version__,
            runs=tuple(self.runs),
            models=models,
            blobs=self.blobs,
            missing=tuple(self.missing),
        )

    def _ledger(self) -> bytes:
        with self.workspace.ledger.open("rb") as stream:
            return stream.read(self.ledger_size)


def export(
    workspace: Workspace,
    path: Path,
    runs: Sequence[str],
    models: Sequence[str],
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Writes an archive: {path, runs, models, bytes, missing, alive, left_out}.

    runs: ids, or unique parts of them. models: `name`, `name@alias` or `name:version`; each brings its run along.
    missing: digests of content that is named and not there. alive: runs that go on, exported as they stood. left_out:
    files that no archive takes. Raises UsageError where nothing is chosen or `path` exists (unless `force`), and
    NotFoundError.
    """
    if not runs and not models:
        raise UsageError("nothing to export was named", hint="give runs or models: --run RUN, --model NAME, or --all")
    writer = ArchiveWriter(path, force=force)  # refuses a name that is taken before the work begins
    chosen = _Chosen(workspace)
    versions = [_version(chosen, workspace, text) for text in dict.fromkeys(models)]
    wanted = _wanted_runs(chosen, workspace, runs, versions)
    for number, run in enumerate(wanted, 1):
        chosen.add_run(run)
        if progress:
            progress("reading runs", number, len(wanted))
    for version in {version.name: version for version in versions}.values():
        chosen.add_version(version)
    with writer:
        _write(writer, chosen, progress)
    return {
        "path": str(path),
        "runs": [run.id for run in chosen.runs],
        "models": [version.name for version in chosen.versions],
        "bytes": path.stat().st_size,
        "missing": list(chosen.missing),
        "alive": chosen.alive,
        "left_out": chosen.left_out,
    }


def _write(writer: ArchiveWriter, chosen: _Chosen, progress: Progress | None) -> None:
    index, workspace = chosen.index(), chosen.workspace
    entries = index.entries()
    writer.put(INDEX, msgspec.json.encode(index))
    total = sum(content.bytes for content in entries.values())
    done = 0
    for name, content in entries.items():  # its names are those of the workspace's own folders
        writer.put_file(name, workspace.root / name, content)
        done += content.bytes
        if progress:
            progress("writing", done, total)


def _content(path: Path) -> Content:
    """What a file holds now; what is added to it meanwhile is left for the next time."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        left = size = os.fstat(stream.fileno()).st_size
        while left and (chunk := stream.read(min(CHUNK, left))):
            digest.update(chunk)
            left -= len(chunk)
    return Content(digest.hexdigest(), size - left)


def _version(chosen: _Chosen, workspace: Workspace, text: str) -> Version:
    name, _, number = text.partition(":")
    model = chosen.models_here.get(name)
    if model and number.isdecimal() and int(number) in model.versions:  # one reading of the ledger for all of them
        return model.versions[int(number)]
    return Registry(workspace).find(text)


def _wanted_runs(chosen: _Chosen, workspace: Workspace, runs: Iterable[str], versions: Iterable[Version]) -> list[str]:
    deleted = deletions(chosen.entries)
    wanted: dict[str, None] = {}
    for text in runs:
        run = workspace.find_run(text)
        if run in deleted:
            raise UsageError(f"run {run} is deleted", hint=f"bring it back first: mfbench runs restore {run}")
        wanted[run] = None
    for version in versions:
        if workspace.run_folder(version.run).is_dir() and version.run not in deleted:
            wanted[version.run] = None
        else:
            chosen.left_out.append(f"{version.run}: the run that {version.name} came from is not here")
    return list(wanted)


def _model_record(version: Version, model: RegisteredModel) -> ModelRecord:
    champion = model.champion()
    return ModelRecord(
        name=version.model,
        version=version.number,
        digest=version.digest,
        run=version.run,
        champion=champion is not None and champion.number == version.number,
        registered=version.registered,
        actor=version.actor,
        metrics=version.metrics,
        origin=version.origin,
    )
