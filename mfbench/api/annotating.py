"""The part of the Workbench that says something of runs: tags, notes, pins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mfbench.workspace.workspace import Workspace


class Annotating:
    """Everything here writes to the ledger alone, and what it says is in the next listing.

    `list_runs`, `show_run` and `runs` have it as `tags`, `note` (None without one) and `pinned`. Raises NotFoundError
    for a run that is not there or deleted, UsageError for what cannot be a tag or a note, WorkspaceError where the
    workspace is read-only. All runs that are named are changed, or none.
    """

    workspace: Workspace

    def tag_runs(self, runs: Sequence[str], tags: Mapping[str, str | None]) -> list[str]:
        """Gives runs tags, over their own; None takes one away. The ids of the runs that this has changed."""
        from mfbench.care.annotating import tag_runs

        return tag_runs(self.workspace, runs, tags)

    def note_run(self, run: str, text: str) -> bool:
        """Puts a note of at most 10,000 signs on a run; '' takes it away. Whether this has changed anything."""
        from mfbench.care.annotating import note_run

        return note_run(self.workspace, run, text)

    def pin_runs(self, runs: Sequence[str], pinned: bool = True) -> list[str]:
        """Pins runs, or with pinned=False unpins them: the ids of those that this has changed."""
        from mfbench.care.annotating import pin_runs

        return pin_runs(self.workspace, runs, pinned)
