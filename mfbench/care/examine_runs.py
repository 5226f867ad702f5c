"""Where runs lie: markers of runs that are gone, deletions that were broken off, folders in the trash."""

from __future__ import annotations

import os
from collections.abc import Iterator

from mfbench.care.deletion import open_moves
from mfbench.care.findings import Finding, Look, beyond
from mfbench.care.scan import RUN
from mfbench.journal.deletions import last_decisions


def examine_runs(look: Look) -> Iterator[Finding]:
    home = look.workspace
    for name in _names(home.root / "live"):
        if not os.path.lexists(home.run_folder(name)) and not home.is_alive(name):
            yield Finding("run.marker", f"live/{name}", "a marker without a run: its maker died at once")
    for source, target in open_moves(home, look.entries):
        place = source.relative_to(home.root).as_posix()
        if target.parent == home.runs:
            yield Finding("run.restored", place, "the ledger says that this run was restored, and it is in the trash")
        else:
            yield Finding("run.deleted", place, "the ledger says that this run is deleted, and it is not in the trash")
    decided = last_decisions(look.entries)
    for name in _names(home.root / "trash"):
        if RUN.fullmatch(name) and name not in decided:
            remedy = f"bring it back: mv {home.root}/trash/{name} {home.runs}/; else gc takes it away"
            yield beyond("trash.unknown", f"trash/{name}", "a run that the ledger does not say was deleted", remedy)


def _names(folder: os.PathLike[str]) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if name[0] != ".")
    except OSError:  # a folder that is missing or closed is told by itself
        return []
