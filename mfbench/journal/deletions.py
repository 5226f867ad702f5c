"""Which runs are deleted: by their last entry in the ledger, wherever their folders lie."""

from __future__ import annotations

from collections.abc import Iterable

from mfbench.journal.ledger import Entry

DELETED, RESTORED = "run.deleted", "run.restored"


def last_decisions(entries: Iterable[Entry]) -> dict[str, Entry]:
    """The last entry of each run that was ever deleted. What cannot be a run's name is left out: it becomes a path."""
    return {
        entry.body["run"]: entry
        for entry in entries
        if entry.kind in (DELETED, RESTORED) and _is_name(entry.body.get("run"))
    }


def deletions(entries: Iterable[Entry]) -> dict[str, Entry]:
    """The runs that are deleted, each with the entry that says so."""
    return {run: entry for run, entry in last_decisions(entries).items() if entry.kind == DELETED}


def _is_name(run: object) -> bool:
    return isinstance(run, str) and run[:1] not in ("", ".") and not {"/", "\\", "\0"} & set(run)
