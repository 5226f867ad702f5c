"""Blobs and cached steps: what is wrong goes away, what is still somewhere comes back."""

from __future__ import annotations

import os
from pathlib import Path

from mfbench.care.elsewhere import Elsewhere
from mfbench.care.examine_blobs import is_right, writable_blobs
from mfbench.care.examine_cache import why_useless
from mfbench.care.findings import Finding, Look, Mended
from mfbench.care.mend_home import to_trash, trash_name
from mfbench.core.text import plural
from mfbench.journal.blobs import Blobs


def replace_blob(look: Look, finding: Finding) -> Mended | None:
    """Moves a wrong blob to the trash, and takes its content from where it is still right."""
    digest, home = finding.name, look.workspace
    blobs, need = Blobs(home.blobs), look.needs.get(digest)
    told, moved = "", _away(look, blobs.path(digest))
    if moved:
        told = f"the wrong file is {moved.relative_to(home.root).as_posix()}"
    source = Elsewhere(home).find(digest, need.size if need else None)
    if source and not blobs.has(digest):
        blobs.take(home.root / source)
        return Mended(finding.code, finding.where, "; ".join(filter(None, (f"restored from {source}", told))))
    if not moved:
        return None
    return Mended(finding.code, finding.where, told, need.told() if need else "nothing that anybody is known to need")


def _away(look: Look, path: Path) -> Path | None:
    """Looked at once more after the move: whoever stored it anew meanwhile has stored it right."""
    if not path.exists() or is_right(path):
        return None
    target = trash_name(look.workspace, path)
    path.rename(target)
    if is_right(target, path.name) and not path.exists():
        target.rename(path)
        return None
    os.utime(target)  # gc takes it once it has lain there for long
    return target


def lock_blobs(look: Look, finding: Finding) -> Mended | None:
    names = writable_blobs(look)
    if not names:  # they were wrong as well, and are in the trash
        return None
    for name in names:
        try:
            (look.workspace.blobs / name).chmod(0o444)
        except FileNotFoundError:  # gc has taken it meanwhile
            continue
    return Mended(finding.code, finding.where, f"{plural(len(names), 'blob')} made read-only")


def drop_entry(look: Look, finding: Finding) -> Mended | None:
    path = look.workspace.root / finding.where
    if not why_useless(path, Blobs(look.workspace.blobs)):
        return None
    if path.is_dir():
        to_trash(look.workspace, path)
    else:
        path.unlink(missing_ok=True)
    return Mended(finding.code, finding.where, "removed: the step runs again when it is needed")
