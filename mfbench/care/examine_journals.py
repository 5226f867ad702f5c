"""The journals of all runs: what is damaged, what is missing, who has no end; and whether the database agrees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mfbench.care.findings import Finding, Look, beyond, short
from mfbench.care.headers import wrong_headers
from mfbench.care.scan import Journal, Segment, scan
from mfbench.core.errors import MfbenchError
from mfbench.core.hashing import is_digest
from mfbench.core.text import plural
from mfbench.journal.sealed import SEALED
from mfbench.store.verify import Known, verify

COPY = "restore the file from a copy, if there is one; all else is read"
LOST = "go on with it: mfbench runs resume RUN; or end it as failed: mfbench doctor --repair"
SCRIPT = "run the script again; to end this run as failed: mfbench doctor --repair"
STILL = "; the database, until it is made anew, still has what it held"
STEP = 500  # runs between two words about progress


def examine_journals(look: Look) -> Iterator[Finding]:
    """Also takes down who needs which blob."""
    suspects: list[str] = []
    damaged: dict[str, set[str]] = defaultdict(set)
    for run, segment, _ in look.known.damaged if look.known else ():
        damaged[run].add(segment)
    runs = sorted(set(look.workspace.run_names()) - look.deleted)
    for done, run in enumerate(runs):
        if done % STEP == 0:
            look.tell("reading journals", done, len(runs))
        journal = scan(look.workspace, run, damaged.get(run, ()))
        found = list(_told(look, journal))
        if found:  # once more: the run may have been made, ended, sealed or deleted just then
            if not look.workspace.run_folder(run).is_dir():
                continue
            journal = scan(look.workspace, run, damaged.get(run, ()))
            found = list(_told(look, journal))
        yield from found
        _note_artifacts(look, journal)
        if look.known and not agrees(look.known, journal):
            suspects.append(run)
    look.tell("reading journals", len(runs), len(runs))
    yield from _differing(look, suspects, runs)
    for run, segment, told in look.known.odd if look.known else ():
        if segment not in ("", SEALED) and run not in look.deleted:  # those are told by the journal itself
            remedy = "it is kept as it came; a newer mfbench, or whoever wrote it, may know what it means"
            yield beyond("journal.odd", f"runs/{run}/events/{segment}", told, remedy)


def _told(look: Look, journal: Journal) -> Iterator[Finding]:
    """What is wrong with one run's journal."""
    place = f"runs/{journal.run}"
    if journal.missing:
        if not journal.alive:
            yield _without_journal(journal, place)
        return
    for name, told in journal.unreadable.items():
        where = f"{place}/events/{name}".rstrip("/")
        if name == SEALED:
            yield beyond("journal.sealed", where, told, "restore the file from a copy")
        else:
            yield beyond("journal.unreadable", where, told, "give yourself the right to read it")
    for name in journal.others:
        yield beyond("journal.stray", f"{place}/events/{name}", "this is no segment of a journal", "move it away")
    for segment in journal.segments:
        yield from _damages(look, journal, segment)
    yield from wrong_headers(journal)
    yield from _gone(look.known, journal)
    if not journal.alive and not journal.ended and not journal.unreadable and not _has_ended(look.known, journal):
        resumable = (look.workspace.run_folder(journal.run) / "job.json").is_file()  # a script's run has none
        yield Finding("run.lost", place, "the run has no end and its leader is dead", LOST if resumable else SCRIPT)


def _without_journal(journal: Journal, place: str) -> Finding:
    if journal.is_run:
        told = "it has no journal: its leader died before its first word, or the folder was emptied"
        return Finding("run.empty", place, told, "end it as failed: mfbench doctor --repair; or delete it")
    return beyond("run.stray", place, "this folder is no run", "move it away")


def _damages(look: Look, journal: Journal, segment: Segment) -> Iterator[Finding]:
    for damage in segment.damages:
        told = f"byte {damage.offset}: {damage.reason}{damage.gap}"
        known = look.known is None or (journal.run, segment.name, damage.offset) in look.known.damaged
        where = f"runs/{journal.run}/events/{segment.name}"
        yield beyond("journal.damaged", where, told if known else told + STILL, COPY)


def _gone(known: Known | None, journal: Journal) -> Iterator[Finding]:
    """What the database has read and the journal does not have any more."""
    there = {segment.name: segment for segment in journal.segments}
    places = known.places.get(journal.run, {}) if known and not journal.sealed and not journal.unreadable else {}
    for name, (offset, tail) in places.items():
        where, segment = f"runs/{journal.run}/events/{name}", there.get(name)
        if segment is None and offset:
            yield beyond("journal.missing", where, f"this segment is missing{STILL}", COPY)
        elif segment is not None and not segment.damages:
            if segment.size < offset:
                told = f"it has been cut: {plural(offset - segment.size, 'byte')} that were read are gone{STILL}"
                yield beyond("journal.cut", where, told, COPY)
            elif segment.size == offset and not segment.tail.endswith(tail):
                yield beyond("journal.replaced", where, f"it ends differently than what was read of it{STILL}", COPY)


def _has_ended(known: Known | None, journal: Journal) -> bool:
    """Whether the run is known to have ended, and only what told so is damaged now."""
    damaged = any(segment.damages for segment in journal.segments)
    return damaged and known is not None and known.ended.get(journal.run, False)


def _note_artifacts(look: Look, journal: Journal) -> None:
    for segment in journal.segments:
        for event in segment.told:
            if event[2] == "artifact" and len(event) > 5 and is_digest(event[4]) and isinstance(event[5], int):
                look.need(event[4], event[5], run=f"{event[3]} of run {journal.run}")


def agrees(known: Known, journal: Journal) -> bool:
    """Whether the database holds this journal. What a living run has added since is no disagreement."""
    if journal.run not in known.ended:
        return False
    if journal.unreadable or any(segment.damages for segment in journal.segments):
        return True  # told already; and what was read before the damage is more than what can be read now
    if not journal.sealed:
        places = dict(known.places.get(journal.run, {}))
        grown = False
        for segment in journal.segments:
            offset, tail = places.pop(segment.name, (0, b""))
            if offset > segment.size or (offset == segment.size and not segment.tail.endswith(tail)):
                return False
            grown = grown or offset < segment.size
        if places or grown:
            return journal.alive and not places
    return known.rows.get(journal.run, 0) == journal.rows


def _differing(look: Look, suspects: list[str], runs: list[str]) -> Iterator[Finding]:
    """Those that did not agree once more, against the database of now: they may have gone on meanwhile."""
    if look.known is None:
        return
    suspects += sorted(look.known.ended.keys() - set(runs))
    if not suspects and look.known.summed:
        return
    try:
        known = verify(look.workspace)
    except MfbenchError:  # it was whole a moment ago: the next look tells
        return
    wrong = [run for run in suspects if not _fits(look, known, run)]
    where = look.workspace.database.name
    if wrong:
        told = f"it disagrees with the journals of {plural(len(wrong), 'run')}: {short(wrong)}"
        yield Finding("database.differs", where, told)
    elif not known.summed:
        yield Finding("database.differs", where, "its summaries do not fit its rows")


def _fits(look: Look, known: Known, run: str) -> bool:
    if not look.workspace.run_folder(run).is_dir() or run in look.deleted:
        return run not in known.ended
    journal = scan(look.workspace, run)
    return (journal.missing and not journal.is_run) or agrees(known, journal)
