"""How to read a drift report, what it cannot know, and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfbench.report import words
from mfbench.report.blocks import Block, Name, Notes, Row, Section, Table, Text
from mfbench.report.drift import wording

if TYPE_CHECKING:
    from mfbench.drift.findings import Report


def reading(report: Report) -> Section:
    """In words for somebody who has not seen one before."""
    settings = report.settings
    level, least = wording.setting(settings.level), wording.setting(settings.min_effect)
    meaning = [
        "The reference is data that the model was tested on and not fitted to. Every window of new data is compared "
        "with it, column by column.",
        f"Significant: chance does not explain the difference. With nothing changed, a window is found significant in "
        f"at most {level} of the cases, over all its columns together.",
        "Effect: the least share of the window's rows that would have to change for the window to look like the "
        "reference; 0 % is alike, 100 % is nothing in common. It grows with the change and not with the rows.",
        f"Alarm: significant and an effect of at least {least}. Changed: significant, and smaller than that.",
        "Whether the model has become worse is another question, which labels answer. An estimate without labels "
        "cannot see that the same inputs have come to mean something else.",
    ]
    if report.run_length:
        meaning.insert(4, "Windows that keep coming: each look could be wrong, so alarms come from a detector that "
                       "gathers the evidence of all windows and raises, while nothing changes, "
                       f"{wording.rate(report.run_length)} on average. A change that lasts is new once: it fires, and "
                       "begins anew.")  # fmt: skip
    return Section(
        "reading", "How to read this", [Notes(meaning), Text("What it cannot know:"), Notes(_limits(report))]
    )


def _limits(report: Report) -> list[str]:
    facts = report.reference
    unit = words.name(facts.get("unit") or "row", 40)
    if unit == "row":
        told = "Rows are taken to be independent. Where those of one day or one customer are alike, alarms come more "
        limits = [f"{told}often than declared: name the unit."]
    else:
        limits = [f"Rows of one {unit} are taken to be alike, different ones ({unit}) to be independent; where "
                  "neighbours are alike too, alarms come more often than declared."]  # fmt: skip
    limits[0] += " `mfbench drift audit` measures it on the reference."
    small = [window for window in report.windows if window.verdict == "too small"]
    if small:
        needed = facts.get("needed") or next((window.needed for window in small if window.needed), None)
        least = f" of fewer than {needed:,} rows" if isinstance(needed, int) else ""
        limits.append(f"{len(small):,} of {len(report.windows):,} windows{least} were not judged.")
    private = [words.name(name, 60) for name in facts.get("private") or ()]
    if private:
        limits.append(f"Private columns are not looked at: {words.join(private[:20])}.")
    notes = [*report.notes, *(note for window in report.windows for note in window.notes)]
    limits += [words.prose(note) for note in list(dict.fromkeys(notes))[:30]]
    return limits


def provenance(report: Report) -> Section:
    settings, facts = report.settings, report.reference
    unit = words.name(facts.get("unit") or "row", 40)
    units = f", {facts['units']:,} of {unit}" if isinstance(facts.get("units"), int) and unit != "row" else ""
    rows: list[tuple[str, str]] = [
        ("report", words.name(report.id)),
        ("model", wording.model(report)),
        ("digest", words.name(report.digest, 64)),
        ("data", words.name(report.data, 400)),
        ("rows", f"{report.rows:,} in {report.files:,} {'file' if report.files == 1 else 'files'}"),
        ("made", wording.minute(report.made)),
        ("made by", {"check": "drift check", "monitor": "monitor"}.get(report.source, "")),
        ("reference", f"{words.number(facts.get('rows'))} rows{units}"),
        ("rows a window needs", words.number(facts["needed"]) if facts.get("needed") else ""),
        ("tests of a window", words.number(facts["tests"]) if facts.get("tests") else ""),
        ("window", words.name(settings.window) if settings.window else "all rows"),
        (
            "false alarms",
            words.name(settings.false_alarms) if settings.false_alarms else wording.rate(report.run_length),
        ),
        ("level", wording.setting(settings.level)),
        ("least effect of an alarm", wording.setting(settings.min_effect)),
        ("margin", words.number(settings.margin) if settings.margin is not None else "0.01, of errors 5 %"),
    ]
    table: list[Row] = [[key, Name(value)] for key, value in rows if value]
    blocks: list[Block] = [Table(["", ""], table, left=2)]
    return Section("provenance", "Provenance", blocks)
