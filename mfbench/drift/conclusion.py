"""What an audit comes to, in sentences for somebody who meets these words for the first time."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from mfbench.core.text import plural
from mfbench.drift.audited import Audit, Delay, Found, Replay, Share, Stream
from mfbench.drift.shifts import KINDS

SEEN = 0.8  # of the windows: a shift found in so many counts as seen
_VERDICTS = {"consistent": "as declared", "too many": "MORE OFTEN than declared", "fewer": "more rarely than declared",
             "cannot tell": "too few windows to tell"}  # fmt: skip
_PLURALS = {"day": "days", "hour": "hours", "week": "weeks", "month": "months"}


def conclude(audit: Audit, tried: Sequence[Replay]) -> Audit:
    """The audit with what it comes to. tried: replays of blocks under coarser units."""
    blocks = [each for each in audit.replays if each.drawn == "blocks"]
    main = next((each for each in blocks if each.size == audit.size), None)
    better = steady(blocks, audit.size) if restless(audit) else None
    random = [each for each in audit.replays if each.drawn != "blocks" and _counts(each, audit)]
    held = all(each.verdict != "too many" for each in random) and not restless(audit)
    trusted = held and not (audit.stream and audit.stream.verdict == "too many")
    told = [_replayed(each) for each in audit.replays if each is main or each in random]
    told += [_few_units(each) for each in random if each.drawn == "units" and each.verdict == "too many"]
    told += _advice(main, better, tried) if main is not None and restless(audit) else []
    told += [_streamed(audit.stream)] if audit.stream else []
    told += _seen(audit) + _delayed(audit.delays)
    return replace(audit, tried=list(tried), recommended=better, trusted=trusted, conclusion=told)


def restless(audit: Audit) -> bool:
    """Whether blocks of the judged size alarm too often."""
    return any(e.drawn == "blocks" and e.size == audit.size and e.alarming == "too many" for e in audit.replays)


def steady(blocks: Sequence[Replay], size: int) -> int | None:
    """The least larger size of which no block alarmed, though they could be judged."""
    return min((e.size for e in blocks if e.size > size and not e.alarms.hits and not e.refused), default=None)


def _counts(each: Replay, audit: Audit) -> bool:
    """Rows drawn one by one say nothing of a detector that counts units."""
    return each.drawn == "units" or audit.reference["unit"] == "row"


def _replayed(each: Replay) -> str:
    found, alarms = each.significant, each.alarms
    if each.refused == found.looks:
        return (
            f"{_windows(each)}: none could be judged, for they hold too few {_units(each.unit)}: take longer windows."
        )
    text = f"{_windows(each)}: {found.hits:,} differed significantly, {interval(found)}; declared is at most "
    text += f"{per_cent(each.declared)}: {_VERDICTS[each.verdict]}. "
    text += f"{alarms.hits:,} were an alarm, {interval(alarms)}." if alarms.hits else "None was an alarm."
    if each.drawn == "blocks" and found.independent < found.looks:
        text += f" (They overlap: {found.independent:,} fit side by side, and the interval counts no more.)"
    if each.refused:
        text += f" {each.refused:,} could not be judged."
    return text


def _windows(each: Replay) -> str:
    looks, size = each.significant.looks, f"{each.size:,} rows"
    if each.drawn == "blocks":
        return f"{looks:,} unchanged windows of {size} that follow each other"
    whole = f", whole {_units(each.unit)}," if each.drawn == "units" else ""
    return f"{looks:,} unchanged windows of {size}{whole} drawn at random"


def _few_units(each: Replay) -> str:
    named = f" ({each.column} most of all)" if each.column else ""
    return (f"Rows of one of the {_units(each.unit)} resemble each other in ways that the correction for it does not "
            f"catch in windows of {each.size:,} rows{named}: take windows with more {_units(each.unit)}.")  # fmt: skip


def _advice(main: Replay, better: int | None, tried: Sequence[Replay]) -> list[str]:
    column = f", {main.column} most of all" if main.column else ""
    told = [f"Rows that follow each other resemble each other{column}: a stretch of them differs from the rest, even "
            "inside the reference."]  # fmt: skip
    if better is not None:
        told.append(f"Take windows of at least {better:,} rows (of which no block alarmed).")
    for each in tried:
        if not each.alarms.hits and not each.refused:
            told.append(f'Or declare unit = "{each.unit}": with windows of {each.size:,} rows no block alarmed then.')
            break
    if len(told) == 1:
        told.append("No window or unit that was tried is calm: what these columns are changes with time. An alarm then "
                    "tells of the season or the trend as well; take longer windows and a reference that covers the "
                    "seasons, or read alarms of these columns so.")  # fmt: skip
    return told


def _streamed(stream: Stream) -> str:
    text = f"Windows that keep coming, nothing changed: {stream.looks:,} in {plural(stream.streams, 'stream')}, "
    text += f"{plural(stream.alarms, 'false alarm')}"
    text += f": one in {stream.run_length:,.0f}" if stream.run_length else ""
    text += f" (95 %: no more often than one in {stream.low:,.0f}); declared is one in {stream.declared:,.0f}: "
    if stream.verdict == "cannot tell":
        return text + "so rare an event cannot be seen in so few windows."
    return text + f"{_VERDICTS[stream.verdict]}."


def _seen(audit: Audit) -> list[str]:
    told = []
    for kind in KINDS:
        rows = [each for each in audit.found if each.shift == kind and each.size == audit.size]
        if kind in ("larger", "replaced", "missing", "segment") and rows:
            told.append(f"Put in, {KINDS[kind]}: {_reach(rows)}.")
    if told:
        least = per_cent(audit.settings.min_effect)
        told.insert(0, f"What a window of {audit.size:,} rows shows (alarms begin at {least} of the rows, so that a "
                       "shift of just that size alarms about every other time):")  # fmt: skip
    return told


def _reach(rows: Sequence[Found]) -> str:
    """From which effect on it is seen, and from which on it alarms."""
    if len(rows) == 1:
        return f"significant in {per_cent(rows[0].significant.value)}, an alarm in {per_cent(rows[0].alarms.value)}"
    seen = min((e.effect for e in rows if (e.significant.value or 0) >= SEEN), default=None)
    alarm = min((e.effect for e in rows if (e.alarms.value or 0) >= SEEN), default=None)
    if seen is None:
        return f"up to {per_cent(max(e.effect for e in rows))} of the rows were mostly not seen"
    text = f"seen from {per_cent(seen)} of the rows on"
    return text + (f", an alarm from {per_cent(alarm)} on" if alarm is not None else ", no reliable alarm")


def _delayed(delays: Sequence[Delay]) -> list[str]:
    parts = [f"{per_cent(each.effect)}: " + (f"{each.windows:.0f}" if each.windows else
             f"not within {each.most} ({each.found} of {each.streams} streams)") for each in delays]  # fmt: skip
    what = KINDS[delays[0].shift] if delays else ""
    return (
        [f"Windows until the series' detector sees a shift that stays ({what}): {'; '.join(parts)}."] if parts else []
    )


def interval(found: Share) -> str:
    return f"{per_cent(found.value)} ({per_cent(found.low)} to {per_cent(found.high)})"


def _units(unit: str) -> str:
    return _PLURALS.get(unit, f"units ({unit})")


def per_cent(value: float | None) -> str:
    """'0.9 %'; what is there is never shown as nothing."""
    if value is None:
        return "unknown"
    if 0 < value < 0.0005:
        return "<0.1 %"
    digits = 1 if 0 < value < 0.1 and round(value * 100, 1) != round(value * 100) else 0
    return f"{value * 100:.{digits}f} %"
