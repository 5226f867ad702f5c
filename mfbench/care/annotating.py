"""What people say of runs: tags, a note, a pin. Each is an entry of the ledger; the runs' journals stay as they are.

All runs that are named or none, in one write; nothing is written where nothing would change. What a run is known to
have already comes from the database, and where that cannot be had is taken for unknown: an entry that changes nothing
does no harm.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from mfbench.core.errors import MfbenchError, NotFoundError, StaleWarning, UsageError
from mfbench.journal.deletions import deletions
from mfbench.journal.ledger import Entry, open_ledger
from mfbench.journal.marks import NOTED, PINNED, TAGGED
from mfbench.store.runs import list_runs
from mfbench.workspace.workspace import Workspace

NOTE, KEY, VALUE = 10_000, 250, 5_000  # signs that each may have


class Said(msgspec.Struct):
    """What stands of a run: its own tags with those of people over them, and what else people said."""

    tags: dict[str, str | None] = {}
    note: str = ""
    pinned: bool = False


def tag_runs(workspace: Workspace, runs: Sequence[str], tags: Mapping[str, str | None]) -> list[str]:
    """Gives runs tags, and takes those whose value is None away: the ids of the runs that were changed.

    Raises NotFoundError for a run that is not there or deleted, UsageError for a key or value that cannot be,
    WorkspaceError where the workspace is read-only.
    """
    for key, value in tags.items():
        _check_tag(key, value)

    def change(said: Said | None) -> dict[str, Any]:
        now: Mapping[str, str | None] = said.tags if said else {}
        given = {k: v for k, v in tags.items() if said is None or (k in now if v is None else now.get(k) != v)}
        return {"tags": given} if given else {}

    return _say(workspace, runs, "tag runs", TAGGED, change)


def note_run(workspace: Workspace, run: str, text: str) -> bool:
    """Puts a note on a run, in place of the one before; '' takes it away. Whether anything changed; raises as above."""
    _check_text(text, "a note", NOTE)

    def change(said: Said | None) -> dict[str, Any]:
        return {"note": text} if said is None or said.note != text else {}

    return bool(_say(workspace, [run], "note runs", NOTED, change))


def pin_runs(workspace: Workspace, runs: Sequence[str], pinned: bool = True) -> list[str]:
    """Pins runs, or takes their pins away: the ids of those that were changed. Raises as above."""

    def change(said: Said | None) -> dict[str, Any]:
        return {"pinned": pinned} if said is None or said.pinned != pinned else {}

    return _say(workspace, runs, "pin runs", PINNED, change)


def _say(
    workspace: Workspace, runs: Sequence[str], doing: str, kind: str, change: Callable[[Said | None], dict[str, Any]]
) -> list[str]:
    """Writes what `change` makes of each run's state (None: not known), where it makes something of it."""
    workspace.require_writable(doing)
    chosen = _chosen(workspace, runs)
    known = _known(workspace, chosen)  # before the lock: it may have to read journals first
    with open_ledger(workspace.ledger) as ledger:
        _refuse_deleted(chosen, ledger.entries)
        for entry in ledger.entries:
            if isinstance(run := entry.body.get("run"), str) and run in known:
                _lay_over(known[run], entry)
        bodies = [(run, body) for run in chosen if (body := change(known.get(run)))]
        if bodies:
            ledger.append_all([(kind, {"run": run, **body}, "") for run, body in bodies])
    return [run for run, _ in bodies]


def _chosen(workspace: Workspace, runs: Sequence[str]) -> list[str]:
    names = set(workspace.run_names()) if len(runs) > 1 else set()  # once: not for each of a long list
    return list(dict.fromkeys(run if run in names else workspace.find_run(run) for run in runs))


def _refuse_deleted(runs: Sequence[str], entries: Iterable[Entry]) -> None:
    deleted = deletions(entries)
    for run in runs:
        if run in deleted:
            raise NotFoundError(f"run {run} is deleted", hint=f"bring it back first: mfbench runs restore {run}")


def _known(workspace: Workspace, runs: Sequence[str]) -> dict[str, Said]:
    """What the database knows; what the ledger says is laid over it later, under the ledger's lock."""
    if not runs:
        return {}
    named = ", ".join("'" + run.replace("'", "''") + "'" for run in runs)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", StaleWarning)
            rows, _ = list_runs(workspace, f"run in ({named})", limit=None)
    except MfbenchError:
        return {}
    return {row["run"]: Said(row["tags"], row["note"] or "", row["pinned"]) for row in rows}


def _lay_over(said: Said, entry: Entry) -> None:
    body = entry.body
    if entry.kind == TAGGED and isinstance(body.get("tags"), dict):
        said.tags = {key: value for key, value in (said.tags | body["tags"]).items() if value is not None}
    elif entry.kind == NOTED:
        said.note = body.get("note", said.note)
    elif entry.kind == PINNED:
        said.pinned = body.get("pinned", said.pinned)


def _check_tag(key: str, value: str | None) -> None:
    _check_text(key, "a tag's key", KEY)
    if not key.strip() or not key.isprintable():
        raise UsageError(f"{key!r} is no key of a tag", hint="a key is a word on one line, e.g. team=ops")
    if value is not None:
        _check_text(value, f"the value of tag {key!r}", VALUE)


def _check_text(text: object, what: str, most: int) -> None:
    """Raises UsageError for what is no text, cannot be written down, or is longer than `most` signs."""
    if not isinstance(text, str):
        raise UsageError(f"{what} is a text, not {type(text).__name__}", hint="put it in quotes")
    if len(text) > most:
        raise UsageError(f"{what} has at most {most:,} signs, this one has {len(text):,}", hint="shorten it")
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise UsageError(f"{what} holds what is no text", hint="write it in UTF-8")
