"""Gates that every segment has to pass: each value of a column on its own."""

from __future__ import annotations

import math

from mfbench.core.text import plural
from mfbench.recipe.gates import Gate
from mfbench.stats.noninferiority import Verdict, judge_all
from mfbench.stats.resampling import MIN_UNITS, Difference
from mfbench.steps.judging.groups import Groups
from mfbench.steps.judging.verdicts import Evidence, Finding, Segment, Word, measure

LEAST_ROWS = 30  # of a segment, for its figure to mean anything


def by_segment(gate: Gate, evidence: Evidence, groups: Groups, champion: str | None, confidence: float) -> Finding:
    """Every segment's verdict, with Holm's correction for how many there are. `champion` None: against the number.

    The gate is refused where a segment is shown to be too bad. Where one is too small to tell, the gate is unknown,
    which stops nobody: it says which, and what loss would have been seen.
    """
    parts = [evidence.take(rows) for _, rows in groups]
    found = [_difference(gate, part, champion is not None, confidence) for part in parts]
    margin = gate.margin if champion is not None else 0.0
    told = judge_all(found, margin, confidence, gate.greater)
    segments = [
        _segment(gate, value, part, each, verdict)
        for (value, _), part, each, verdict in zip(groups, parts, found, told, strict=True)
    ]
    refused, unknown = ([segment for segment in segments if segment.verdict == word] for word in ("refused", "unknown"))
    verdict: Word = "refused" if refused else "unknown" if unknown or not segments else "passed"
    # The worst of those that are large enough to be told; of none, the worst of all.
    told_of = [segment for segment in segments if segment.low is not None] or segments
    known = [segment.observed for segment in told_of if not math.isnan(segment.observed)]
    worst = (min if gate.greater else max)(known, default=math.nan)
    return Finding(
        name=gate.text, verdict=verdict, passed=verdict != "refused", observed=worst,
        bound=None if champion is not None else gate.number, against=champion,
        note=_note(gate, segments, refused, unknown), rows=len(evidence.ours), units=evidence.bootstrap.units,
        method=f"bootstrap by {evidence.unit}", segments=segments,
    )  # fmt: skip


def _difference(gate: Gate, part: Evidence, compared: bool, confidence: float) -> Difference:
    """Of one segment: to the champion, or to the number. Of too small a one, without bounds."""
    if len(part.ours) < LEAST_ROWS or part.bootstrap.units < MIN_UNITS:
        value = measure(gate.metric, part.ours)
        value -= measure(gate.metric, part.theirs) if compared and part.theirs is not None else gate.number
        return Difference(value, None, None, None, False, part.bootstrap.units)
    if compared:
        return part.difference(gate.metric, confidence)[0]
    own = part.bootstrap.interval(gate.metric, part.ours, 2 * confidence - 1)  # two-sided: each bound at `confidence`
    shifted = [None if bound is None else bound - gate.number for bound in (own.low, own.high)]
    return Difference(own.value - gate.number, shifted[0], shifted[1], own.se, False, part.bootstrap.units)


def _segment(gate: Gate, value: str, part: Evidence, found: Difference, told: Verdict) -> Segment:
    compared = gate.champion
    back = 0.0 if compared else gate.number  # the interval of a gate against a number is the metric's own
    low, high = (None if bound is None else bound + back for bound in (told.low, told.high))
    return Segment(
        value=value, rows=len(part.ours), units=found.units, verdict=told.verdict,
        observed=measure(gate.metric, part.ours), difference=found.value if compared else None, low=low, high=high,
        p=told.p if told.verdict == "passed" else told.p_worse, detectable=told.detectable,
    )  # fmt: skip


def _note(gate: Gate, segments: list[Segment], refused: list[Segment], unknown: list[Segment]) -> str:
    if not segments:
        return "there are no rows to judge"
    if refused:
        names = ", ".join(f"{item.value} ({_seen(item)})" for item in refused[:5])
        return f"{len(refused)} of {plural(len(segments), 'segment')} worse than allowed: {names}"
    if unknown:
        names = ", ".join(f"{item.value} ({_power(item)})" for item in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        return f"not shown for {len(unknown)} of {plural(len(segments), 'segment')}: {names}{more}"
    return f"shown for {plural(len(segments), 'segment')} by {gate.by}"


def _seen(segment: Segment) -> str:
    return f"{segment.observed:.3g}" if segment.difference is None else f"{segment.difference:+.3g}"


def _power(segment: Segment) -> str:
    """What loss these rows would most likely have shown."""
    if segment.detectable is not None:
        return f"a loss of {segment.detectable:.2g} would have been seen"
    units = "" if segment.units == segment.rows else f", {plural(segment.units, 'unit')}"
    return f"{plural(segment.rows, 'row')}{units}: too few"
