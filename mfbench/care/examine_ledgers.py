"""The ledgers: this workspace's own, and those that came with a merge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mfbench.care.findings import REPAIR, Finding, Look, beyond, short
from mfbench.care.readable import Readable, dangling, read_all
from mfbench.journal.deletions import deletions

MEND = f"{REPAIR}, or restore the file from a copy: a repair cannot prove that entries are genuine"
READ = "give yourself the right to read it: chmod u+r"


def examine_ledgers(look: Look) -> Iterator[Finding]:
    """Also takes what can be read as what counts: the entries, and the runs that they say are deleted."""
    own = look.workspace.ledger
    try:
        paths = sorted(own.parent.iterdir()) if own.parent.is_dir() else []
        found = read_all(own)
    except OSError as error:
        yield beyond("ledger.unreadable", _name(own), f"it cannot be read: {error.strerror}", READ)
        return
    if not own.exists() and own.with_suffix(".lock").exists():  # somebody has written to it, or was about to
        told = "the file is missing: which models, aliases and deletions there were stood in it"
        yield beyond("ledger.missing", _name(own), told, "restore the file from a copy; or import the models again")
    look.entries, look.deleted = found.entries, set(deletions(found.entries))
    yield from _wrong(own, found, "", MEND, True)
    for (model, alias), number in dangling(found.entries).items():
        told = f"{model}@{alias} points to version {number}, which the ledger does not have"
        yield Finding("ledger.alias", f"{_name(own)}#{model}@{alias}", told)
    for path in paths:
        if path.name[0] == "." or path.name == "damaged" or path.suffix == ".lock" or path == own:
            continue
        if path.suffix != ".jsonl" or not path.is_file():
            yield beyond("ledger.stray", _name(path), "this is no ledger", "move it away")
            continue
        try:
            other = read_all(path)
        except OSError as error:
            yield beyond("ledger.unreadable", _name(path), f"it cannot be read: {error.strerror}", READ)
            continue
        yield from _wrong(path, other, "another workspace's: ", "merge that workspace again, or restore a copy", False)


def _wrong(path: Path, found: Readable, whose: str, remedy: str, mendable: bool) -> Iterator[Finding]:
    if found.damaged:
        first = next(iter(found.damaged.values()))
        told = f"{whose}{_lines(list(found.damaged))} damaged: {first}"
        yield Finding("ledger.damaged", _name(path), told, remedy, mendable)
    if found.broken:
        told = f"{whose}the chain is broken at {_lines(found.broken)}: an entry before was changed, added or removed"
        yield Finding("ledger.broken", _name(path), told, remedy, mendable)
    if found.odd:
        told = f"{whose}{_lines(list(found.odd))} cannot be understood: {next(iter(found.odd.values()))}"
        yield Finding("ledger.odd", _name(path), told, remedy, mendable)


def _lines(numbers: list[int]) -> str:
    return f"line{'s' if len(numbers) > 1 else ''} {short(map(str, numbers), 10)}"


def _name(path: Path) -> str:
    return f"ledger/{path.name}"
