"""Does it matter? With labels measured, by equivalence within a margin; without them an estimate, or not visible.

Never 'no': that labels are missing, or that a test finds nothing, does not make a model as good as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from mfbench.core.text import plural
from mfbench.drift import concept
from mfbench.drift.answered import Answered, answered, in_time
from mfbench.drift.findings import Matters, Metric, Quality
from mfbench.drift.ground import Ground, ground_of, inside, watched
from mfbench.drift.measured import LEAST, by_slice, compared, intervals, margin_of, rows_needed
from mfbench.drift.settings import Settings
from mfbench.stats.metrics import METRICS
from mfbench.stats.resampling import MIN_UNITS

if TYPE_CHECKING:
    from mfbench.drift.reference import Reference

UNCHANGED = "for the same inputs the labels come out as they did in the reference: a change of that is not visible here"
CALIBRATED = "the probabilities mean what they meant in the reference, also for rows that are rarer there"
LEARNED = "for the same inputs and answers the errors are as large as they were in the reference"
_LEAST_INSIDE = 0.95


@dataclass
class _Labelled:
    """What the labels of a window say."""

    metrics: list[Metric] = field(default_factory=list)
    segments: list[list[Any]] = field(default_factory=list)
    concept: list[dict[str, Any]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    needed: int | None = None


def quality(
    reference: Reference, sample: pl.DataFrame, settings: Settings, *, waiting: int = 0, losses: Sequence[float] = ()
) -> Quality:
    """sample: rows of a window in the layout of `seen`; waiting: rows whose labels are not due yet; losses: of all
    earlier windows, in their order. Quality.losses holds those of this window alone.

    Differences of measured metrics come with their 90 % interval, by which they are judged; all else with 95 %.
    Raises UsageError for settings.metric that is no metric of the task.
    """
    ground = ground_of(reference)
    names = watched(reference, ground, settings.metric)
    answers = answered(sample, ground.task, ground.classes)
    facts: dict[str, Any] = {"rows": sample.height, "waiting": waiting, "metric": names[0] if names else None}
    why = "" if names and answers is not None else "the rows hold no answers of the model"
    if not names and answers is not None:
        why = "the reference holds no answers of the model" if not ground.gives else "no metric can be computed"
    if answers is None or why:
        return Quality(matters="not visible", told=_invisible(why), labels=0, **facts)
    known = answers.take(answers.labelled)
    labels = len(known.predicted)
    there = _with_labels(reference, ground, sample, known, names, settings, losses) if labels else _Labelled()
    notes = _notes(sample.height, labels, waiting)
    metrics, extra = list(there.metrics), _estimates(reference, ground, sample, answers, known, names)
    metrics += extra.pop("metrics")
    why = extra.pop("why")
    matters, told = _conclusion(metrics, names[0], labels, why, there.needed)
    return Quality(matters=matters, told=told, labels=labels, metrics=metrics, segments=there.segments,
                   concept=there.concept, losses=there.losses, notes=notes, **extra, **facts)  # fmt: skip


def _with_labels(
    reference: Reference, ground: Ground, sample: pl.DataFrame, known: Answered, names: tuple[str, ...],
    settings: Settings, losses: Sequence[float],
) -> _Labelled:  # fmt: skip
    order, moments = in_time(sample, known.rows)
    loss = concept.lots(concept.losses_of(known)[order])
    found = _Labelled(losses=loss.tolist())
    if len(known.predicted) < LEAST or known.count < MIN_UNITS:
        return found
    new = intervals(names, known, seed=1)
    own = ground.answers
    if own is None:
        alone = {name: each for name, each in new.items() if each.value == each.value}
        found.metrics = [Metric(name=name, kind="measured", value=each.value, low=each.low, high=each.high,
                                greater=METRICS[name].greater) for name, each in alone.items()]  # fmt: skip
        return found
    old, units = ground.intervals(names), min(known.count, own.count)
    margins = {name: margin_of(name, old[name].value, settings.margin if name == names[0] else None) for name in names}
    found.metrics = [compared(name, new[name], old[name], units, margins[name]) for name in names]
    found.needed = rows_needed(new[names[0]], old[names[0]], len(known.predicted), margins[names[0]])
    slices = reference.manifest.monitored.slices if reference.manifest is not None else ()
    rows = (ground.columns.with_columns(), reference.columns_of(sample))
    found.segments = by_slice(names[0], slices, rows, (own, known), settings.margin, seed=1)
    base = in_time(reference.sample, own.rows)[0]
    found.concept = concept.changes(concept.lots(concept.losses_of(own)[base]), losses, loss, moments)
    return found


def _estimates(
    reference: Reference, ground: Ground, sample: pl.DataFrame, answers: Answered, known: Answered,
    names: tuple[str, ...],
) -> dict[str, Any]:  # fmt: skip
    """Fields of Quality, `metrics` and `why` there are none."""
    can, why = ground.estimable
    chosen = [name for name in names if name in can]
    if not why and not chosen:
        why = f"{names[0]} cannot be estimated without labels"
    if ground.task == "classification" and not why and answers.gives != "probabilities":
        why = "the rows hold no probabilities"
    if why:
        return {"metrics": [], "why": why}
    from mfbench.drift.estimates import coverage, estimate

    columns = reference.columns_of(sample)
    metrics = estimate(chosen, ground, columns, answers)
    off: dict[str, float | None] = {}
    if len(known.predicted) >= LEAST:
        at_labels = metrics if len(known.predicted) == len(answers.predicted) else estimate(
            chosen, ground, columns, known)  # fmt: skip
        truth = intervals(chosen, known, seed=1)
        off = {each.name: each.value - truth[each.name].value for each in at_labels if each.value is not None}
    of_classes = ground.task == "classification"
    calibrated = "calibrated on the reference" if of_classes and ground.calibrator is not None else "as they are"
    return {
        "metrics": metrics,
        "why": "",
        "method": f"CBPE, probabilities {calibrated}" if of_classes else "direct loss estimation",
        "assumptions": [UNCHANGED, CALIBRATED if of_classes else LEARNED],
        "inside": inside(ground.columns, columns),
        "coverage": list(held) if (held := coverage(chosen[0], ground, len(answers.predicted))) else None,
        "off": off,
    }


def _conclusion(metrics: Sequence[Metric], name: str, labels: int, why: str, needed: int | None) -> tuple[Matters, str]:
    measured = next((each for each in metrics if each.name == name and each.kind == "measured"), None)
    if measured is not None and measured.value is not None:
        return measured.verdict, _told(measured, labels, needed)
    guess = next((each for each in metrics if each.kind == "estimated"), None)
    if guess is None or guess.value is None:
        return "not visible", _invisible(why)
    few = f"{plural(labels, 'label')}, or the units that they come from, are too few to measure by. " if labels else ""
    told = f"{few}Without labels {guess.name} is estimated at {guess.value:.4g}"
    if guess.low is not None and guess.high is not None:
        told += f" (95 %: {guess.low:.4g} to {guess.high:.4g})"
    told += f"; measured on the reference it was {guess.reference:.4g}." if guess.reference is not None else "."
    if guess.name != name:
        told += f" {name} itself cannot be estimated without labels."
    return "estimate", f"{told} This holds only as long as inputs and labels go together as before."


def _told(found: Metric, labels: int, needed: int | None) -> str:
    told = f"Measured with {plural(labels, 'label')}: {found.name} is {found.value:.4g}"
    if found.reference is None or found.margin is None:
        return f"{told}; the reference holds no labels to compare it with."
    told, within = f"{told}, on the reference {found.reference:.4g}", f"{found.margin:.3g}"
    if found.verdict == "equivalent":
        return f"{told}: equivalent within {within}."
    if found.verdict == "worse":
        return f"{told}: worse by more than {within}."
    if found.verdict == "better":
        return f"{told}: better."
    rows = f" (about {needed:,} labels could show it)" if needed and needed > labels else ""
    rows = rows or (" (the reference is too small to show it)" if needed is None else "")
    return f"{told}: whether that is as good within {within} cannot be told{rows}."


def _invisible(why: str) -> str:
    return f"Not visible without labels: {why}." if why else "Not visible without labels."


def _notes(rows: int, labels: int, waiting: int) -> list[str]:
    notes = [f"the labels of {plural(waiting, 'row')} are not due yet"] if waiting else []
    if 0 < labels < rows - waiting:
        notes.append(f"{labels:,} of {plural(rows, 'row')} have a label: what is measured holds for rows like these")
    return notes
