"""Runs without an end, markers of runs that are gone, and folders that do not lie where the ledger says."""

from __future__ import annotations

import os
from pathlib import Path

from mfbench.care.deletion import finish_moves, refuse_deleted
from mfbench.care.findings import REPAIR, Finding, Look, Mended
from mfbench.care.headers import WRITER
from mfbench.care.scan import scan
from mfbench.core.errors import UsageError
from mfbench.core.machine import host
from mfbench.journal.ledger import open_ledger
from mfbench.journal.segment import SegmentWriter
from mfbench.workspace.locks import remove_free

LOST = {
    "type": "Lost",
    "message": f"its leader died without an end; ended by {REPAIR}",
    "where": None,
    "hint": "go on with it: mfbench runs resume",
    "code": 1,
}


def end_lost(look: Look, finding: Finding) -> Mended | None:
    """Takes the run up as a resume would, so that nobody else can, and writes its end."""
    home, run = look.workspace, finding.name
    try:
        marker = home.hold_run(run, {"pid": os.getpid(), "host": host(), "leader": WRITER})
        refuse_deleted(home, run, marker)
    except UsageError:  # it was taken up, or deleted, meanwhile
        return None
    try:
        folder = home.run_folder(run)
        if not folder.is_dir() or scan(home, run).ended:
            return None
        (folder / "events").mkdir(exist_ok=True)
        # No segment of another is touched: this is one of our own, and the last word by its time.
        writer = SegmentWriter(folder / "events", WRITER, run=run)
        writer.write("run.ended", "failed", LOST, None)
        writer.close()
    finally:
        os.close(marker)  # the marker itself goes once the end is in the database
    lost = "" if finding.code == "run.lost" else "whatever it has done: nothing of that was written down"
    told = "ended as failed" + ("; it can still be resumed" if (folder / "job.json").is_file() else "")
    return Mended(finding.code, finding.where, told, lost)


def remove_marker(look: Look, finding: Finding) -> Mended | None:
    path = look.workspace.root / finding.where
    remove_free(path)
    return None if os.path.lexists(path) else Mended(finding.code, finding.where, "removed")


def finish_move(look: Look, finding: Finding) -> Mended | None:
    """All of them at once, under the ledger's lock; each is told by its own finding."""
    source: Path = look.workspace.root / finding.where
    with open_ledger(look.workspace.ledger) as ledger:
        finish_moves(look.workspace, ledger.entries)
    if os.path.lexists(source):
        return None
    told = "moved to the trash" if finding.code == "run.deleted" else "moved back to the runs"
    return Mended(finding.code, finding.where, told)
