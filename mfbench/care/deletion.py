"""Deleting runs and bringing them back.

The ledger says which runs are deleted; where a folder lies only follows it. Deleting is one write to the ledger, then
a move of `runs/<id>` to `trash/<id>` each. Killed between the two, the runs are deleted all the same: nothing that
reads runs looks at their folders any more, and the next deletion, gc or repair finishes the moves. Everything here
holds the ledger's lock from the first look to the last move, so that no two can cross.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mfbench.core.errors import NotFoundError, UsageError, from_os
from mfbench.core.files import fsync
from mfbench.core.ids import random_text
from mfbench.core.text import plural
from mfbench.journal.deletions import DELETED, RESTORED, deletions, last_decisions
from mfbench.journal.ledger import Entry, open_ledger, read_ledger
from mfbench.registry.models import reduce_models
from mfbench.workspace.locks import remove_free
from mfbench.workspace.workspace import Workspace

SHOWN = 5  # of a long list in a message
Move = tuple[Path, Path]


def delete_runs(workspace: Workspace, runs: Sequence[str], reason: str = "") -> list[str]:
    """Deletes all of `runs` (ids, or unique parts of them) or none: their ids, each once.

    Raises NotFoundError for one that is not there, UsageError for one that is alive or that a version of a model came
    from, WorkspaceError where the workspace is read-only.
    """
    workspace.require_writable("delete runs")
    with open_ledger(workspace.ledger) as ledger:
        finish_moves(workspace, ledger.entries)
        chosen = _resolved(workspace, runs, deletions(ledger.entries))
        _refuse_alive(workspace, chosen)
        _refuse_registered(ledger.entries, chosen)
        if not chosen:
            return []
        ledger.append_all([(DELETED, {"run": run}, reason) for run in chosen])
        try:
            # Whoever takes a run up looks into the ledger while it holds the run (`refuse_deleted`); here the ledger
            # is written first, then the holders are looked at again: one of the two sees the other.
            _refuse_alive(workspace, chosen)
        except UsageError:
            ledger.append_all([(RESTORED, {"run": run}, "one was taken up while it was deleted") for run in chosen])
            raise
        _move(workspace, [(workspace.run_folder(run), workspace.root / "trash" / run) for run in chosen])
        for run in chosen:
            remove_free(workspace.live / run)
    return chosen


def refuse_deletion(workspace: Workspace, runs: Sequence[str]) -> None:
    """Raises the UsageError with which `delete_runs` would refuse these ids now; changes nothing."""
    _refuse_alive(workspace, list(runs))
    _refuse_registered(read_ledger(workspace.ledger), list(runs))


def restore_runs(workspace: Workspace, runs: Sequence[str], reason: str = "") -> list[str]:
    """Brings all of `runs` back or none: their ids, each once. Raises NotFoundError for one that gc has taken."""
    workspace.require_writable("restore runs")
    with open_ledger(workspace.ledger) as ledger:
        deleted = deletions(ledger.entries)
        chosen = list(dict.fromkeys(_deleted_run(workspace, text, deleted) for text in runs))
        # Back first, the ledger last: killed between, they are still deleted, and lie as after a deletion that was
        # killed. The other way round a run could stand in the ledger as restored while gc empties the trash.
        moves = [(workspace.root / "trash" / run, workspace.run_folder(run)) for run in chosen]
        moves = [(source, target) for source, target in moves if not os.path.lexists(target)]
        _move(workspace, moves)
        for folder in {path.parent for move in moves for path in move}:
            fsync(folder)
        ledger.append_all([(RESTORED, {"run": run}, reason) for run in chosen] if chosen else [])
    return chosen


def deleted_runs(workspace: Workspace) -> list[dict[str, Any]]:
    """What can be brought back, latest first: {run, deleted, actor, reason, bytes, trashed}.

    deleted: when, UTC. trashed: since when it lies in the trash (UTC), which is what gc goes by; None where the move
    was interrupted.
    """
    found = []
    for run, entry in deletions(read_ledger(workspace.ledger)).items():
        trash, left = workspace.root / "trash" / run, workspace.run_folder(run)
        folder = trash if os.path.lexists(trash) else left
        if os.path.lexists(folder):
            since = datetime.fromtimestamp(folder.lstat().st_mtime, UTC) if folder == trash else None
            deleted = datetime.fromtimestamp(entry.time / 1e6, UTC)
            found.append({"run": run, "deleted": deleted, "actor": entry.actor, "reason": entry.reason,
                          "bytes": size_of(folder), "trashed": since})  # fmt: skip
    return sorted(found, key=lambda row: row["deleted"], reverse=True)


def open_moves(workspace: Workspace, entries: Iterable[Entry]) -> list[Move]:
    """The folders that do not lie where the ledger says: left by a kill, or by power loss."""
    moves = []
    for run, entry in last_decisions(entries).items():
        folder, trash = workspace.run_folder(run), workspace.root / "trash" / run
        if entry.kind == DELETED and os.path.lexists(folder) and not workspace.is_alive(run):
            moves.append((folder, trash))
        elif entry.kind == RESTORED and os.path.lexists(trash) and not os.path.lexists(folder):
            moves.append((trash, folder))
    return moves


def finish_moves(workspace: Workspace, entries: Iterable[Entry]) -> list[Move]:
    """Moves them; the caller holds the ledger's lock, and `entries` is what stands in it."""
    moves = open_moves(workspace, entries)
    _move(workspace, moves)
    for source, _ in moves:
        remove_free(workspace.live / source.name)
    return moves


def refuse_deleted(workspace: Workspace, run: str, marker: int) -> None:
    """For whoever has just taken `run` up and holds `marker`: lets go and raises UsageError where it is deleted."""
    if run in deletions(read_ledger(workspace.ledger)):
        os.close(marker)
        remove_free(workspace.live / run)
        raise UsageError(f"run {run} is deleted", hint=f"bring it back: mfbench runs restore {run}")


def size_of(folder: Path) -> int:
    """The bytes of all files below, links not followed; 0 for what is not there."""
    total = 0
    if folder.is_symlink() or not folder.is_dir():
        return folder.lstat().st_size if os.path.lexists(folder) else 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(f"{place}/{name}").st_size
            except FileNotFoundError:  # taken away just now
                pass
    return total


def _resolved(workspace: Workspace, runs: Sequence[str], deleted: dict[str, Entry]) -> list[str]:
    names = set(workspace.run_names()) - deleted.keys()  # once: a long list must not read the folder for each
    chosen: dict[str, None] = {}
    for text in runs:
        if text in deleted:
            raise NotFoundError(f"run {text} is deleted already", hint="see: mfbench runs deleted")
        chosen[text if text in names else workspace.find_run(text)] = None
    return list(chosen)


def _refuse_alive(workspace: Workspace, runs: list[str]) -> None:
    alive = [run for run in runs if workspace.is_alive(run)]
    if alive:
        hint = f"stop it first: mfbench runs stop {alive[0]}"
        raise UsageError(f"{_listed(alive)} still running; nothing was deleted", hint=hint)


def _refuse_registered(entries: list[Entry], runs: list[str]) -> None:
    wanted = set(runs)
    names: dict[str, list[str]] = {}
    for model in reduce_models(entries).values():
        for version in model.versions.values():
            if version.run in wanted:
                names.setdefault(version.run, []).append(version.name)
    if names:
        versions = [name for found in names.values() for name in found]
        told = ", ".join(versions[:SHOWN]) + (f" and {len(versions) - SHOWN} more" if len(versions) > SHOWN else "")
        hint = "a version keeps the run that it came from: leave out " + ", ".join(list(names)[:SHOWN])
        raise UsageError(f"{told} came from {_listed(list(names), verb=False)}; nothing was deleted", hint=hint)


def _listed(runs: list[str], verb: bool = True) -> str:
    if len(runs) == 1:
        return f"run {runs[0]}" + (" is" if verb else "")
    more = " …" if len(runs) > SHOWN else ""
    return f"{plural(len(runs), 'run')} ({', '.join(runs[:SHOWN])}{more})" + (" are" if verb else "")


def _deleted_run(workspace: Workspace, text: str, deleted: dict[str, Entry]) -> str:
    """The deleted run that `text` means: an id, or a unique beginning or end of one."""
    hint = "see what can be brought back: mfbench runs deleted"
    found = (
        [text] if text in deleted else sorted(r for r in deleted if text and (r.startswith(text) or r.endswith(text)))
    )
    there = [run for run in found if any(os.path.lexists(path) for path in _places(workspace, run))]
    if len(there) == 1:
        return there[0]
    if there:
        raise NotFoundError(
            f"{text!r} means {len(there)} deleted runs", hint="among them: " + ", ".join(there[-SHOWN:])
        )
    if found:
        raise NotFoundError(f"run {found[0]} cannot come back: gc has taken it from the trash", hint=hint)
    raise NotFoundError(f"no deleted run is {text!r}", hint=hint)


def _places(workspace: Workspace, run: str) -> tuple[Path, Path]:
    return workspace.root / "trash" / run, workspace.run_folder(run)


def _move(workspace: Workspace, moves: Sequence[Move]) -> None:
    """Renames; what goes to the trash is as old as its move. One that is where it should be already is fine."""
    for source, target in moves:
        try:
            target.parent.mkdir(exist_ok=True)
            os.utime(source, follow_symlinks=False)
            # What lies there is of an earlier deletion, or was put back by hand: what comes back is the last.
            if target.parent != workspace.runs and os.path.lexists(target):
                target.rename(target.with_name(f"{target.name}.{random_text(6)}"))
            source.rename(target)
        except FileNotFoundError:  # taken away by hand
            continue
        except OSError as error:
            raise from_os(error, f"{source.name} could not be moved to {target.parent.name}/") from error
    if moves:
        workspace.touch_runs()
