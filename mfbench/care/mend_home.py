"""The workspace's marker and folders; and the trash, where everything goes that is replaced."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from mfbench.care.examine_home import ledger_ids, wrong_marker
from mfbench.care.findings import Finding, Look, Mended
from mfbench.core.files import write_whole
from mfbench.core.ids import new_id, random_text
from mfbench.workspace.workspace import FORMAT, Workspace


def make_folder(look: Look, finding: Finding) -> Mended:
    (look.workspace.root / finding.where).mkdir(exist_ok=True)
    lost = "what was in it, unless it was empty" if finding.where in ("runs", "blobs", "ledger") else ""
    return Mended(finding.code, finding.where, "made, empty", lost)


def write_marker(look: Look, finding: Finding) -> Mended | None:
    """The id is the name of the ledger; where there is none, nothing refers to the old one, and a new one will do."""
    if not any(wrong_marker(look)):
        return None
    root = look.workspace.root
    known = ledger_ids(look)
    found = known[0] if known else new_id()
    path = root / finding.where
    kept = f"; the old file is {to_trash(look.workspace, path)}" if path.exists() else ""
    write_whole(path, msgspec.json.encode({"format": FORMAT, "id": found}))
    # The database may be of the other id; it is made anew when it is asked next.
    (root / "store.duckdb").unlink(missing_ok=True)
    told = f"the id is {found}, {'as its ledger says' if known else 'a new one'}{kept}"
    return Mended(finding.code, finding.where, told, "" if known else "its old id")


def to_trash(workspace: Workspace, path: Path) -> str:
    """Moves a damaged file away: where it is now, relative to the workspace."""
    target = trash_name(workspace, path)
    path.rename(target)
    os.utime(target)  # gc takes it once it has lain there for long
    return target.relative_to(workspace.root).as_posix()


def trash_name(workspace: Workspace, path: Path) -> Path:
    trash = workspace.root / "trash"
    trash.mkdir(exist_ok=True)
    return trash / f"damaged-{path.name}.{random_text(6)}"
