"""A broken ledger, written anew from the entries that can be read.

The old file stays as it was, in `ledger/damaged/`, and the new one ends with an entry that says so. The new chain
shows edits from here on; it proves nothing about the entries that were taken over.
"""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from mfbench.care.findings import REPAIR, Finding, Look, Mended, short
from mfbench.care.readable import Readable, dangling, read_all
from mfbench.core.files import write_whole
from mfbench.core.hashing import digest_bytes
from mfbench.core.machine import actor
from mfbench.journal.ledger import REPAIRED, START, Entry, open_ledger
from mfbench.journal.line import encode_line
from mfbench.workspace.locks import locked


def rewrite(look: Look, finding: Finding) -> Mended | None:
    path = look.workspace.ledger
    with locked(path.with_suffix(".lock")):
        old = read_all(path)
        if old.whole:
            return None
        kept = path.parent / "damaged" / f"{digest_bytes(old.content)}.jsonl"
        kept.parent.mkdir(exist_ok=True)
        # The old file first: killed between the two, the next repair finds everything as it was.
        write_whole(kept, old.content, 0o444)
        write_whole(path, _anew(old))
    look.entries = old.entries
    gone = sorted({*old.damaged, *old.odd})
    place = kept.relative_to(look.workspace.root).as_posix()
    told = f"{len(old.entries)} entries taken over into a new chain; the old file is {place}"
    lost = f"what stood in line{'s' if len(gone) > 1 else ''} {short(map(str, gone), 10)}; " if gone else ""
    return Mended(finding.code, finding.where, told, f"{lost}the proof that the entries are what was written")


def _anew(old: Readable) -> bytes:
    """The readable entries in their order, each bound to the one before, and a last one about the repair."""
    body = {
        "lost": sorted({*old.damaged, *old.odd}),
        "broken": old.broken,
        "was": digest_bytes(old.content),
        "head": old.head,
    }
    last = Entry(0, time.time_ns() // 1000, REPAIRED, actor(), REPAIR, "", body)
    lines: list[bytes] = []
    head = START
    for seq, entry in enumerate([*old.entries, last]):
        bound = msgspec.structs.replace(entry, seq=seq, previous=head)
        lines.append(encode_line(msgspec.to_builtins(bound)))
        head = digest_bytes(lines[-1])
    return b"".join(lines)


def drop_alias(look: Look, finding: Finding) -> Mended | None:
    """An alias of a version that is not there is taken away, by an entry like any other."""
    path: Path = look.workspace.ledger
    with open_ledger(path) as ledger:
        for (model, alias), number in dangling(ledger.entries).items():
            if finding.where.endswith(f"#{model}@{alias}"):
                body = {"model": model, "alias": alias, "version": None, "previous": number}
                ledger.append("model.alias", body, reason=f"{REPAIR}: version {number} is not in the ledger")
                lost = f"which version {model}@{alias} was: number {number} is not in the ledger"
                return Mended(finding.code, finding.where, f"alias {model}@{alias} taken away", lost)
    return None
