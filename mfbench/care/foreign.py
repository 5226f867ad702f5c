"""Ledgers of other workspaces, kept whole beside this one's own: evidence of where runs and versions come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mfbench.core.errors import DamageError
from mfbench.core.files import write_whole
from mfbench.core.hashing import digest_bytes
from mfbench.journal.ledger import Entry, read_from
from mfbench.workspace.workspace import Workspace


@dataclass(frozen=True)
class ForeignLedger:
    """`content`: its whole lines; `head`: the hash of the last one."""

    workspace: str
    content: bytes
    entries: list[Entry]
    head: str


def read_foreign(path: Path, workspace: str) -> ForeignLedger:
    """A ledger whose chain holds, up to its last whole line. Raises DamageError."""
    entries, head, size = read_from(path)
    content = path.read_bytes()[:size] if size else b""
    return ForeignLedger(workspace, content, entries, head)


def compare(workspace: Workspace, foreign: ForeignLedger) -> bool:
    """Whether it brings more than what is kept here. Raises DamageError where the two have gone different ways."""
    path = workspace.ledgers / f"{foreign.workspace}.jsonl"
    here = path.read_bytes() if path.exists() else b""
    here = here[: here.rfind(b"\n") + 1]
    if here.startswith(foreign.content):
        return False
    if foreign.content.startswith(here) and foreign.workspace != workspace.id:
        return True
    told = f"the ledger of workspace {foreign.workspace} and the copy of it have gone different ways"
    hint = "one of the two was changed, cut or restored from an older copy: " + digest_bytes(here)[:12]
    raise DamageError(told, where=str(path), hint=hint)


def place(workspace: Workspace, foreign: ForeignLedger) -> None:
    """Keeps it, whole or not at all; the caller holds this workspace's own ledger, so that no two do it at once."""
    if compare(workspace, foreign):
        write_whole(workspace.ledgers / f"{foreign.workspace}.jsonl", foreign.content)
