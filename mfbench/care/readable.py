"""Of a ledger, every entry that can still be read, and what is wrong with the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from mfbench.core.hashing import digest_bytes
from mfbench.core.structs import make_ready
from mfbench.journal.ledger import START, Entry
from mfbench.journal.line import decode_line


class _Version(msgspec.Struct):
    model: str
    version: int
    digest: str
    run: str
    metrics: dict[str, float | str | None]


class _Alias(msgspec.Struct):
    model: str
    alias: str
    version: int | None


class _Judged(msgspec.Struct):
    digest: str
    data: str


class _Approval(msgspec.Struct):
    digest: str


# What readers of the ledger rely on. Kinds that are not named here are nobody's business but their writer's.
_SHAPES: dict[str, Any] = {
    "model.version": _Version,
    "model.alias": _Alias,
    "model.judged": _Judged,
    "model.approval": _Approval,
}


@dataclass
class Readable:
    """A ledger as it stands. Line numbers begin at 1; `odd` are entries that nobody could use, with the reason."""

    entries: list[Entry] = field(default_factory=list)
    damaged: dict[int, str] = field(default_factory=dict)
    odd: dict[int, str] = field(default_factory=dict)
    broken: list[int] = field(default_factory=list)  # lines that do not name the line before them
    head: str = START
    content: bytes = b""

    @property
    def whole(self) -> bool:
        return not (self.damaged or self.odd or self.broken)


def read_all(path: Path) -> Readable:
    """Everything that can be read. An unterminated tail was never acknowledged and is left out."""
    found = Readable()
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return found
    found.content = content[: content.rfind(b"\n") + 1]
    follows = True  # whether the line before could be read, so that this one can be compared with it
    for number, line in enumerate(found.content.split(b"\n")[:-1], 1):
        try:
            entry = msgspec.convert(decode_line(line), Entry)
        except (ValueError, msgspec.ValidationError) as error:
            found.damaged[number] = str(error)
            follows = False
        else:
            if follows and entry.previous != found.head:
                found.broken.append(number)
            follows = True
            if told := _misunderstood(entry):
                found.odd[number] = told
            else:
                found.entries.append(entry)
        found.head = digest_bytes(line + b"\n")
    return found


def dangling(entries: list[Entry]) -> dict[tuple[str, str], int]:
    """Aliases, as (model, alias), that point to a version which the ledger does not have: its number."""
    versions = {(entry.body["model"], entry.body["version"]) for entry in entries if entry.kind == "model.version"}
    aliases: dict[tuple[str, str], int | None] = {}
    for entry in entries:
        if entry.kind == "model.alias":
            aliases[entry.body["model"], entry.body["alias"]] = entry.body["version"]
    return {key: number for key, number in aliases.items() if number is not None and (key[0], number) not in versions}


def _misunderstood(entry: Entry) -> str:
    try:
        msgspec.convert(entry.body, _SHAPES.get(entry.kind, dict[str, Any]))
    except msgspec.ValidationError as error:
        return f"{entry.kind}: {error}"
    return ""


make_ready(*_SHAPES.values())
