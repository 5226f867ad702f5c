"""Whether each segment of a journal is one of its run, under its own name, with all that came before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mfbench.care.findings import Finding, beyond
from mfbench.care.scan import Journal, Segment
from mfbench.journal.line import FORMAT

WRITER = "doctor"  # of the segments that end lost runs
COPY = "restore that file from a copy: what it held is lost"


def wrong_headers(journal: Journal) -> Iterator[Finding]:
    names = {segment.name for segment in journal.segments} | journal.unreadable.keys()
    place = f"runs/{journal.run}/events"
    for segment in journal.segments:
        if segment.lines:  # else its writer was killed before its first line was whole, or all of it is damaged
            yield from _wrong(journal, segment, f"{place}/{segment.name}", names)
    whole = not journal.unreadable and not any(segment.damages for segment in journal.segments)
    said = any(segment.lines > 1 for segment in journal.segments if not segment.name.startswith(f"{WRITER}-"))
    if whole and said and not journal.alive and not journal.began:
        yield beyond("journal.missing", place, "the segment that tells how the run began is missing", COPY)


def _wrong(journal: Journal, segment: Segment, where: str, names: set[str]) -> Iterator[Finding]:
    first = segment.told[0] if segment.told else []
    about: Any = first[3] if len(first) > 3 and first[2] == "header" and first[0] == 0 else None
    if not isinstance(about, dict):
        if not any(damage.offset == 0 for damage in segment.damages):  # else that says it
            yield beyond("journal.header", where, "it does not begin with its header", "restore the file from a copy")
        return
    form, previous = about.get("format"), about.get("previous")
    if isinstance(form, int) and form > FORMAT:
        yield beyond("journal.newer", where, f"it has format {form}, known is {FORMAT}", "install a newer mfbench")
    if about.get("run") != journal.run:
        told = f"it belongs to run {about.get('run')}; here its events count for this one"
        yield beyond("journal.foreign", where, told, "move it to where it belongs")
    elif about.get("writer") != segment.name.rpartition("-")[0]:
        told = f"its writer is {about.get('writer')!r}: a copy under another name, whose events count twice"
        yield beyond("journal.stray", where, told, "move it away")
    elif isinstance(previous, str) and previous not in names:
        yield beyond("journal.missing", where, f"the segment before it, {previous}, is missing", COPY)
