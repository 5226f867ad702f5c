"""The whole of evaluation.json: metrics with intervals and a dummy beside them, figures, slices, weak segments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from mfbench.core.text import plural
from mfbench.data.forecast import HORIZON
from mfbench.data.units import unit_column
from mfbench.recipe.schema import Data, Evaluate
from mfbench.stats import metrics
from mfbench.stats.predicted import Predicted
from mfbench.stats.resampling import MIN_UNITS, Bootstrap, unit_codes
from mfbench.steps.baseline import baseline
from mfbench.steps.chosen import chosen_features
from mfbench.steps.context import StepContext
from mfbench.steps.decision import decision
from mfbench.steps.figures import CURVES, calibration, confusion, curves, residuals
from mfbench.steps.fitted import Fitted
from mfbench.steps.judging.groups import segment_column
from mfbench.steps.slices import by_horizon, by_slice, measuring, slices_of
from mfbench.steps.weakness import MOST_COLUMNS, telling, weakness


@dataclass(frozen=True)
class Judged:
    """The held-out rows with their answers. `values`: the chosen metrics, in the recipe's order."""

    train: pl.DataFrame
    test: pl.DataFrame
    classes: list[Any]
    fitted: Fitted
    predicted: Predicted
    probabilities: bool
    values: dict[str, float]


def evaluation(ctx: StepContext, it: Judged) -> dict[str, Any]:
    """evaluation.json."""
    asked, split, seed = ctx.typed(Evaluate, "evaluate"), ctx.typed(Data, "data").split, ctx.config["seed"]
    unit, values = unit_column(it.test, split)
    units, names = unit_codes(values), list(it.values)
    boot = Bootstrap(units, resamples=asked.resamples, seed=seed)
    intervals = boot.intervals(names, it.predicted, asked.confidence)
    bounds = {name: (each.low, each.high) for name, each in intervals.items()}
    features = chosen_features(ctx)
    columns = {name: segment_column(it.test, name, features, ("evaluate", "slices")) for name in asked.slices}
    measure = measuring(names, it.predicted, units, asked.confidence, asked.resamples, seed)
    looked_at = telling(it.test, columns, it.fitted.encoder) if asked.segments else {}
    gives = "probabilities" if it.probabilities else "classes" if it.classes else "values"
    binary = it.probabilities and len(it.classes) == 2
    scored = it.classes and it.predicted.scores is not None
    notes = _notes(it, unit, boot.units, bounds)
    if len(looked_at) > MOST_COLUMNS:
        notes.append(f"weak segments were looked for in {MOST_COLUMNS} of {len(looked_at):,} columns")
    return {
        "task": it.fitted.task,
        "classes": it.classes,
        "positive": it.classes[1] if len(it.classes) == 2 else None,
        "rows": it.test.height,
        "unit": unit,
        "units": boot.units,
        "confidence": asked.confidence,
        "resamples": asked.resamples,
        "metrics": _beside(it, bounds),
        "notes": notes,
        "threshold": decision(ctx, it.predicted, it.fitted.threshold) if binary else None,
        "confusion": confusion(it.predicted, it.classes) if it.classes else None,
        "curves": curves(it.predicted, class_names(it.classes)) if scored else {"roc": {}, "pr": {}},
        "calibration": calibration(it.predicted, asked.confidence) if it.probabilities or not it.classes else [],
        "residuals": None if it.classes else residuals(it.predicted, seed),
        "slices": {name: by_slice(slices_of(column), measure) for name, column in columns.items()},
        "weak": weakness(looked_at, it.predicted, units, gives=gives, seed=seed, confidence=asked.confidence)
        if asked.segments else None,
        "horizons": by_horizon(it.test[HORIZON], measure) if HORIZON in it.test.columns else [],
    }  # fmt: skip


def class_names(classes: Sequence[Any]) -> list[str]:
    """The classes as text, as they stand in a file of predictions."""
    return [str(name) for name in pl.Series(classes).cast(pl.String)] if classes else []


def _beside(it: Judged, bounds: dict[str, tuple[float | None, float | None]]) -> dict[str, dict[str, Any]]:
    dummy = baseline(it.train, it.test, it.predicted, len(it.classes), it.fitted.threshold)
    theirs = compute(list(it.values), dummy)
    return {
        name: {
            "value": value,
            "low": bounds[name][0] if math.isfinite(value) else None,
            "high": bounds[name][1] if math.isfinite(value) else None,
            "greater": metrics.greater_is_better(name),
            "baseline": theirs[name] if math.isfinite(theirs[name]) else None,
        }
        for name, value in it.values.items()
    }


def compute(names: Sequence[str], predicted: Predicted) -> dict[str, float]:
    """The metrics of these answers; nan where one has no value."""
    p = predicted
    return metrics.compute(names, p.target, p.values, p.scores, p.weight, low=p.low, high=p.high, scale=p.scale)


def _notes(it: Judged, unit: str, units: int, bounds: dict[str, tuple[float | None, float | None]]) -> list[str]:
    notes = []
    values = it.predicted.values if it.predicted.scores is None else it.predicted.scores[:, -1]
    if (values == values[0]).all():
        notes.append("every held-out row gets the same prediction: the model tells no rows apart")
    if it.classes and (it.predicted.target == it.predicted.target[0]).all():
        only = class_names(it.classes)[int(it.predicted.target[0])]
        notes.append(f"the held-out rows have only one class, {only}: metrics that compare classes say nothing")
    undefined = [name for name, value in it.values.items() if not math.isfinite(value)]
    if undefined:
        notes.append(f"no value on these rows: {', '.join(undefined)}")
    if units < MIN_UNITS:
        notes.append(f"no intervals: {plural(units, unit)} held out, and at least {MIN_UNITS} are needed")
    else:
        loose = [name for name in bounds if bounds[name][0] is None and name not in undefined]
        if loose:
            notes.append(f"no interval, as the resamples lack a value or are all alike: {', '.join(loose)}")
    if len(it.classes) > CURVES and it.predicted.scores is not None:
        notes.append(f"curves of the {CURVES} most frequent of {len(it.classes)} classes")
    return notes
