"""The part of the Workbench that looks after the workspace itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mfbench.core.progress import Progress
from mfbench.workspace.workspace import Workspace

PathLike = str | os.PathLike[str]


class Upkeep:
    """Everything here writes to the workspace or to a file that is named; see `mfbench doctor --help` and the like."""

    workspace: Workspace

    def doctor(self, *, repair: bool = False, fast: bool = False, progress: Progress | None = None) -> dict[str, Any]:
        """What is damaged: {problems, repaired}.

        problems: [{code, where, what, remedy, mendable}]. repaired: [{code, where, what, lost, failed}]. `where` is a
        path inside the workspace; of what an executor has left behind it is the name that its engine has for it.

        repair: mend what can be mended, then look again. fast: do not read the content of blobs.
        """
        from mfbench.api import leftovers
        from mfbench.care.doctor import examine
        from mfbench.care.repair import mend

        # What still runs for a lost run is ended first, so that nothing writes to what is mended.
        repaired = [*leftovers.mend(self.workspace), *mend(self.workspace, progress=progress)] if repair else []
        problems = [*examine(self.workspace, fast=fast, progress=progress), *leftovers.findings(self.workspace)]
        return {"problems": [one.as_dict() for one in problems], "repaired": [one.as_dict() for one in repaired]}

    def rebuild(self, progress: Progress | None = None) -> int:
        """Makes the database anew from the journals and the ledger: how many runs it holds. Nothing deleted returns."""
        from mfbench.store.store import Store

        return Store(self.workspace).rebuild(progress)

    def gc(
        self, *, dry_run: bool = False, older_than: float = 86_400.0, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Takes away what nothing refers to: {items: [{kind, path, bytes, reason, action}], bytes}.

        older_than: seconds; what is younger stays. dry_run: only says what would go. Environments stay for as long as
        the configuration says (`[environment] keep`) even where that is longer; containers of runs that are over go at
        once. `path` is inside the workspace; of these two it is the name that their engine has for them.
        """
        from mfbench.api import leftovers
        from mfbench.care.gc import collect

        items = collect(self.workspace, dry_run=dry_run, older_than=older_than, progress=progress)
        items += leftovers.collect(self.workspace, dry_run=dry_run, older_than=older_than)
        return {"items": [item.as_dict() for item in items], "bytes": sum(item.bytes for item in items)}

    def delete_runs(self, runs: Sequence[str], reason: str = "") -> list[str]:
        """Moves runs to the trash, from which `restore_runs` brings them back until gc empties it: their ids.

        All or none: raises UsageError for a run that is alive, or that a version of a model came from.
        """
        from mfbench.care.deletion import delete_runs

        return delete_runs(self.workspace, runs, reason)

    def deleted_runs(self) -> list[dict[str, Any]]:
        """What lies in the trash and can be restored, latest first: {run, deleted, actor, reason, bytes, trashed}."""
        from mfbench.care.deletion import deleted_runs

        return deleted_runs(self.workspace)

    def restore_runs(self, runs: Sequence[str], reason: str = "") -> list[str]:
        """Brings deleted runs back: their ids. Raises NotFoundError for one that is not in the trash."""
        from mfbench.care.deletion import restore_runs

        return restore_runs(self.workspace, runs, reason)

    def export(
        self,
        path: PathLike,
        *,
        runs: Sequence[str] = (),
        models: Sequence[str] = (),
        force: bool = False,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Writes runs and versions of models with all that belongs to them to one file: {path, runs, models, bytes}."""
        from mfbench.care.exporting import export

        return export(self.workspace, Path(path), runs, models, force=force, progress=progress)

    def import_(
        self, path: PathLike, *, dry_run: bool = False, restore: bool = False, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Takes an archive of `export` in: {runs, models, skipped, bytes}; what is there already is left as it is.

        restore: runs that were deleted here come back from the archive.
        Raises DamageError for an archive that is not what was written, UsageError for one that `export` never wrote.
        """
        from mfbench.care.importing import import_archive

        return import_archive(self.workspace, Path(path), dry_run=dry_run, restore=restore, progress=progress)

    def merge(self, other: PathLike, *, dry_run: bool = False, progress: Progress | None = None) -> dict[str, Any]:
        """Takes everything of another workspace in: {runs, models, renumbered, skipped, bytes, heads}."""
        from mfbench.care.merging import merge
        from mfbench.workspace.workspace import require

        return merge(self.workspace, require(other), dry_run=dry_run, progress=progress)
