"""What nobody needs any more beside blobs: old trash, and what killed writers have left half made."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from mfbench.care.deletion import finish_moves, open_moves
from mfbench.care.garbage import GONE, Collection, period
from mfbench.core.errors import UsageError
from mfbench.core.machine import host
from mfbench.journal.deletions import last_decisions
from mfbench.journal.ledger import Entry, open_ledger, read_ledger
from mfbench.workspace.locks import remove_free
from mfbench.workspace.queue import FOLDER as QUEUE

KINDS = ("blobs", "cache")  # folders in the trash whose files are looked at one by one
_BACKUP = re.compile(r"\.v\d+")


def collect_trash(found: Collection) -> list[str]:
    """Finishes deletions that were interrupted, and takes what has lain in the trash for long: the runs left in all.

    Under the ledger's lock: no run is deleted or restored between the look and the move, and the names are exactly
    those of the runs that exist.
    """
    workspace = found.workspace
    if found.dry_run:
        return _collect_trash(found, read_ledger(workspace.ledger))
    with open_ledger(workspace.ledger) as ledger:
        return _collect_trash(found, ledger.entries)


def _collect_trash(found: Collection, entries: list[Entry]) -> list[str]:
    workspace = found.workspace
    moves = open_moves(workspace, entries) if found.dry_run else finish_moves(workspace, entries)
    for source, target in moves:
        deleted = target.parent == found.trash
        reason = "deleted by the ledger" if deleted else "restored by the ledger"
        found.note("run", source, 0, reason, "trash" if deleted else "restore")
    decided = last_decisions(entries)
    back = {source.name for source, target in moves if target.parent != found.trash}
    kept: list[str] = []
    for entry in listing(found.trash):
        if entry.name in KINDS or entry.name in back:
            continue
        path, is_run = Path(entry.path), entry.name.partition(".")[0] in decided
        if entry.name.startswith(GONE):
            found.remove("trash", path, "a removal that was interrupted")
        elif found.is_old(entry.stat(follow_symlinks=False)):
            found.remove("run" if is_run else "trash", path, f"in the trash for more than {period(found.older_than)}")
        elif entry.is_dir(follow_symlinks=False):
            kept.append(entry.name)
    return [*workspace.run_names(), *kept]


def collect_staged(found: Collection, in_runs: list[str]) -> None:
    """Files that were to get their name once they are whole. `in_runs`: those in folders of runs."""
    home = found.workspace
    places = [home.blobs, home.cache, home.cache / "sources", home.live, home.ledgers, home.root / QUEUE, home.root]
    paths = [Path(path) for path in in_runs]
    paths += [Path(one.path) for place in places for one in listing(place) if _is_staged(one, place == home.root)]
    for path in paths:
        if _is_old(found, path):
            found.remove("staging", path, "a write that was interrupted")
    if home.database.parent == home.root:
        for one in listing(home.root):
            rest = one.name.removeprefix(home.database.name)
            if rest == one.name or not _is_old(found, Path(one.path), linked=True):
                continue
            if rest.startswith((".new", ".rebuilt")):
                found.remove("database", Path(one.path), "a rebuild that was interrupted")
            elif _BACKUP.fullmatch(rest):
                found.remove("database", Path(one.path), "a backup from before a migration")


def collect_work(found: Collection, folders: list[str]) -> None:
    """Scratch folders of steps whose run broke off: a run that is taken up begins its step anew."""
    home, reason = found.workspace, "scratch files of a run that broke off"
    for path in map(Path, folders):
        run = path.parent.name
        if path.parent.parent != home.runs or not _is_old(found, path) or home.is_alive(run):
            continue
        if found.dry_run:
            found.remove("work", path, reason)
            continue
        marked = (home.live / run).exists()
        try:  # held, so that nobody takes the run up and works there meanwhile
            held = home.hold_run(run, {"pid": os.getpid(), "host": host(), "leader": "gc"})
        except (UsageError, OSError):
            continue
        found.remove("work", path, reason)
        os.close(held)
        if not marked:
            remove_free(home.live / run)


def collect_markers(found: Collection) -> None:
    """Markers of runs whose folder is gone; their makers died before there was one, or the run was deleted."""
    home = found.workspace
    for entry in listing(home.live):
        path = Path(entry.path)
        if entry.name[0] == "." or os.path.lexists(home.run_folder(entry.name)) or not _is_old(found, path):
            continue
        if not home.is_alive(entry.name):
            if not found.dry_run:
                remove_free(path)
            found.note("marker", path, 0, "its run is gone", "remove")


def _is_staged(entry: os.DirEntry[str], in_root: bool) -> bool:
    """Names that writers stage under; in the workspace's own folder a person may have hidden files too."""
    if entry.name[0] != "." or not entry.is_file(follow_symlinks=False):
        return False
    return re.fullmatch(r"\.[0-9a-z]{8}", entry.name) is not None if in_root else True


def _is_old(found: Collection, path: Path, linked: bool = False) -> bool:
    try:
        return found.is_old(path.lstat(), linked=linked)
    except (FileNotFoundError, NotADirectoryError):
        return False


def listing(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            yield from found
    except FileNotFoundError:  # some tools leave empty folders out of a copy
        return
