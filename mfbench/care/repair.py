"""Mending what can be mended, and saying what was lost.

Each kind of finding has one mender. It looks again, under whatever lock its place has, before it changes anything: so
mending is safe beside running runs, twice at once, and after a kill, when the next repair goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mfbench.care.doctor import FATAL, PARTS, guarded
from mfbench.care.examine_home import examine_home
from mfbench.care.findings import Finding, Look, Mended
from mfbench.care.mend_content import drop_entry, lock_blobs, replace_blob
from mfbench.care.mend_database import rebuild
from mfbench.care.mend_home import make_folder, write_marker
from mfbench.care.mend_ledger import drop_alias, rewrite
from mfbench.care.mend_runs import end_lost, finish_move, remove_marker
from mfbench.core.errors import MfbenchError, from_os
from mfbench.core.progress import Progress
from mfbench.journal import flusher
from mfbench.workspace.workspace import Workspace

Mender = Callable[[Look, Finding], Mended | None]  # None: somebody else has mended it, or it cannot be done now

MENDERS: dict[str, Mender] = {
    "workspace.marker": write_marker,
    "workspace.folder": make_folder,
    "ledger.damaged": rewrite,
    "ledger.broken": rewrite,
    "ledger.odd": rewrite,
    "ledger.alias": drop_alias,
    "run.marker": remove_marker,
    "run.deleted": finish_move,
    "run.restored": finish_move,
    "run.empty": end_lost,
    "run.lost": end_lost,
    "database.damaged": rebuild,
    "database.differs": rebuild,
    "blob.missing": replace_blob,
    "blob.damaged": replace_blob,
    "model.missing": replace_blob,
    "model.damaged": replace_blob,
    "blob.mode": lock_blobs,
    "cache.useless": drop_entry,
}


def mend(workspace: Workspace, progress: Progress | None = None) -> list[Mended]:
    """Mends what can be mended; what remains is found by the next `examine`.

    Raises WorkspaceError where the workspace is read-only.
    """
    workspace.require_writable("be repaired")
    look = Look(workspace, progress=progress)
    mended: list[Mended] = []
    home = list(examine_home(look))
    mended += _mend(look, home)
    if {one.code for one in (examine_home(look) if mended else home)} & set(FATAL):
        return mended
    if any(one.code == "workspace.marker" for one in mended):
        look.workspace = Workspace(workspace.root)  # it has an id now
    for part in PARTS:
        mended += _part(look, part)
    flusher.flush()
    return mended


def _part(look: Look, part: Callable[[Look], Iterator[Finding]]) -> list[Mended]:
    """What a part finds is mended; where the database was made anew, what was compared with it is looked at again."""
    mended = _mend(look, list(guarded(look, part)))
    if any(one.code.startswith("database.") and not one.failed for one in mended):
        mended += _mend(look, list(guarded(look, part)))
    return mended


def _mend(look: Look, found: list[Finding]) -> list[Mended]:
    mended: list[Mended] = []
    for done, finding in enumerate(found):
        if finding.mendable:
            look.tell("mending", done, len(found))
            try:
                one = MENDERS[finding.code](look, finding)
            except MfbenchError as error:  # the others may still be mended
                one = Mended(finding.code, finding.where, _told(error), failed=True)
            except OSError as error:
                one = Mended(finding.code, finding.where, _told(from_os(error, "it cannot be mended")), failed=True)
            if one:
                mended.append(one)
    return mended


def _told(error: MfbenchError) -> str:
    return f"{error.message} ({error.where})" if error.where else error.message
