"""The journals of all runs: damaged lines, missing segments, runs without an end; and whether the database agrees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from mfbench.care.findings import Finding, Look, beyond, short
from mfbench.care.scan import Journal, Segment, scan
from mfbench.core.errors import MfbenchError
from mfbench.journal.line import FORMAT
from mfbench.journal.sealed import SEALED
from mfbench.store.verify import Known, verify

LINE = "restore the file from a copy, if there is one: what the line held is lost, all else is read"
STEP = 500  # runs between two words about progress


def examine_journals(look: Look) -> Iterator[Finding]:
    """Also takes down who needs which blob."""
    suspects: list[str] = []
    marks: dict[str, set[str]] = defaultdict(set)
    for run, segment, _ in look.known.damaged if look.known else ():
        marks[run].add(segment)
    runs = sorted(set(look.workspace.run_names()) - look.deleted)
    for done, run in enumerate(runs):
        if done % STEP == 0:
            look.tell("reading journals", done, len(runs))
        journal = scan(look.workspace, run, frozenset(marks.get(run, ())))
        found = list(_told(look, journal))
        if found and look.workspace.run_folder(run).is_dir():  # once more: it may have been at work just then
            journal = scan(look.workspace, run, frozenset(marks.get(run, ())))
            found = list(_told(look, journal))
        elif found:
            continue
        yield from found
        for event in (event for segment in journal.segments for event in segment.told):
            _note_artifact(look, run, event)
        if look.known and not _agrees(look.known, journal):
            suspects.append(run)
    look.tell("reading journals", len(runs), len(runs))
    yield from _compare(look, suspects, runs)
    yield from _misunderstood(look)


def _told(look: Look, journal: Journal) -> Iterator[Finding]:
    """What is wrong with one run's journal."""
    place = f"runs/{journal.run}"
    for name, told in journal.unreadable.items():
        if name == SEALED:
            yield beyond("journal.sealed", f"{place}/events/{name}", told, "restore the file from a copy")
        elif name or not (look.workspace.root / place / "events").is_dir():
            continue_ = "the run has no journal" if not name else told
            yield from _unreadable(look, journal, name, continue_)
        else:
            yield beyond("journal.unreadable", f"{place}/events", told, "give yourself the right to read it: chmod u+rx")
    for name in journal.others:
        yield beyond("journal.stray", f"{place}/events/{name}", "this is no segment of a journal", "move it away")
    names = {segment.name for segment in journal.segments}
    for segment in journal.segments:
        where = f"{place}/events/{segment.name}"
        for damage in segment.damages:
            told = f"byte {damage.offset}: {damage.reason}{damage.gap}"
            if look.known and (journal.run, segment.name, damage.offset) not in look.known.damaged:
                told += "; the database, until it is made anew, still has what it held"
            yield beyond("journal.damaged", where, told, LINE)
        yield from _header(journal, segment, where, names)
    if not journal.alive and not journal.ended and not journal.unreadable and not _ended(look.known, journal):
        told = "the run has no end and its driver is dead (lost)"
        yield Finding("run.lost", place, told, "go on with it: mfbench runs resume RUN; or end it: mfbench doctor --repair")


def _unreadable(look: Look, journal: Journal, name: str, told: str) -> Iterator[Finding]:
    place = f"runs/{journal.run}"
    if name:
        yield beyond("journal.unreadable", f"{place}/events/{name}", told, "give yourself the right to read it: chmod u+r")
    elif not journal.alive:
        yield beyond("run.empty", place, told, f"delete it: mfbench runs delete {journal.run}")


def _ended(known: Known | None, journal: Journal) -> bool:
    """Whether only the line that told a run's end is damaged: the database has seen it."""
    damaged = any(segment.damages for segment in journal.segments)
    return damaged and known is not None and known.ended.get(journal.run, False)


def _header(journal: Journal, segment: Segment, where: str, names: set[str]) -> Iterator[Finding]:
    if not segment.lines:
        return  # its writer was killed before its first line was whole
    first = segment.told[0] if segment.told else None
    about: Any = first[3] if first and first[2] == "header" and first[0] == 0 and len(first) > 3 else None
    if not isinstance(about, dict):
        if not segment.damages:  # else that says it
            yield beyond("journal.header", where, "it begins without its header", LINE)
        return
    writer = segment.name.rpartition("-")[0]
    previous = about.get("previous")
    if isinstance(form := about.get("format"), int) and form > FORMAT:
        yield beyond("journal.newer", where, f"it has format {form}, known is {FORMAT}", "install a newer mfbench")
    if about.get("run") != journal.run:
        told = f"it belongs to run {about.get('run')}"
        yield beyond("journal.foreign", where, told, "move it to where it belongs: its events count for this run now")
    elif about.get("writer") != writer:
        told = f"its writer was {about.get('writer')}: a copy under another name, whose events count twice"
        yield beyond("journal.stray", where, told, "move it away")
    elif isinstance(previous, str) and previous not in names:
        told = f"the segment before it, {previous}, is missing"
        yield beyond("journal.missing", where, told, "restore that file from a copy: what it held is lost")


def _note_artifact(look: Look, run: str, event: list[Any]) -> None:
    if event[2] == "artifact" and len(event) > 5 and isinstance(event[4], str) and len(event[4]) == 64:
        size = event[5] if isinstance(event[5], int) else None
        look.need(event[4], size, run=f"run {run} ({event[3]})")


def _agrees(known: Known, journal: Journal) -> bool:
    """Whether the database holds this journal. What a living run has added since is no disagreement."""
    if journal.run not in known.ended:
        return False
    if journal.unreadable or any(segment.damages for segment in journal.segments):
        return True  # told already; what was read before the damage is more than what can be read now
    places = dict(known.places.get(journal.run, {}))
    same = True
    for segment in [] if journal.sealed else journal.segments:
        offset, tail = places.pop(segment.name, (0, b""))
        if offset > segment.size or (offset == segment.size and tail != segment.tail[-len(tail) or len(segment.tail) :]):
            return False
        same = same and offset == segment.size
    if places and not journal.sealed:
        return False
    return same and known.rows.get(journal.run, 0) == journal.rows if same or not journal.alive else True


def _compare(look: Look, suspects: list[str], runs: list[str]) -> Iterator[Finding]:
    """Looks at those that did not agree once more, against the database of now: they may have gone on meanwhile."""
    known = look.known
    if known is None:
        return
    suspects += sorted(known.ended.keys() - set(runs))
    wrong: list[str] = []
    if suspects or not known.summed:
        try:
            known = verify(look.workspace)
        except MfbenchError:  # told when the database was looked at
            return
        for run in suspects:
            there = look.workspace.run_folder(run).is_dir()
            if run in known.ended if not there else not _agrees(known, scan(look.workspace, run)):
                wrong.append(run)
    if wrong:
        told = f"it disagrees with the journals of {len(wrong):,} run{'s' if len(wrong) > 1 else ''}: {short(wrong)}"
        yield Finding("database.differs", look.workspace.database.name, told)
    elif not known.summed:
        yield Finding("database.differs", look.workspace.database.name, "its summaries do not fit its rows")


def _misunderstood(look: Look) -> Iterator[Finding]:
    for run, segment, told in look.known.odd if look.known else ():
        if segment != SEALED:
            remedy = "it is kept as it came; a newer mfbench, or whoever wrote it, may know what it means"
            yield beyond("journal.odd", f"runs/{run}/events/{segment}", told, remedy)
