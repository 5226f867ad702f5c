"""Blobs: whether each one that is needed is there, and holds what its name says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mfbench.bundle.manifest import parse_manifest
from mfbench.care.elsewhere import Elsewhere
from mfbench.care.findings import Finding, Look, beyond, short
from mfbench.care.needed import report_blobs
from mfbench.core.errors import DamageError
from mfbench.core.hashing import digest_file, is_digest
from mfbench.core.text import plural
from mfbench.journal.blobs import Blobs

MODEL = "restore it from a copy of the workspace; files of a bundle are made anew when the recipe of its run runs again"
ARTIFACT = "restore it from a copy, run its recipe again (a step's output), or give the run up: mfbench runs delete"
READ = "give yourself the right to read it: chmod u+r"
STEP = 1 << 26  # bytes between two words about progress


def examine_blobs(look: Look) -> Iterator[Finding]:
    """After journals and ledgers, which say what is needed."""
    yield from _manifests(look)
    for digest, name in report_blobs(look.entries).items():
        look.need(digest, None, run=f"drift report {name[:40]}")
    sizes, writable = _listing(look)
    for name in _strays(look):
        yield beyond("blob.stray", f"blobs/{name}", "this is no file", "move it away")
    unread: dict[str, str] = {}
    wrong = dict(_wrong(look, sizes, unread))
    for digest, why in unread.items():
        yield beyond("blob.unreadable", f"blobs/{digest}", f"it cannot be read: {why}", READ)
    blobs, elsewhere = Blobs(look.workspace.blobs), Elsewhere(look.workspace)
    for digest, why in wrong.items():
        need = look.needs.get(digest)
        who = f"; needed by {need.told()}" if need else "; nothing is known to need it"
        code = "model.damaged" if need and need.models else "blob.damaged"
        yield Finding(code, f"blobs/{digest}", f"it is not what was written: {why}{who}")
    for digest, need in look.needs.items():
        if digest not in sizes and not blobs.path(digest).is_file():
            source = elsewhere.find(digest, need.size)
            remedy = MODEL if need.models else ARTIFACT
            found = Finding if source else beyond
            code = "model.missing" if need.models else "blob.missing"
            told = f"{need.told()}: its content is missing" + (f"; it is still in {source}" if source else "")
            yield found(code, f"blobs/{digest}", told, *(() if source else (remedy,)))
    if writable:
        told = f"{plural(len(writable), 'blob')} can be written to: {short(writable)}"
        yield Finding("blob.mode", "blobs", told)


def is_right(path: Path, digest: str | None = None) -> bool:
    """Whether a file holds what its name, or `digest`, says."""
    return digest_file(path) == (digest or path.name)


def writable_blobs(look: Look) -> list[str]:
    return _listing(look)[1]


def _listing(look: Look) -> tuple[dict[str, int], list[str]]:
    """(bytes by digest, those that are not read-only)."""
    sizes: dict[str, int] = {}
    writable: list[str] = []
    try:
        with os.scandir(look.workspace.blobs) as entries:
            for entry in entries:
                if is_digest(entry.name) and entry.is_file(follow_symlinks=False):
                    state = entry.stat()
                    sizes[entry.name] = state.st_size
                    if state.st_mode & 0o222:
                        writable.append(entry.name)
    except OSError:  # the folder is missing or closed: told by itself
        pass
    return sizes, sorted(writable)


def _strays(look: Look) -> list[str]:
    """What has the name of a blob and cannot be one."""
    try:
        with os.scandir(look.workspace.blobs) as entries:
            return [one.name for one in entries if is_digest(one.name) and not one.is_file(follow_symlinks=False)]
    except OSError:
        return []


def _wrong(look: Look, sizes: dict[str, int], unread: dict[str, str]) -> Iterator[tuple[str, str]]:
    """(digest, why) of blobs that do not hold what they should; their content is read unless the look is a fast one.

    Those that cannot be read are added to `unread`, with the reason.
    """
    done = told = 0
    total = sum(sizes.values())
    for digest, size in sizes.items():
        need = look.needs.get(digest)
        if need and need.size not in (None, size):
            yield digest, f"{plural(size, 'byte')} in place of {need.size:,}"
        elif not look.fast:
            try:
                if not is_right(look.workspace.blobs / digest):
                    yield digest, "its content has changed"
            except FileNotFoundError:  # gc has taken it meanwhile
                continue
            except OSError as error:
                unread[digest] = error.strerror or str(error)
        done += size
        if done - told > STEP:
            look.tell("reading blobs", done, total)
            told = done


def _manifests(look: Look) -> Iterator[Finding]:
    """Adds what the bundles of registered versions consist of to what is needed."""
    blobs = Blobs(look.workspace.blobs)
    for entry in look.entries:
        if entry.kind != "model.version":
            continue
        body = entry.body
        name = f"the bundle of model {body['model']}:{body['version']} (run {body['run']})"
        look.need(body["digest"], None, model=name)
        if is_digest(body.get("provenance")):
            look.need(body["provenance"], None, model=f"the provenance of model {body['model']}:{body['version']}")
        try:
            files = parse_manifest(blobs.read(body["digest"]), name).files
        except OSError:  # told by what stands in its place
            continue
        except DamageError as error:
            if blobs.has(body["digest"]) and error.where == name:
                yield beyond("model.unreadable", f"blobs/{body['digest']}", error.message, error.hint or MODEL)
            continue
        for path, file in files.items():
            look.need(file.sha256, file.bytes, model=f"{path} of model {body['model']}:{body['version']}")
