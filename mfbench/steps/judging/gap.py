"""Gates on the gap between groups: the best one's figure minus the worst one's."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mfbench.core.text import plural
from mfbench.recipe.gates import Gate
from mfbench.stats.predicted import Predicted
from mfbench.stats.resampling import MIN_UNITS, Bootstrap
from mfbench.steps.judging.groups import Groups
from mfbench.steps.judging.verdicts import Evidence, Finding, Segment, Word, measure


def between_groups(gate: Gate, evidence: Evidence, groups: Groups, min_rows: int) -> Finding:
    """The largest minus the smallest value over the groups with enough rows.

    The verdict looks at the gap that was seen. With many small groups, chance alone makes one: its interval says how
    much of it may be that.
    """
    enough = [(value, rows) for value, rows in groups if len(rows) >= min_rows]
    values = {value: measure(gate.metric, evidence.ours.take(rows)) for value, rows in enough}
    known = {value: number for value, number in values.items() if not math.isnan(number)}
    facts: dict[str, Any] = {"name": gate.text, "bound": gate.number, "rows": len(evidence.ours),
                             "units": evidence.bootstrap.units, "method": "point"}  # fmt: skip
    if len(known) < 2:
        note = f"{plural(len(known), 'group')} of {gate.by} with {min_rows} rows and a {gate.metric}: a gap needs two"
        return Finding(verdict="unknown", passed=False, observed=math.nan, note=note, **facts)
    best, worst = max(known, key=known.__getitem__), min(known, key=known.__getitem__)
    observed = known[best] - known[worst]
    passed = gate.passes(observed, gate.number)
    low, high = _gap_interval(gate.metric, evidence, [(value, rows) for value, rows in enough if value in known])
    note = f"{best} {known[best]:.3g}, {worst} {known[worst]:.3g}"
    left_out = len(groups) - len(known)
    note += f"; {plural(left_out, 'group')} with too few rows left out" if left_out else ""
    verdict: Word = "passed" if passed else "refused"
    segments = [
        Segment(value=value, rows=len(rows), units=len(np.unique(evidence.units[rows])),
                verdict=verdict if value in known else "unknown", observed=values.get(value, math.nan))
        for value, rows in groups
    ]  # fmt: skip
    return Finding(
        verdict=verdict, passed=passed, observed=observed, note=note, low=low, high=high, segments=segments, **facts
    )


def _gap_interval(metric: str, evidence: Evidence, groups: Groups) -> tuple[float | None, float | None]:
    """95 % of the resampled gaps. Units that lie in one group only are drawn group by group, others with all theirs."""
    seed = evidence.seed
    homes = [set(evidence.units[rows].tolist()) for _, rows in groups]
    if sum(map(len, homes)) == len(set().union(*homes)):
        draws = [
            Bootstrap(evidence.units[rows], resamples=evidence.resamples, seed=seed + i).values(
                metric, evidence.ours.take(rows)
            )
            for i, (_, rows) in enumerate(groups)
        ]
    else:
        draws = [evidence.bootstrap.values(metric, _only(evidence, rows)) for _, rows in groups]
    gaps = np.max(draws, axis=0) - np.min(draws, axis=0)
    gaps = gaps[np.isfinite(gaps)]
    if min(map(len, homes)) < MIN_UNITS or len(gaps) < 0.9 * evidence.resamples:
        return None, None
    low, high = np.quantile(gaps, [0.025, 0.975])
    return float(low), float(high)


def _only(evidence: Evidence, rows: NDArray[Any]) -> Predicted:
    """The answers with all the weight on these rows."""
    weight = np.zeros(len(evidence.ours))
    weight[rows] = 1.0 if evidence.ours.weight is None else evidence.ours.weight[rows]
    return replace(evidence.ours, weight=weight)
