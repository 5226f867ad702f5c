"""The database, made anew from the journals. The old file goes to the trash: it may hold what a journal has lost."""

from __future__ import annotations

import os
import shutil

from mfbench.care.findings import Finding, Look, Mended
from mfbench.care.mend_home import trash_name
from mfbench.core.text import plural
from mfbench.store.store import Store


def rebuild(look: Look, finding: Finding) -> Mended:
    """Readers go on with the old one until the new one takes its place, whole."""
    home = look.workspace
    kept = trash_name(home, home.database)
    if home.database.exists():
        try:
            os.link(home.database, kept)
        except OSError:  # it lies on another disk, or on one without links
            shutil.copyfile(home.database, kept)
        os.utime(kept)
    runs = Store(home).rebuild(look.progress)
    place = f"; the old file is {kept.relative_to(home.root).as_posix()}" if kept.exists() else ""
    lost = "in lists and queries, what only the old database still had" if finding.code == "database.differs" else ""
    return Mended(finding.code, finding.where, f"made anew from the journals of {plural(runs, 'run')}{place}", lost)
